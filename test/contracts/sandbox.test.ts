import { execFileSync } from 'node:child_process';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findGateway } from '../../src/sandbox/find-gateway.ts';
import { toRunId } from '../../src/task/ids.ts';
import {
  allRecords,
  askGateway,
  docker,
  firstRecord,
  type Ground,
  image,
  logOf,
  makeGround,
  makeOrder,
  record,
} from '../sandbox/ground.ts';
import { hardening, hidden, pathValue } from '../sandbox/hardening.ts';

let ground: Ground;
beforeAll(async () => {
  ground = await makeGround();
});
afterAll(async () => {
  await ground[Symbol.asyncDispose]();
});

const own = process.getuid?.() ?? -1;
const name = (run: string) => `errand-${ground.instance}-${run}`;

describe('a run', () => {
  test('is a container with every setting of the table, on the engine itself', async () => {
    const sandbox = ground.open();
    const order = makeOrder({ limits: { cpus: 1.5 } });
    await sandbox.start(order);
    const live = await docker.getContainer(name(order.run)).inspect();
    const differing = hardening.filter(({ field, value }) => {
      const found = field === 'Config.User' ? value : pathValue(live, field);
      // Docker drops what is empty.
      const empty = JSON.stringify(value) === '[]' || JSON.stringify(value) === '{}';
      try {
        expect(empty ? (found ?? value) : found).toEqual(value);
        return false;
      } catch {
        return true;
      }
    });
    expect(differing).toEqual([]);
    for (const field of hidden) expect(pathValue(live, field)).not.toEqual([]);
    expect(live.Mounts.map(({ Propagation }) => Propagation)).not.toContain('shared');
    expect(live.Mounts.filter((mount) => mount.RW).map((mount) => mount.Destination)).toEqual(['/workspace']);
    expect(Object.keys(live.NetworkSettings.Networks)).toEqual(['none']);
    expect(live.Config.User).toMatch(/^4\d{4}:4\d{4}$/);
    await sandbox.remove(order.task, { workspace: true });
  });

  test('is started once, however often it is asked for', async () => {
    const { sandbox, order } = ground.shell(`${record} record '{"n":1}'; cat`);
    await Promise.all([sandbox.start(order), sandbox.start(order)]);
    const before = await docker.getContainer(name(order.run)).inspect();
    await ground.open().start(order);
    const after = await docker.getContainer(name(order.run)).inspect();
    expect(after.Id).toBe(before.Id);
    expect(after.State.StartedAt).toBe(before.State.StartedAt);
    await sandbox.stop(order.run, 0);
    await sandbox.start(order);
    expect((await sandbox.state(order.run)).type).toBe('exited');
  });

  test('gets its control lines on stdin and gives its records, over any number of brokers', async () => {
    const echo = `${record} n=0; while read -r line; do n=$((n+1)); record "{\\"n\\":$n,\\"line\\":$line}"; done`;
    const { sandbox, order } = ground.shell(echo);
    await sandbox.start(order);
    const leave = new AbortController();
    await using records = sandbox.records(order.run, 0, leave.signal);
    await sandbox.send(order.run, { type: 'one' });
    expect((await records.next()).value).toEqual({ n: 1, line: { type: 'one' } });
    leave.abort();
    await sandbox[Symbol.asyncDispose]();

    const next = ground.open();
    await next.adopt();
    await next.send(order.run, { type: 'two' });
    const big = { type: 'three', text: 'x'.repeat(30_000) };
    await next.send(order.run, big);
    await using later = next.records(order.run, 1, new AbortController().signal);
    expect((await later.next()).value).toEqual({ n: 2, line: { type: 'two' } });
    expect((await later.next()).value).toEqual({ n: 3, line: big });
    await next.stop(order.run, 0);
    expect((await later.next()).done).toBe(true);
  });

  test('that has ended gives the records it left and its exit code', async () => {
    const { sandbox, order } = ground.shell(`${record} record '{"n":1}'; record '{"n":2}'; exit 3`);
    await sandbox.start(order);
    expect(await allRecords(sandbox, order)).toEqual([{ n: 1 }, { n: 2 }]);
    expect(await sandbox.state(order.run)).toEqual({ type: 'exited', code: 3, outOfMemory: false, timedOut: false });
    expect(await allRecords(ground.open(), order, 1)).toEqual([{ n: 2 }]);
    await expect(sandbox.send(order.run, {})).rejects.toMatchObject({ failure: { code: 'not_running' } });
  });

  test('that was never started is absent', async () => {
    const sandbox = ground.open();
    const order = makeOrder();
    expect(await sandbox.state(order.run)).toEqual({ type: 'absent' });
    expect(await allRecords(sandbox, order)).toEqual([]);
    await sandbox.stop(order.run, 0);
    await sandbox.remove(order.task, { workspace: true });
  });

  test('ends with every process it made, though all of them ignore SIGTERM', async () => {
    const { sandbox, order } = ground.shell(
      `trap '' TERM; (trap '' TERM; setsid sleep 1000 &) ; ${record} record '{"n":1}'; while :; do sleep 1000; done`,
    );
    await sandbox.start(order);
    await firstRecord(sandbox, order);
    const top = await docker.getContainer(name(order.run)).top();
    const pids: string[] = top.Processes.map((row: string[]) => row[1]);
    expect(pids.length).toBeGreaterThan(2);
    await sandbox.stop(order.run, 300);
    const left = await Promise.all(pids.map((pid) => stat(`/proc/${pid}`).catch(() => undefined)));
    expect(left.filter((found) => found !== undefined)).toEqual([]);
    expect(await sandbox.state(order.run)).toMatchObject({ type: 'exited', code: 137, timedOut: false });
  });

  test('may end by itself when it is told to', async () => {
    const { sandbox, order } = ground.shell(
      `trap 'exit 7' TERM; ${record} record '{"n":1}'; while :; do sleep 0.05; done`,
    );
    await sandbox.start(order);
    await firstRecord(sandbox, order);
    await sandbox.stop(order.run, 5_000);
    expect(await sandbox.state(order.run)).toMatchObject({ code: 7 });
  });

  test('that uses up its time is ended by the broker, a restarted one too, and says so', async () => {
    const sandbox = ground.open();
    const order = makeOrder({ limits: { runMs: 1_000 } });
    await sandbox.start(order);
    await sandbox[Symbol.asyncDispose]();
    const next = ground.open();
    await next.adopt();
    await allRecords(next, order);
    expect(await next.state(order.run)).toMatchObject({ type: 'exited', code: 137, timedOut: true });
    expect(await ground.open().state(order.run)).toMatchObject({ timedOut: true });
  });

  test('that takes too much memory says so', async () => {
    const { sandbox } = ground.shell(`exec python3 -c 'x = bytearray(10**9)'`);
    const order = makeOrder({ limits: { memoryBytes: 64 * 2 ** 20 } });
    await sandbox.start(order);
    await allRecords(sandbox, order);
    expect(await sandbox.state(order.run)).toMatchObject({ type: 'exited', outOfMemory: true, timedOut: false });
  });

  test('of an older number never comes back after a newer one, which takes its place', async () => {
    const sandbox = ground.open();
    const order = makeOrder();
    const second = { ...order, run: toRunId(order.task, 2) };
    await sandbox.start(order);
    await sandbox.start(second);
    expect(await sandbox.state(order.run)).toEqual({ type: 'absent' });
    await expect(sandbox.start(order)).rejects.toMatchObject({ failure: { code: 'stale_run' } });
    expect((await sandbox.list()).filter(({ task }) => task === order.task)).toEqual([
      { task: order.task, run: second.run, running: true },
    ]);
  });

  test('of an image that Docker lacks is a clear problem, and leaves nothing running', async () => {
    const sandbox = ground.open();
    const order = makeOrder({ image: 'missing' });
    await expect(sandbox.start(order)).rejects.toMatchObject({ failure: { code: 'image_missing' }, retry: true });
    expect(await sandbox.state(order.run)).toEqual({ type: 'absent' });
  });

  test('whose command does not exist has ended with the code that says so', async () => {
    const sandbox = ground.open({ command: ['/no/such/program'] });
    const order = makeOrder();
    await sandbox.start(order);
    await allRecords(sandbox, order);
    expect(await sandbox.state(order.run)).toMatchObject({ type: 'exited', code: 127 });
  });

  test('that a crash left created but not started is made again', async () => {
    const sandbox = ground.open();
    const order = makeOrder();
    await docker.createContainer({
      name: name(order.run),
      Image: image,
      Cmd: ['cat'],
      Labels: {
        'errand.instance': ground.instance,
        'errand.task': order.task,
        'errand.run': order.run,
        'errand.kind': 'run',
      },
    });
    expect(await sandbox.state(order.run)).toEqual({ type: 'absent' });
    await sandbox.start(order);
    expect(await sandbox.state(order.run)).toEqual({ type: 'running' });
  });
});

describe('a workspace', () => {
  test('outlives its runs, keeps its uid, and is nobody else’s', async () => {
    const { sandbox, order } = ground.shell('echo hello > ~/state; id -u > ~/uid; ls -ln /workspace');
    await sandbox.start(order);
    await allRecords(sandbox, order);
    const other = makeOrder();
    const reader = ground.open({ command: ['sh', '-c', 'cat ~/state ~/uid; id -u'] });
    const second = { ...order, run: toRunId(order.task, 2) };
    await reader.start(second);
    await allRecords(reader, second);
    const [state, uid, now] = (await logOf(ground.instance, second)).trim().split('\n');
    expect(state).toBe('hello');
    expect(now).toBe(uid);
    await reader.start(other);
    await allRecords(reader, other);
    const log = await logOf(ground.instance, other);
    expect(log).toContain('No such file');
    expect(log).toMatch(/^4\d{4}$/m);
    expect(log.split('\n')).not.toContain(uid);
  });

  test('has an end: bytes and files run out in it, not on the host', async () => {
    const { sandbox } = ground.shell(
      'head -c 100M /dev/zero > ~/big; echo bytes $?; rm ~/big; mkdir ~/many; cd ~/many && seq 200000 | xargs touch 2>/tmp/said; echo files $?; tail -n1 /tmp/said',
    );
    const order = makeOrder({ limits: { workspaceBytes: 32 * 2 ** 20 } });
    await sandbox.start(order);
    await allRecords(sandbox, order);
    const log = await logOf(ground.instance, order);
    expect(log).toMatch(/bytes 1/);
    expect(log).toMatch(/files [1-9]/);
    expect(log).toMatch(/No space left/);
  });

  test('that was half made, or unmounted by a reboot, is made whole', async () => {
    const { sandbox, order } = ground.shell('echo hello >> ~/state; cat ~/state');
    await sandbox.start(order);
    await allRecords(sandbox, order);
    const home = join(ground.root, 'data', 'workspaces', order.task);
    await sandbox.remove(order.task, { workspace: false });

    execFileSync('umount', [join(home, 'mount')]);
    const second = { ...order, run: toRunId(order.task, 2) };
    await sandbox.start(second);
    await allRecords(sandbox, second);
    expect(await logOf(ground.instance, second)).toBe('hello\nhello\n');

    const half = makeOrder();
    const folder = join(ground.root, 'data', 'workspaces', half.task);
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'disk.ext4.part'), 'half');
    await sandbox.start(half);
    await allRecords(sandbox, half);
    expect(await logOf(ground.instance, half)).toBe('hello\n');
  });

  test('is gone from disk, mounts and process table after its task is removed', async () => {
    const sandbox = ground.open();
    const order = makeOrder();
    await sandbox.start(order);
    const { pid } = await askGateway(ground.socketOf(order));
    await sandbox.remove(order.task, { workspace: true });
    const gone = (path: string) =>
      stat(path).then(
        () => false,
        () => true,
      );
    expect(await gone(join(ground.root, 'data', 'workspaces', order.task))).toBe(true);
    expect(await gone(join(ground.root, 'run', 'g', order.task))).toBe(true);
    expect(await gone(`/proc/${pid}`)).toBe(true);

    expect(await readFile('/proc/mounts', 'utf8')).not.toContain(order.task);
    expect(await sandbox.state(order.run)).toEqual({ type: 'absent' });
  });
});

describe('the gateway of a task', () => {
  test('serves before the agent is told anything, with the policy of the order and no environment but what it is given', async () => {
    const node = `require('net').connect('/run/errand/gateway.sock').pipe(process.stdout)`;
    const { sandbox } = ground.shell(`read -r spec; node -e "${node}"`);
    const order = makeOrder({ policy: { ...makeOrder().policy, providers: ['one'] } });
    await sandbox.start(order);
    await sandbox.send(order.run, 'the spec');
    await allRecords(sandbox, order);
    const said = JSON.parse(await logOf(ground.instance, order));
    expect(said.policy).toEqual({ ...order.policy, registries: [] });
    expect(said.keys).toEqual({ providers: { one: { key: 'its key' } }, mcp: {} });
    expect(said.env).toEqual(['PATH']);
  });

  test('that does not come up keeps the agent from starting', async () => {
    const sandbox = ground.open();
    const policy = {
      providers: [],
      allow: [],
      budgetUsd: null,
      budgetTokens: null,
      unpriced: 'dearest' as const,
      dummyKey: 'refuse to start',
    };
    const order = makeOrder({ policy });
    await expect(sandbox.start(order)).rejects.toMatchObject({ failure: { code: 'gateway_down' }, retry: true });
    expect(await sandbox.state(order.run)).toEqual({ type: 'absent' });
  });

  test('outlives the broker, and is started again where it died', async () => {
    const sandbox = ground.open();
    const order = makeOrder();
    await sandbox.start(order);
    const first = await askGateway(ground.socketOf(order));
    await sandbox[Symbol.asyncDispose]();
    const second = ground.open();
    await second.adopt();
    expect((await askGateway(ground.socketOf(order))).pid).toBe(first.pid);
    await second[Symbol.asyncDispose]();
    process.kill(first.pid, 'SIGKILL');
    await expect.poll(() => askGateway(ground.socketOf(order)).catch(() => 'down')).toBe('down');
    await ground.open().adopt();
    expect((await askGateway(ground.socketOf(order))).pid).not.toBe(first.pid);
  });

  test('is a process that was kept ready, which ends with a broker that has no use for it', async () => {
    const runDir = join(ground.root, 'kept');
    const sandbox = ground.open({ runDir });
    const [first, order] = [makeOrder(), makeOrder()];
    await sandbox.start(first);
    const kept = () => findGateway({ entry: ground.gateway, directory: join(runDir, 'g'), uids: [own] });
    await expect.poll(kept).toHaveLength(1);
    const [pid] = await kept();
    await sandbox.start(order);
    const serving = () => askGateway(join(runDir, 'g', order.task, 's', 'gateway.sock'));
    expect((await serving()).pid).toBe(pid);
    await expect.poll(kept).toHaveLength(1);
    await sandbox[Symbol.asyncDispose]();
    await expect.poll(kept).toHaveLength(0);
    expect((await serving()).pid).toBe(pid);
    const next = ground.open({ runDir });
    for (const { task } of [first, order]) await next.remove(task, { workspace: true });
  });

  test('gets a new policy with a new run, and only then', async () => {
    const sandbox = ground.open();
    const order = makeOrder();
    await sandbox.start(order);
    const first = await askGateway(ground.socketOf(order));
    const wider = { ...order.policy, allow: ['example.org'] };
    await sandbox.start({ ...order, policy: wider });
    expect(await askGateway(ground.socketOf(order))).toEqual(first);
    await sandbox.start({ ...order, run: toRunId(order.task, 2), policy: wider });
    expect((await askGateway(ground.socketOf(order))).policy).toEqual({ ...wider, registries: [] });
  });
});

test('an engine that is away is a problem that names its socket and what to do', async () => {
  const sandbox = ground.open({ dockerHost: 'unix:///nowhere/docker.sock' });
  await expect(sandbox.start(makeOrder())).rejects.toMatchObject({
    failure: { code: 'docker_down', sentence: expect.stringContaining('/nowhere/docker.sock') },
    retry: true,
  });
});
