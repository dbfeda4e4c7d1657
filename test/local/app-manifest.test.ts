import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readAppManifest } from '../../src/local/slack/app-manifest.ts';

test('the local workspace has the command, by the name that it was given, and the scopes of the manifest', () => {
  expect(readAppManifest('/build')).toMatchObject({
    command: '/build',
    usageHint: expect.stringContaining('what to do'),
    scopes: expect.arrayContaining(['commands', 'chat:write']),
    events: expect.arrayContaining(['app_mention', 'message.im']),
  });
});

test('shortcuts and agent sessions are there where the manifest has them', async () => {
  const file = join(await mkdtemp(join(tmpdir(), 'manifest-')), 'manifest.yml');
  const shortcuts = [{ name: 'New task', type: 'global', callback_id: 'task_new', description: 'Opens a form' }];
  const slash_commands = [{ command: '/agent', description: 'x' }];
  const manifest = {
    features: { agent_view: { agent_description: 'x' }, shortcuts, slash_commands },
    oauth_config: { scopes: { bot: [] } },
    settings: { event_subscriptions: { bot_events: [] } },
  };
  await writeFile(file, JSON.stringify(manifest));
  expect(readAppManifest('/agent', file)).toMatchObject({
    agentSessions: true,
    shortcuts: [{ name: 'New task', type: 'global', callbackId: 'task_new', description: 'Opens a form' }],
  });
});
