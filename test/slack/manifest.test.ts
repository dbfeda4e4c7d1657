import { readFile } from 'node:fs/promises';
import { Ajv } from 'ajv';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';

const read = (path: string) => readFile(new URL(`../../${path}`, import.meta.url), 'utf8');

const manifest = z
  .object({
    features: z.object({
      slash_commands: z.array(z.object({ command: z.string(), should_escape: z.boolean() })),
    }),
    oauth_config: z.object({ scopes: z.object({ bot: z.array(z.string()), bot_optional: z.array(z.string()) }) }),
    settings: z.object({ event_subscriptions: z.object({ bot_events: z.array(z.string()) }) }),
  })
  .parse(parse(await read('manifest.yml')));
const { bot, bot_optional: optional } = manifest.oauth_config.scopes;

/** What Slack asks for each event and method that Errand uses. */
const eventScopes: Record<string, string> = {
  app_mention: 'app_mentions:read',
  'message.channels': 'channels:history',
  'message.groups': 'groups:history',
  'message.im': 'im:history',
  reaction_added: 'reactions:read',
  reaction_removed: 'reactions:read',
};
const methodScopes: Record<string, string> = {
  'chat.postMessage': 'chat:write',
  'chat.update': 'chat:write',
  'chat.postEphemeral': 'chat:write',
  'reactions.add': 'reactions:write',
  'reactions.remove': 'reactions:write',
  'conversations.join': 'channels:join',
  'conversations.history': 'channels:history',
  'conversations.replies': 'channels:history',
  'users.info': 'users:read',
  'conversations.info': 'channels:read',
  'conversations.info of a private channel': 'groups:read',
  'usergroups.users.list': 'usergroups:read',
};

describe('manifest.yml', () => {
  test('is what Slack takes as a manifest', async () => {
    const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
    const validate = ajv.compile(JSON.parse(await read('test/slack-manifest.schema.json')));
    validate(parse(await read('manifest.yml')));
    expect(validate.errors ?? []).toEqual([]);
  });

  test.each(manifest.settings.event_subscriptions.bot_events)('has the scope for the event %s', (event) => {
    expect(bot).toContain(eventScopes[event] ?? `unknown event ${event}`);
  });

  test('asks for no scope that nothing needs, and lacks none', () => {
    const needed = new Set([...Object.values(eventScopes), ...Object.values(methodScopes), 'commands']);
    expect(new Set(bot)).toEqual(needed);
    expect(optional.every((scope) => bot.includes(scope))).toBe(true);
  });

  test('escapes what people type, as the decoder expects', () => {
    expect(manifest.features.slash_commands).toEqual([
      expect.objectContaining({ command: '/agent', should_escape: true }),
    ]);
  });
});
