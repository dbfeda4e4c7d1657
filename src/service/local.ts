import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { demoFiles } from '../local/forge/seed.ts';
import { type LocalForge, startLocalForge } from '../local/forge/start.ts';
import { startForgePage } from '../local/forge-page.ts';
import { Sides } from '../local/sides.ts';
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
export const localOptions = z.object({
  slack: side,
  forge: side,
  /** The forge's page, where Slack is somebody's own. */
  page: side,
  sides: Sides,
  /** What the local forge has to have. */
  repositories: z.array(z.string()),
});
export type LocalOptions = z.output<typeof localOptions>;

const prefill = (command: string) => `${command} agent:shell Say hello in the README
\`\`\`sh
echo 'Hello from Errand.' >> README.md
\`\`\``;

/**
 * The local workspace: a small Slack with its page, a small forge, or whichever of the two is not given from outside; a forge alone has
 * a page of its own.
 */
export async function runLocal(
  options: LocalOptions,
  { localDir }: Places,
  command: string,
  { signal, log, ready }: ProcessScope,
): Promise<void> {
  const { botToken, appToken, signingSecret, forgeToken } = localTokens(localDir);
  const { sides } = options;
  const pagePort = options.slack?.port ?? options.page?.port;
  await using forge =
    options.forge === null
      ? null
      : await startLocalForge({
          port: options.forge.port,
          dataDir: join(localDir, 'forge'),
          token: forgeToken,
          log: (error) => log.warn({ err: error }, 'The local forge met an error'),
          ...(pagePort === undefined ? {} : { pageUrl: `http://127.0.0.1:${pagePort}` }),
        });
  if (forge !== null) await addMissing(forge, options.repositories);
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
          sides,
          ...(forge === null ? {} : { forgeUrl: forge.url }),
        });
  await using _page =
    options.page === null || forge === null
      ? null
      : await startForgePage({ port: options.page.port, forgeUrl: forge.url, sides });
  ready();
  await aborted(signal);
}

/** What the configuration names is there to try things on: a small repository each, made once. */
async function addMissing(forge: LocalForge, repositories: readonly string[]): Promise<void> {
  const known = (await forge.control.viewState()).repositories.map(({ name }) => name.toLowerCase());
  for (const repository of repositories.filter((name) => !known.includes(name.toLowerCase()))) {
    await forge.control.createRepository({ repository, files: demoFiles });
  }
}
