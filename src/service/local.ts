import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { startLocalForge } from '../local/forge/start.ts';
import { readAppManifest } from '../local/slack/app-manifest.ts';
import { startLocalSlack } from '../local/slack/server.ts';
import type { Places } from '../setup/places.ts';
import { aborted, type ProcessScope } from './process.ts';

const tokens = z.object({
  botToken: z.string(),
  appToken: z.string(),
  signingSecret: z.string(),
  forgeToken: z.string(),
});

export type LocalTokens = z.output<typeof tokens>;

/** The tokens of the local workspace: made once, so that a restart keeps the door that the others know. */
export function localTokens(localDir: string): LocalTokens {
  mkdirSync(localDir, { recursive: true, mode: 0o700 });
  const file = join(localDir, 'tokens.json');
  if (!existsSync(file)) {
    const make = () => randomBytes(24).toString('base64url');
    const made = { botToken: make(), appToken: make(), signingSecret: make(), forgeToken: make() };
    writeFileSync(file, JSON.stringify(made), { mode: 0o600 });
  }
  return tokens.parse(JSON.parse(readFileSync(file, 'utf8')));
}

const side = z.object({ port: z.number() }).nullable();
export const localOptions = z.object({ slack: side, forge: side });
export type LocalOptions = z.output<typeof localOptions>;

const prefill = (command: string) => `${command} agent:shell Say hello in the README
\`\`\`sh
echo 'Hello from Errand.' >> README.md
\`\`\``;

/** The local workspace: a small Slack with its page, a small forge, or whichever of the two is not given from outside. */
export async function runLocal(
  options: LocalOptions,
  { localDir }: Places,
  command: string,
  { signal, log, ready }: ProcessScope,
): Promise<void> {
  const { botToken, appToken, signingSecret, forgeToken } = localTokens(localDir);
  const pageUrl = options.slack === null ? undefined : `http://127.0.0.1:${options.slack.port}`;
  await using forge =
    options.forge === null
      ? null
      : await startLocalForge({
          port: options.forge.port,
          dataDir: join(localDir, 'forge'),
          token: forgeToken,
          log: (error) => log.warn({ err: error }, 'The local forge met an error'),
          ...(pageUrl === undefined ? {} : { pageUrl }),
        });
  await using _slack =
    options.slack === null
      ? null
      : await startLocalSlack({
          port: options.slack.port,
          dataFile: join(localDir, 'slack.json'),
          botToken,
          appToken,
          signingSecret,
          ...readAppManifest(command),
          prefill: prefill(command),
          deliver: { type: 'socket' },
          ...(forge === null ? {} : { forgeUrl: forge.url }),
        });
  ready();
  await aborted(signal);
}
