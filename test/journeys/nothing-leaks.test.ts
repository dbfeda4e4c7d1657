import { generateKeyPairSync } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import Dockerode from 'dockerode';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { seed } from '../../src/local/slack/workspace.ts';
import { places } from '../../src/setup/places.ts';
import { dumpRedis } from '../attacks/observers/stored.ts';
import { callTool, editFile, say } from '../fakes/model-server.ts';
import { hardening, pathValue } from '../sandbox/hardening.ts';
import { type ErrandUnderTest, secrets, startErrand } from '../support/errand.ts';

const repository = 'acme/nothing-leaks';
const setUp = `
setup:
  secrets: [TOKEN]
  run: test -n "$TOKEN" && echo "$TOKEN" && mkdir ~/installed
`;
let errand: ErrandUnderTest;
/** A line of each key that is made anew for every test. */
let keys: Readonly<Record<string, string>>;

beforeAll(async () => {
  const { privateKey } = generateKeyPairSync('ed25519', {
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  errand = await startErrand({
    mode: 'socket',
    repositories: [repository],
    github: 'app',
    env: {
      ERRAND_SIGNING_KEY: privateKey,
      ERRAND_COMMITTER: 'Errand <errand@example.com>',
      ERRAND_POLL_SECONDS: '3600',
    },
    // What the table of settings expects.
    yaml: [
      'limits: { memory: 1GiB, cpus: 1.5, pids: 256 }',
      `repositories: { ${repository}: { setup: { secrets: { TOKEN: SETUP_TOKEN } } } }`,
      "mcp: { house: { url: '{mcp-server}', keyVariable: MCP_KEY, authHeader: x-house-key } }",
    ].join('\n'),
  });
  keys = { APP_KEY: bodyOf(errand.app?.privateKey ?? ''), SIGNING_KEY: bodyOf(privateKey) };
  await errand.forge.control.createRepository({
    repository,
    files: { 'README.md': '# Quiet\n', '.errand.yml': setUp },
  });
});
afterAll(async () => {
  await errand?.[Symbol.asyncDispose]();
});

test('a running task’s container has every setting of the table and no secret, and the whole journey leaves none anywhere', async () => {
  const { slack, model, mcp, forge, dataDir } = errand;
  const released = Promise.withResolvers<void>();
  model.script([
    callTool('ToolSearch', { query: 'select:mcp__house__look_up', max_results: 5 }),
    callTool('mcp__house__look_up', { word: 'errand' }),
    () => released.promise.then(() => editFile('README.md', '# Quiet\nas a mouse\n')),
    say(`Done. By the way: ${secrets.ANTHROPIC_API_KEY.length} characters.`),
  ]);
  const command = {
    user: seed.ada,
    channel: seed.dev,
    command: '/agent',
    text: `repo:${repository} agent:claude be quiet`,
  };
  await slack.people.command(command);
  await model.called(3);

  const docker = new Dockerode();
  const { instance } = places({ ERRAND_DATA_DIR: dataDir });
  const [running] = await docker.listContainers({ filters: { label: [`errand.instance=${instance}`] } });
  const container = docker.getContainer(running?.Id ?? '');
  const inspected = await container.inspect();
  for (const { item, field, value } of hardening) {
    // Docker drops what is empty.
    const empty = JSON.stringify(value) === '[]' || JSON.stringify(value) === '{}';
    // Which user it is depends on who came before.
    const found = field === 'Config.User' ? value : pathValue(inspected, field);
    expect([item, field, empty ? (found ?? value) : found]).toEqual([item, field, value]);
  }
  expect(inspected.Config.User).toMatch(/^(2\d{4}):\1$/);
  expect(leaksIn(JSON.stringify(inspected))).toEqual([]);
  expect(leaksIn(await everythingInside(container))).toEqual([]);

  released.resolve();
  await errand.until('the gate', () => slack.store.workspace.messages.some(({ text }) => text.includes('To merge')));
  // Nobody asks GitHub within this hour: its webhook says where to look.
  await forge.control.mergePull(repository, 1);
  await errand.until('the merge', () => slack.store.workspace.messages.some(({ text }) => text.includes('went into')));
  await errand.quiet();

  expect(model.requests.some(({ headers }) => headers['x-api-key'] === secrets.ANTHROPIC_API_KEY)).toBe(true);
  // The server tells its own key in a log line beside each answer: what the agent heard of it, the model would hear too.
  expect(mcp.called).toEqual([{ name: 'look_up', args: { word: 'errand' } }]);
  expect(leaksIn(model.requests.map(({ text }) => text).join())).toEqual([]);
  expect(leaksIn(await dumpRedis(places({ ERRAND_DATA_DIR: dataDir }).redisSocket))).toEqual([]);
  expect(leaksIn(await errand.log())).toEqual([]);
  expect(leaksIn(JSON.stringify([slack.store.workspace, slack.store.ephemerals]))).toEqual([]);
  expect(leaksIn(JSON.stringify([await forge.control.viewPull(repository, 1), forge.control.ledger()]))).toEqual([]);
  expect(leaksIn(await filesBelow(dataDir, ['forge', 'errand.log', 'redis', 'app.pem']))).toEqual([]);
});

/** The names of all secrets in a text, tokens among them that the app made meanwhile. */
function leaksIn(text: string): string[] {
  const named = Object.entries({ ...secrets, ...keys });
  const tokens = /local_[\w-]{32}/.test(text) ? ['a token of the app'] : [];
  return [...named.flatMap(([name, secret]) => (text.includes(secret) ? [name] : [])), ...tokens];
}

function bodyOf(pem: string): string {
  const [, line = ''] = pem.split('\n');
  if (line.length < 40) throw new Error('no key');
  return line.trim();
}

/** The environment of every process and every file that an agent could read, as root sees them. */
async function everythingInside(container: Dockerode.Container): Promise<string> {
  const script =
    'cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline; grep -rhaE "canary" /workspace /tmp /run /home /root /opt /etc 2>/dev/null; true';
  const exec = await container.exec({ Cmd: ['sh', '-c', script], User: '0', AttachStdout: true, Tty: true });
  const stream = await exec.start({});
  let text = '';
  for await (const chunk of stream) text += String(chunk);
  expect(text).toContain('ERRAND_RUN');
  return text;
}

async function filesBelow(dir: string, except: readonly string[]): Promise<string> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  const files = entries.filter(
    (entry) => entry.isFile() && !except.some((name) => join(entry.parentPath, entry.name).startsWith(join(dir, name))),
  );
  const small = await Promise.all(
    files.map(({ parentPath, name }) => readFile(join(parentPath, name), 'latin1').catch(() => '')),
  );
  return small.join('\n');
}
