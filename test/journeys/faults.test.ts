import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { seed } from '../../src/local/slack/workspace.ts';
import { places } from '../../src/setup/places.ts';
import { type ErrandUnderTest, startErrand } from '../support/errand.ts';
import { UnixProxy } from '../support/unix-proxy.ts';

const names = [
  'worker-killed',
  'set-up',
  'bot-killed',
  'doubled',
  'redis-frozen',
  'docker-down',
  'eight',
  'long',
  'slow',
  'limited',
  'pair',
  'pair-web',
];
/** Goes on once it is told to. */
const setUp = 'setup: echo done >> ~/times; touch ~/begun; while [ ! -e ~/go ]; do sleep 0.1; done\n';
let errand: ErrandUnderTest;
let docker: UnixProxy;

beforeAll(async () => {
  const dir = await mkdtemp(join(tmpdir(), 'errand-docker-'));
  docker = new UnixProxy(join(dir, 'docker.sock'), '/var/run/docker.sock');
  await docker.up();
  errand = await startErrand({
    mode: 'socket',
    repositories: names.map((name) => `acme/${name}`),
    env: { DOCKER_HOST: `unix://${join(dir, 'docker.sock')}`, ERRAND_CONCURRENCY: '8' },
    yaml: 'limits:\n  runMinutes: 1\n  memory: 512MiB\n',
  });
  for (const name of names) {
    const files = { 'README.md': '# Faults\n', ...(name === 'set-up' ? { '.errand.yml': setUp } : {}) };
    await errand.forge.control.createRepository({ repository: `acme/${name}`, files });
  }
  // Its minute passes while everything else goes wrong around it.
  await ask('slow', 'echo early > early.txt; sleep 600');
});
afterAll(async () => {
  await errand?.[Symbol.asyncDispose]();
  await docker?.[Symbol.asyncDispose]();
});

describe('once acknowledged, a request has exactly one told outcome', () => {
  test('when the worker is killed while the agent works: the next one adopts the container and loses nothing', async () => {
    await ask('worker-killed', 'for i in 1 2 3 4 5 6 7 8; do echo $i >> count.txt; sleep 1; done');
    await says('Run the script');
    process.kill(childPid('worker'), 'SIGKILL');
    await says('To merge');
    await expectOneOutcome('worker-killed');
    expect(await diffOf('worker-killed')).toContain('+8');
    expect(await diffOf('worker-killed')).not.toMatch(/\+1\n(?:.*\n)*\+1\n/);
  });

  test('when the worker is killed during a set-up: the next one waits for the same, which is done once', async () => {
    await ask('set-up', 'cp ~/times times.txt');
    await says('Setting up', 'set-up');
    const { workspacesDir } = places({ ERRAND_DATA_DIR: errand.dataDir });
    const task = (await errand.tasks.recent(100)).find(({ parts }) => parts[0].repository === 'acme/set-up');
    const home = join(workspacesDir, task?.id ?? '', 'mount/home');
    await vi.waitFor(() => expect(existsSync(join(home, 'begun'))).toBe(true), { timeout: 60_000, interval: 50 });
    process.kill(childPid('worker'), 'SIGKILL');
    await writeFile(join(home, 'go'), '');
    await says('To merge', 'set-up');
    await expectOneOutcome('set-up');
    expect((await diffOf('set-up')).match(/^\+done$/gm)).toHaveLength(1);
  });

  test('when the worker is killed between the pushes to two repositories: nothing is lost or made twice', async () => {
    const route = 'POST /acme/pair-web.git/git-receive-pack';
    errand.forge.control.fault({ route, kind: 'hang', times: 1 });
    await ask('pair,acme/pair-web', 'for each in */; do echo one > $each/one.txt; done');
    await vi.waitFor(() => expect(errand.forge.control.requests()).toContain(route), { timeout: 60_000, interval: 50 });
    process.kill(childPid('worker'), 'SIGKILL');
    const gates = () => said('pair').filter(({ text }) => text.includes('To merge'));
    await errand.until('two gates', () => gates().length === 2, 60_000);
    await errand.quiet();
    expect(said('pair').filter(({ thread_ts }) => thread_ts === undefined)).toHaveLength(1);
    const { repositories } = await errand.forge.control.viewState();
    const pair = repositories.filter(({ name }) => name.startsWith('acme/pair'));
    expect(pair.map(({ pulls, branches }) => [pulls.length, branches.length])).toEqual([
      [1, 2],
      [1, 2],
    ]);
    expect(new Set(gates().map(({ text }) => /acme\/[a-z-]+#1/.exec(text)?.[0]))).toEqual(
      new Set(['acme/pair#1', 'acme/pair-web#1']),
    );
  });

  test('when the bot is killed right after the acknowledgement', async () => {
    await ask('bot-killed', 'echo one > one.txt');
    process.kill(childPid('bot'), 'SIGKILL');
    await says('To merge', 'bot-killed');
    await expectOneOutcome('bot-killed');
  });

  test('when Slack delivers everything twice', async () => {
    for (const kind of ['slash_commands', 'events_api', 'interactive'] as const) {
      errand.slack.faults.add({ on: 'delivery', kind, times: 3, effect: { type: 'twice' } });
    }
    await ask('doubled', 'echo one > one.txt');
    await says('To merge', 'doubled');
    const gate = said('doubled').find(({ text }) => text.includes('To merge'));
    const order = { user: seed.grace, channel: seed.dev, ts: gate?.ts ?? '', name: 'white_check_mark', present: true };
    errand.slack.people.reaction(order);
    await says('went into main', 'doubled');
    errand.slack.faults.clear();
    await expectOneOutcome('doubled');
    const merges = errand.forge.control
      .ledger()
      .filter((entry) => JSON.stringify(entry).includes('doubled/pulls/1/merge'));
    expect(merges.length).toBeLessThanOrEqual(1);
  });

  test('when Docker is down at first: the task waits, says why, and runs when it is back', async () => {
    await docker.down();
    await ask('docker-down', 'echo one > one.txt');
    await says('Docker', 'docker-down');
    await docker.up();
    await says('To merge', 'docker-down');
    await expectOneOutcome('docker-down');
  });

  test('when GitHub limits the rate: the task waits for the time it was told', async () => {
    const fault = {
      route: 'POST /repos/acme/limited/pulls',
      kind: 'secondary_rate_limit',
      retryAfterSeconds: 2,
    } as const;
    errand.forge.control.fault({ ...fault, times: 1 });
    await ask('limited', 'echo one > one.txt');
    await says('To merge', 'limited');
    await expectOneOutcome('limited');
  });

  test('when eight come at once for one repository', async () => {
    await Promise.all(Array.from({ length: 8 }, (_, index) => ask('eight', `echo ${index} > file-${index}.txt`)));
    await errand.until(
      'eight gates',
      () => said('eight').filter(({ text }) => text.includes('To merge')).length === 8,
      120_000,
    );
    const state = await errand.forge.control.viewState();
    const eight = state.repositories.find(({ name }) => name === 'acme/eight');
    expect(eight?.pulls.length).toBe(8);
    expect(eight?.branches.length).toBe(9);
  });
});

test('with the store away, the person is told at once and gets the words back', async () => {
  const pid = Number(
    readFileSync(places({ ERRAND_DATA_DIR: errand.dataDir }).redisPidFile, 'utf8')
      .trim()
      .split(/\s+/)[0],
  );
  process.kill(pid, 'SIGSTOP');
  try {
    await ask('redis-frozen', 'echo precious words');
    await errand.until('the words back', () =>
      errand.slack.store.ephemerals.some(({ text }) => text.includes('precious words')),
    );
    const [told] = errand.slack.store.ephemerals.filter(({ text }) => text.includes('precious words'));
    expect(told?.text).toMatch(/store|Redis/);
  } finally {
    process.kill(pid, 'SIGCONT');
  }
});

test('a request of 40,000 characters is taken whole', async () => {
  await ask('long', `echo one > one.txt\n: ${'x'.repeat(39_800)}`);
  await says('To merge', 'long');
  await expectOneOutcome('long');
});

test('an agent that hangs past its time is ended, told so, and its work is kept', async () => {
  await says('longer than its 1 min', 'slow', 120_000);
  await says('kept', 'slow');
});

async function ask(name: string, script: string): Promise<void> {
  const text = `repo:acme/${name} agent:shell Try ${name}\n\`\`\`sh\n${script}\n\`\`\``;
  await errand.slack.people.command({ user: seed.ada, channel: seed.dev, command: '/agent', text });
}

/** Messages of Errand that stand in the threads of a repository's tasks. */
function said(name: string) {
  const all = errand.slack.store.workspace.messages;
  const roots = new Set(
    all.filter(({ text, thread_ts }) => thread_ts === undefined && text.includes(`acme/${name}`)).map(({ ts }) => ts),
  );
  return all.filter(({ ts, thread_ts }) => roots.has(thread_ts ?? ts));
}

let latest = 'worker-killed';
async function says(words: string, name = latest, timeoutMs = 60_000): Promise<void> {
  latest = name;
  await errand.until(`“${words}”`, () => said(name).some(({ text }) => text.includes(words)), timeoutMs);
}

/** The ledgers' verdict: one root, one gate, one branch, one pull request, no container left. */
async function expectOneOutcome(name: string): Promise<void> {
  await errand.quiet();
  const messages = said(name);
  expect(messages.filter(({ thread_ts }) => thread_ts === undefined).length).toBe(1);
  expect(messages.filter(({ text }) => /Commit `[0-9a-f]{7}`/.test(text)).length).toBe(1);
  const state = await errand.forge.control.viewState();
  const repository = state.repositories.find((each) => each.name === `acme/${name}`);
  expect(repository?.pulls.length).toBe(1);
  expect(repository?.branches.filter((branch) => branch.name.startsWith('errand/')).length).toBe(1);
}

async function diffOf(name: string): Promise<string> {
  return (await errand.forge.control.viewPull(`acme/${name}`, 1)).diff;
}

/** The process that the supervisor started under this name. */
function childPid(name: string): number {
  const children = execFileSync('ps', ['-o', 'pid=,args=', '--ppid', String(errand.process.pid)], { encoding: 'utf8' });
  const line = children.split('\n').find((each) => each.trim().endsWith(`main.ts ${name}`));
  if (line === undefined) throw new Error(`no ${name} among:\n${children}`);
  return Number(line.trim().split(/\s+/)[0]);
}
