import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { judge } from '../../src/app/judge.ts';
import { connectEngine } from '../../src/sandbox/docker.ts';
import { type DockerSandbox, openDockerSandbox } from '../../src/sandbox/docker-sandbox.ts';
import type { Guard } from '../../src/sandbox/guard.ts';
import { removeOldImages } from '../../src/sandbox/old-images.ts';
import { reap } from '../../src/sandbox/reaper.ts';
import { toRunId } from '../../src/task/ids.ts';
import type { RunOrder } from '../../src/task/ports/sandbox.ts';
import { allRecords, askGateway, firstRecord, type Ground, makeGround, makeOrder } from '../sandbox/ground.ts';
import { startEngine, type TestEngine } from '../support/engine.ts';

/** The tiny image has no Node to look around with. */
const open: Guard = { pass: async () => ({ uid: 0, runtime: 'runc', tookMs: 0, probeMs: 0 }) };
const file = '/workspace/records/$ERRAND_RUN.jsonl';
/** Counts until it is ended. */
const counting = `n=0; while :; do n=$((n+1)); echo "{\\"n\\":$n}" >> ${file}; sleep 0.02; done`;
const killed = { limits: { memoryBytes: 1, workspaceBytes: 1 }, quietMs: null };

let ground: Ground;
let lasting: TestEngine;
let plain: TestEngine;
const opened: DockerSandbox[] = [];

beforeAll(async () => {
  [ground, lasting, plain] = await Promise.all([
    makeGround(),
    startEngine({ liveRestore: true }),
    startEngine({ liveRestore: false }),
  ]);
});
afterAll(async () => {
  for (const sandbox of opened) await sandbox[Symbol.asyncDispose]();
  await Promise.allSettled([lasting, plain].map((engine) => engine[Symbol.asyncDispose]()));
  await ground[Symbol.asyncDispose]();
});

function on(engine: TestEngine, script = counting): DockerSandbox {
  const options = ground.options({
    dockerHost: engine.host,
    images: { default: engine.image },
    command: ['sh', '-c', script],
  });
  const sandbox = openDockerSandbox(options, () => {}, open);
  opened.push(sandbox);
  return sandbox;
}

/** Follows a run over all that happens to its engine. */
function follow(sandbox: DockerSandbox, order: RunOrder) {
  const records = sandbox.records(order.run, 0, new AbortController().signal);
  const seen: unknown[] = [];
  return {
    seen,
    async more(count: number): Promise<void> {
      for (let left = count; left > 0; left -= 1) seen.push((await records.next()).value);
    },
    async rest(): Promise<void> {
      for await (const record of records) seen.push(record);
    },
  };
}

describe('an engine that keeps containers over its restarts', () => {
  test.each([
    ['is killed and comes back', { goes: () => lasting.stop('SIGKILL'), comes: () => lasting.start() }],
    ['hangs for a while', { goes: async () => lasting.freeze(), comes: async () => lasting.thaw() }],
  ])('%s: the run goes on, and not a record is lost', async (_, engine) => {
    const sandbox = on(lasting);
    const order = makeOrder();
    await sandbox.start(order);
    const run = follow(sandbox, order);
    await run.more(3);
    expect(await sandbox.cpuMs(order.run)).toBeGreaterThan(0);
    await engine.goes();
    await run.more(5);
    const looking = connectEngine(lasting.host).call(
      'look',
      (abortSignal) => lasting.docker.listImages({ abortSignal }),
      50,
    );
    await expect(looking).rejects.toMatchObject({ failure: { code: 'docker_down' }, retry: true });
    await engine.comes();
    await run.more(5);
    await sandbox.stop(order.run, 0);
    await run.rest();
    expect(run.seen).toMatchObject(run.seen.map((_record, index) => ({ n: index + 1 })));
    expect(await sandbox.state(order.run)).toMatchObject({ type: 'exited', code: 137, timedOut: false });
  });

  test('whose bridge somebody removed runs tasks all the same: none has a network card', async () => {
    await promisify(execFile)('ip', ['link', 'delete', lasting.bridge]);
    const sandbox = on(lasting, 'exit 4');
    const order = makeOrder();
    await sandbox.start(order);
    await allRecords(sandbox, order);
    expect(await sandbox.state(order.run)).toMatchObject({ type: 'exited', code: 4 });
  });
});

test('a run outlives ten brokers, each of which goes on where the last one read', async () => {
  const order = makeOrder();
  await on(plain).start(order);
  const seen: unknown[] = [];
  for (let broker = 0; broker < 10; broker += 1) {
    const sandbox = on(plain);
    await sandbox.adopt();
    await using records = sandbox.records(order.run, seen.length, new AbortController().signal);
    for (let count = 0; count < 3; count += 1) seen.push((await records.next()).value);
    await sandbox[Symbol.asyncDispose]();
  }
  expect(seen).toEqual(seen.map((_, index) => ({ n: index + 1 })));
  await on(plain).stop(order.run, 0);
});

describe('an engine that ends its containers', () => {
  test('ends the run with it: that counts as the machine’s doing, and the next run starts', async () => {
    const sandbox = on(plain);
    const order = makeOrder();
    await sandbox.start(order);
    const run = follow(sandbox, order);
    await run.more(3);
    await plain.stop('SIGTERM');
    await plain.start();
    await run.rest();
    const state = await sandbox.state(order.run);
    expect(state).toMatchObject({ type: 'exited', timedOut: false, outOfMemory: false });
    expect(() => judge(state, null, 1, killed)).toThrow(/ended from outside/);
    const second = { ...order, run: toRunId(order.task, 2) };
    await sandbox.start(second);
    await firstRecord(sandbox, second);
  });

  test('a run that somebody removed is gone, and counts as ended from outside', async () => {
    const sandbox = on(plain);
    const order = makeOrder();
    await sandbox.start(order);
    await firstRecord(sandbox, order);
    await plain.docker.getContainer(`errand-${ground.instance}-${order.run}`).remove({ force: true });
    await allRecords(sandbox, order);
    const state = await sandbox.state(order.run);
    expect(state).toEqual({ type: 'absent' });
    expect(() => judge(state, null, 1, killed)).toThrow(/ended from outside/);
  });

  test('a foreign container that has a run’s name is a problem to retry, and left alone', async () => {
    const sandbox = on(plain, 'exit 0');
    const order = makeOrder();
    const name = `errand-${ground.instance}-${order.run}`;
    const foreign = await plain.docker.createContainer({ name, Image: plain.image, Cmd: ['cat'] });
    await expect(sandbox.start(order)).rejects.toMatchObject({ failure: { code: 'docker_error' }, retry: true });
    expect((await foreign.inspect()).State.Status).toBe('created');
    await foreign.remove();
    await sandbox.start(order);
    await allRecords(sandbox, order);
    const check = { folder: 'repo', command: 'true' };
    const suffix = createHash('sha256').update(`${check.folder}\n${check.command}`).digest('hex').slice(0, 12);
    const other = await plain.docker.createContainer({
      ...{ name: `${name}-check-${suffix}`, Image: plain.image, Cmd: ['cat'] },
    });
    await expect(sandbox.check(order.run, check, 1_000)).rejects.toMatchObject({ failure: { code: 'docker_error' } });
    expect((await other.inspect()).State.Status).toBe('created');
    await other.remove();
    expect((await sandbox.check(order.run, check, 1_000)).exitCode).toBe(125);
  });

  test('gives a run whose gateway died another one, while it runs', async () => {
    const sandbox = on(plain, 'cat');
    const order = makeOrder();
    await sandbox.start(order);
    const { pid } = await askGateway(ground.socketOf(order));
    process.kill(pid, 'SIGKILL');
    const alive = () => askGateway(ground.socketOf(order)).catch(() => ({ pid }));
    while ((await alive()).pid === pid) await wait(50);
    await sandbox.remove(order.task, { workspace: true });
  });
});

test('what belongs to no task goes: volumes of another way, images of older versions; what is foreign stays', async () => {
  const sandbox = on(plain);
  const order = makeOrder();
  const labels = { 'errand.instance': ground.instance, 'errand.task': order.task };
  await plain.docker.createVolume({ Name: 'left-over', Labels: labels });
  await plain.docker.createVolume({ Name: 'foreign', Labels: { ...labels, 'errand.instance': 'another' } });
  await reap(sandbox, { alive: new Set(), graceMs: -1, now: Date.now() + 60_000 });
  const { Volumes } = await plain.docker.listVolumes();
  expect(Volumes.map(({ Name }) => Name)).toEqual(['foreign']);

  const { Id } = await plain.docker.getImage(plain.image).inspect();
  await plain.docker.getImage(Id).tag({ repo: 'foreign', tag: 'name' });
  const engine = connectEngine(plain.host);
  const later = Date.now() + 20 * 24 * 3_600_000;
  const clean = (needed: string[], now = later) => removeOldImages(engine, { needed, now, log: () => undefined });
  expect(await clean([])).toEqual([]);
  await plain.docker.getImage('foreign:name').remove();
  expect(await clean([Id])).toEqual([]);
  expect(await clean([], Date.now())).toEqual([]);
  const named = (await plain.docker.listImages()).length;
  expect(named).toBe(1);
});
