import { readFile } from 'node:fs/promises';
import { Ajv } from 'ajv';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { toClassicManifest } from './classic-manifest.ts';

const read = (path: string) => readFile(new URL(`../../${path}`, import.meta.url), 'utf8');

const schema = z.object({
  features: z.object({
    slash_commands: z.array(z.object({ command: z.string(), should_escape: z.boolean() })),
    agent_view: z.unknown().optional(),
  }),
  oauth_config: z.object({ scopes: z.object({ bot: z.array(z.string()), bot_optional: z.array(z.string()) }) }),
  settings: z.object({ event_subscriptions: z.object({ bot_events: z.array(z.string()) }) }),
});
const readManifest = async (file: string) => schema.parse(parse(await read(file)));
const agent = await readManifest('manifest.yml');
const classic = await readManifest('manifest.classic.yml');
const files = { 'manifest.yml': agent, 'manifest.classic.yml': classic };

/** What Slack asks for each event and method that Errand uses. */
const eventScopes: Record<string, string> = {
  agent_session_stopped: 'chat:write',
  app_mention: 'app_mentions:read',
  'message.channels': 'channels:history',
  'message.groups': 'groups:history',
  'message.im': 'im:history',
  reaction_added: 'reactions:read',
  reaction_removed: 'reactions:read',
};
const methodScopes: Record<string, string> = {
  'agents.sessions.setStatus': 'chat:write',
  'assistant.threads.setStatus': 'chat:write',
  'chat.postMessage': 'chat:write',
  'chat.update': 'chat:write',
  'chat.postEphemeral': 'chat:write',
  'reactions.add': 'reactions:write',
  'reactions.remove': 'reactions:write',
  'conversations.join': 'channels:join',
  'conversations.open': 'im:write',
  'conversations.history': 'channels:history',
  'conversations.replies': 'channels:history',
  'users.info': 'users:read',
  'conversations.info': 'channels:read',
  'conversations.info of a private channel': 'groups:read',
  'files.info': 'files:read',
  'usergroups.users.list': 'usergroups:read',
};
/** What a feature asks for by itself. */
const featureScopes = { slash_commands: 'commands', agent_view: 'assistant:write' };

describe.each(Object.entries(files))('%s', (file, manifest) => {
  const { bot, bot_optional: optional } = manifest.oauth_config.scopes;

  test('is what Slack takes as a manifest', async () => {
    const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
    const validate = ajv.compile(JSON.parse(await read('test/slack-manifest.schema.json')));
    validate(parse(await read(file)));
    expect(validate.errors ?? []).toEqual([]);
  });

  test.each(manifest.settings.event_subscriptions.bot_events)('has the scope for the event %s', (event) => {
    expect(bot).toContain(eventScopes[event] ?? `unknown event ${event}`);
  });

  test('asks for no scope that nothing needs, and lacks none', () => {
    const { agent_view, slash_commands } = featureScopes;
    const features = manifest.features.agent_view === undefined ? [slash_commands] : [slash_commands, agent_view];
    expect(new Set(bot)).toEqual(new Set([...Object.values(eventScopes), ...Object.values(methodScopes), ...features]));
    expect(optional.every((scope) => bot.includes(scope))).toBe(true);
  });

  test('escapes what people type, as the decoder expects', () => {
    expect(manifest.features.slash_commands).toEqual([
      expect.objectContaining({ command: '/agent', should_escape: true }),
    ]);
  });
});

describe('the classic manifest', () => {
  test('is written from the other', async () => {
    const written = toClassicManifest(await read('manifest.yml'));
    await expect(written).toMatchFileSnapshot('../../manifest.classic.yml');
  });

  test('lacks the agent view, its scope and its event, and nothing else', () => {
    expect({ ...classic.features, agent_view: agent.features.agent_view }).toEqual(agent.features);
    expect(classic.features).not.toHaveProperty('agent_view');
    const missing = (from: readonly string[], what: readonly string[]) => from.filter((each) => !what.includes(each));
    expect(missing(agent.oauth_config.scopes.bot, classic.oauth_config.scopes.bot)).toEqual(['assistant:write']);
    expect(
      missing(agent.settings.event_subscriptions.bot_events, classic.settings.event_subscriptions.bot_events),
    ).toEqual(['agent_session_stopped']);
  });
});
