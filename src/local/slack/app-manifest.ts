import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import type { Shortcut } from './shortcuts.ts';

/** What of the app's manifest shows in Slack: the local workspace installs the app from the same file as everybody else. */
export interface AppManifest {
  readonly command: string;
  readonly commandDescription: string;
  readonly usageHint: string;
  readonly shortcuts: readonly Shortcut[];
  readonly scopes: readonly string[];
  /** The event types that the app subscribes to; nothing else is sent. */
  readonly events: readonly string[];
  /** Whether the app is an agent: only those have agent sessions. */
  readonly agentSessions: boolean;
}

const manifest = z.object({
  features: z.object({
    agent_view: z.looseObject({}).optional(),
    shortcuts: z
      .array(
        z.object({
          name: z.string(),
          type: z.enum(['global', 'message']),
          callback_id: z.string(),
          description: z.string().default(''),
        }),
      )
      .default([]),
    slash_commands: z
      .array(z.object({ command: z.string(), description: z.string(), usage_hint: z.string().default('') }))
      .length(1),
  }),
  oauth_config: z.object({ scopes: z.object({ bot: z.array(z.string()) }) }),
  settings: z.object({ event_subscriptions: z.object({ bot_events: z.array(z.string()) }) }),
});

const ours = resolve(import.meta.dirname, '../../../manifest.yml');

/** Reads the manifest with the command that this installation has given it. Throws where the file is none. */
export function readAppManifest(command: string, file = ours): AppManifest {
  const { features, oauth_config, settings } = manifest.parse(parse(readFileSync(file, 'utf8')));
  const [slash] = features.slash_commands;
  return {
    command,
    commandDescription: slash?.description ?? '',
    usageHint: slash?.usage_hint ?? '',
    shortcuts: features.shortcuts.map(({ callback_id, ...rest }) => ({ ...rest, callbackId: callback_id })),
    scopes: oauth_config.scopes.bot,
    events: settings.event_subscriptions.bot_events,
    agentSessions: features.agent_view !== undefined,
  };
}
