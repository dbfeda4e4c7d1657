import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, type ExpectStatic, test } from 'vitest';
import { stringify } from 'yaml';
import { seed } from '../../src/local/slack/workspace.ts';
import { type ErrandUnderTest, startErrand } from '../support/errand.ts';
import { makeTwin } from '../support/twin.ts';
import { play, readJourney, repositoriesOf } from './journey.ts';

/** Each folder: what people do in `journey.yml`; what they then see in `thread.txt` and `forge.txt`, to be reviewed as text. */
const all = readdirSync(import.meta.dirname, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => ({ name, journey: readJourney(join(import.meta.dirname, name, 'journey.yml')) }));
const plain = all.filter(({ journey }) => journey.command === '/agent' && Object.keys(journey.config).length === 0);
/** What comes and goes differently over HTTP: events and commands, and the answers to forms. */
const overHttp = ['script-to-merge', 'form-refused-in-its-fields'];

/** One account that is linked; agents of the operator's own, each a command that speaks ACP and its provider; one of the two leads nowhere. */
const twin = `errand-test-twin:${process.pid}`;

const configured = `
groups:
  twins: [acme/two-repositories-one-unchanged, acme/two-repositories-one-unchanged-web]
people:
  U0MAXVOGEL: { github: Max-Vogel }
agents:
  house:
    command: [claude-agent-acp]
    provider: anthropic
    mode: bypassPermissions
    env: { ANTHROPIC_BASE_URL: '\${BASE_URL}', ANTHROPIC_API_KEY: '\${KEY}', IS_SANDBOX: '1', CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1' }
  lost:
    command: [claude-agent-acp]
    provider: nowhere
    mode: bypassPermissions
    env: { ANTHROPIC_BASE_URL: '\${BASE_URL}', ANTHROPIC_API_KEY: '\${KEY}', IS_SANDBOX: '1', CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1' }
providers:
  nowhere: { kind: anthropic, baseUrl: 'http://127.0.0.1:9', keyVariable: ANTHROPIC_API_KEY }
  deployments:
    kind: openai
    baseUrl: '{model-server}'
    apis: [chat]
    paths: { chat: '/openai/deployments/{model}/chat/completions', models: none }
    query: { api-version: '2026-10-01' }
    authHeader: api-key
    keyVariable: HOUSE_KEY
    model: house-model
    prices: { house-model: { input: 1, output: 4 } }
repositories:
  acme/named-provider: { agent: qwen, provider: deployments }
  acme/model-by-repository: { agent: claude, model: claude-opus-5 }
  acme/ci-held: { ci: hold }
  acme/set-up-before-the-agent: { setup: { secrets: { NPM_TOKEN: SETUP_TOKEN } } }
  acme/set-up-fails: { setup: { secrets: { NPM_TOKEN: SETUP_TOKEN } } }
  acme/set-up-leaves-its-secret: { setup: { secrets: { NPM_TOKEN: SETUP_TOKEN } } }
channels:
  ${seed.random}: { model: claude-haiku-4-5, agent: claude }
mcp:
  house: { url: '{mcp-server}', keyVariable: MCP_KEY, authHeader: x-house-key, tools: [look_up], repositories: [acme/tools-of-the-house] }
environments:
  twin: ${twin}
`;

beforeAll(async () => {
  const image = await makeTwin(twin);
  return () => image[Symbol.asyncDispose]();
});

/** Most of a journey is waiting for others, so two are played at once, each against an Errand of its own. */
const stages = 2;

describe.each([
  ['in socket mode', 'socket', 'token'],
  ['in http mode', 'http', 'token'],
  ['with a key to sign with', 'socket', 'signing'],
  ['as an app on an Enterprise Server', 'socket', 'app'],
] as const)('%s', (_how, mode, as) => {
  const names = plain.filter(({ journey }) => journey.as === as).map(({ name }) => name);
  const played = mode === 'socket' ? names : names.filter((name) => overHttp.includes(name));
  const free: ErrandUnderTest[] = [];
  beforeAll(async () => {
    const repositories = all.flatMap(({ name, journey }) => repositoriesOf(name, journey));
    // The short way round goes through a classic app.
    const manifest = mode === 'socket' ? 'manifest.yml' : 'manifest.classic.yml';
    const options = { mode, github: as, repositories, yaml: configured, manifest } as const;
    const count = Math.min(stages, played.length);
    free.push(...(await Promise.all(Array.from({ length: count }, () => startErrand(options)))));
  });
  afterAll(async () => {
    await Promise.all(free.map((errand) => errand[Symbol.asyncDispose]()));
  });

  test.concurrent.for(played)('%s', async (name, { expect }) => {
    const errand = free.pop();
    if (errand === undefined) throw new Error(`More than ${stages} journeys at once: see maxConcurrency`);
    try {
      await compare(errand, name, expect);
      // What this workspace lacks is told once, however many tasks it has.
      const refusals = (await errand.log()).split('Slack has no agents.sessions.setStatus here').length - 1;
      expect(refusals).toBeLessThanOrEqual(mode === 'http' ? 1 : 0);
    } finally {
      free.push(errand);
    }
  });
});

describe('with a configuration of its own', () => {
  test.for(all.filter((each) => !plain.includes(each)))('$name', async ({ name, journey }, { expect }) => {
    const env = { ERRAND_COMMAND: journey.command };
    const repositories = repositoriesOf(name, journey);
    await using errand = await startErrand({ mode: 'socket', repositories, env, yaml: stringify(journey.config) });
    await compare(errand, name, expect);
  });
});

async function compare(errand: ErrandUnderTest, name: string, expect: ExpectStatic): Promise<void> {
  const folder = join(import.meta.dirname, name);
  const seen = await play(errand, name, readJourney(join(folder, 'journey.yml')));
  await expect(seen.thread).toMatchFileSnapshot(join(folder, 'thread.txt'));
  await expect(seen.forge).toMatchFileSnapshot(join(folder, 'forge.txt'));
}
