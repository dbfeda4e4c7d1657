import { execFileSync } from 'node:child_process';
import { mkdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DockerSandbox } from '../../src/sandbox/docker-sandbox.ts';
import { reap } from '../../src/sandbox/reaper.ts';
import { parseSha, type Sha } from '../../src/task/ids.ts';
import type { RunOrder } from '../../src/task/ports/sandbox.ts';
import { must } from '../sandbox/example.ts';
import { allRecords, docker, firstRecord, type Ground, makeGround, makeOrder, readLog } from '../sandbox/ground.ts';

let ground: Ground;
let mirror: string;
let start: Sha;
const cap = 2 ** 20;

function git(directory: string, ...args: string[]): string {
  const env = { PATH: '/usr/bin:/bin', GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' };
  const who = ['-c', 'user.name=Test', '-c', 'user.email=test@example.org'];
  return execFileSync('git', [...who, '-C', directory, ...args], { env, encoding: 'utf8' }).trim();
}

beforeAll(async () => {
  ground = await makeGround();
  mirror = join(ground.repositories, 'm.git');
  const seed = join(ground.root, 'seed');
  await mkdir(seed);
  git(seed, 'init', '-q', '-b', 'main');
  await writeFile(join(seed, 'README'), 'one\n');
  await writeFile(join(seed, 'check.sh'), 'grep -q two README\n');
  await writeFile(join(seed, '.gitignore'), 'ignored\n');
  git(seed, 'add', '-A');
  git(seed, 'commit', '-qm', 'First');
  git(seed, 'clone', '-q', '--bare', '.', mirror);
  start = must(parseSha(git(seed, 'rev-parse', 'HEAD')));
});
afterAll(async () => {
  await ground[Symbol.asyncDispose]();
});

/** Runs `script` in a checkout that borrows from the read-only mirror, to its end. */
async function work(script: string): Promise<{ sandbox: DockerSandbox; order: RunOrder }> {
  const clone = `git clone -q --shared ${mirror} /workspace/repo && cd /workspace/repo`;
  const who = 'git config --global user.name Agent; git config --global user.email agent@example.org';
  const { sandbox } = ground.shell(`${who}; ${clone}; ${script}`);
  const order = makeOrder({ repositories: [mirror] });
  await sandbox.start(order);
  await allRecords(sandbox, order);
  return { sandbox, order };
}

const runOf = (order: RunOrder) => docker.getContainer(`errand-${ground.instance}-${order.run}`);

/** What a bundle brings into a fresh clone of the mirror. */
function unpack(bundle: string) {
  const into = join(ground.root, `unpacked-${Math.random().toString(36).slice(2)}`);
  git(ground.root, 'clone', '-q', '--bare', mirror, into);
  git(into, 'fetch', '-q', bundle, 'HEAD:refs/heads/out');
  return {
    refs: git(into, 'bundle', 'list-heads', bundle).split('\n'),
    log: git(into, 'log', '--format=%s', `${start}..out`).split('\n'),
    show: (path: string) => git(into, 'show', `out:${path}`),
    files: git(into, 'ls-tree', '-r', '--name-only', 'out').split('\n'),
    parents: git(into, 'rev-list', '--max-parents=0', 'out'),
  };
}

test('a run gets to its repositories wherever on the host Errand was cloned', async () => {
  const { sandbox, order } = ground.shell(
    'for at in /home /opt /root /srv /tmp /usr/local /var/lib; do cd $at || exit; done',
  );
  await sandbox.start(order);
  await allRecords(sandbox, order);
  expect(await sandbox.state(order.run)).toMatchObject({ type: 'exited', code: 0 });
});

const folder = 'repo';

describe('taking the work out', () => {
  test('gives one ref with the agent’s commits and one more with what it left uncommitted', async () => {
    const { sandbox, order } = await work(
      'echo two >> README; git commit -qam Second; echo new > new; echo x > ignored; touch .git/index.lock',
    );
    const path = must(await sandbox.export(order.run, { folder, start }, cap));
    expect(path).toBe(join(ground.root, 'data', 'bundles', `${order.run}.repo.bundle`));
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const found = unpack(path);
    expect(found.refs).toHaveLength(1);
    expect(found.log).toEqual(['Work left uncommitted', 'Second']);
    expect(found.files).toEqual(['.gitignore', 'README', 'check.sh', 'new']);
  });

  test('gives nothing where nothing changed', async () => {
    const { sandbox, order } = await work('echo x > ignored');
    expect(await sandbox.export(order.run, { folder, start }, cap)).toBeNull();
  });

  test('can be repeated, by another broker too', async () => {
    const { sandbox, order } = await work('echo two >> README');
    await sandbox.export(order.run, { folder, start }, cap);
    const again = must(await ground.open().export(order.run, { folder, start }, cap));
    expect(unpack(again).log).toEqual(['Work left uncommitted']);
  });

  test('puts a rewritten history on top of where the run began', async () => {
    const { sandbox, order } = await work('echo two >> README; git commit -q --amend -am Rewritten');
    const found = unpack(must(await sandbox.export(order.run, { folder, start }, cap)));
    expect(found.log).toEqual(['Work on rewritten history']);
    expect(found.show('README')).toBe('one\ntwo');
  });

  test('is not kept by a hook, a signing key or a monitor that the repository wants', async () => {
    const { sandbox, order } = await work(
      `printf '#!/bin/sh\\nexit 1\\n' > .git/hooks/pre-commit; chmod +x .git/hooks/pre-commit
       git config commit.gpgsign true; git config core.fsmonitor 'sleep 100'; echo two >> README`,
    );
    expect(unpack(must(await sandbox.export(order.run, { folder, start }, cap))).log).toEqual([
      'Work left uncommitted',
    ]);
  });

  test.each([
    ['no repository', 'rm -rf .git', 'no git repository'],
    ['a repository elsewhere', 'rm -rf .git; git init -q ..', 'no git repository'],
    ['a HEAD without a commit', 'git checkout -q --orphan new', 'HEAD names no commit'],
  ])('says so where it finds %s', async (_what, script, found) => {
    const { sandbox, order } = await work(script);
    await expect(sandbox.export(order.run, { folder, start }, cap)).rejects.toMatchObject({
      failure: { code: 'export_failed', sentence: expect.stringContaining(found) },
      retry: false,
    });
  });

  describe('of one of two checkouts', () => {
    /** Runs a script beside two checkouts of the mirror, `api` and `web`. */
    async function beside(script: string) {
      const clone = (name: string) => `git clone -q --shared ${mirror} /workspace/repos/${name}`;
      const who = 'git config --global user.name Agent; git config --global user.email agent@example.org';
      const { sandbox } = ground.shell(`${who}; ${clone('api')}; ${clone('web')}; cd /workspace/repos; ${script}`);
      const order = makeOrder({ repositories: [mirror] });
      await sandbox.start(order);
      await allRecords(sandbox, order);
      const take = (name: string) => sandbox.export(order.run, { folder: `repos/${name}`, start }, cap);
      return { sandbox, order, take };
    }

    test('gives its own work, in a bundle of its own', async () => {
      const { take } = await beside('echo a > api/a; git -C api add -A; git -C api commit -qm A; echo w > web/w');
      const [api, web] = [must(await take('api')), must(await take('web'))];
      expect(unpack(api).files).toEqual(['.gitignore', 'README', 'a', 'check.sh']);
      expect(unpack(web).files).toEqual(['.gitignore', 'README', 'check.sh', 'w']);
    });

    test.each([
      ['a link to the other', 'rm -rf web; ln -s api web'],
      ['a link to where both lie', 'cd ..; mv repos elsewhere; ln -s elsewhere repos'],
      ['a working tree of the other', 'rm -rf web; git -C api worktree add -q ../web/inner'],
    ])('takes nothing out of %s', async (_, script) => {
      const { take } = await beside(`echo a > api/a; ${script}`);
      await expect(take('web')).rejects.toMatchObject({ failure: { code: 'export_failed' } });
    });

    test('gives a link into the other as the link it is', async () => {
      const { take } = await beside('echo secret > api/secret; ln -s ../api/secret web/link');
      expect(unpack(must(await take('web'))).show('link')).toBe('../api/secret');
    });

    test('with the other’s .git gives its own files all the same', async () => {
      const { take } = await beside('echo a > api/a; echo w > web/w; rm -rf web/.git; ln -s ../api/.git web/.git');
      expect(unpack(must(await take('web'))).files).toEqual(['.gitignore', 'README', 'check.sh', 'w']);
      expect(unpack(must(await take('api'))).files).toEqual(['.gitignore', 'README', 'a', 'check.sh']);
    });

    test('is where its checks run', async () => {
      const { sandbox, order } = await beside('echo two >> web/README');
      const check = (name: string) =>
        sandbox.check(order.run, { folder: `repos/${name}`, command: 'sh check.sh' }, 10_000);
      expect([(await check('api')).exitCode, (await check('web')).exitCode]).toEqual([1, 0]);
    });
  });

  test('stops at the cap and keeps nothing of what was too much', async () => {
    const { sandbox, order } = await work('head -c 3M /dev/urandom > big');
    await expect(sandbox.export(order.run, { folder, start }, cap)).rejects.toMatchObject({
      failure: { code: 'bundle_too_big' },
    });
    const bundles = await Array.fromAsync([`${order.run}.repo.bundle`, `${order.run}.repo.bundle.part`], (name) =>
      stat(join(ground.root, 'data', 'bundles', name)).catch(() => 'absent'),
    );
    expect(bundles).toEqual(['absent', 'absent']);
  });

  test('is refused while the agent still runs', async () => {
    const sandbox = ground.open();
    const order = makeOrder();
    await sandbox.start(order);
    await expect(sandbox.export(order.run, { folder, start }, cap)).rejects.toMatchObject({
      failure: { code: 'still_running' },
    });
  });

  test('leaves no container but the run’s', async () => {
    const { sandbox, order } = await work('echo two >> README');
    await sandbox.export(order.run, { folder, start }, cap);
    await sandbox.check(order.run, { folder, command: 'true' }, 10_000);
    const left = await docker.listContainers({ all: true, filters: { label: [`errand.task=${order.task}`] } });
    expect(left.map((container) => container.Names)).toEqual([[`/errand-${ground.instance}-${order.run}`]]);
  });
});

describe('a check', () => {
  test('has the exit code that Errand took, in the checkout', async () => {
    const { sandbox, order } = await work('echo two >> README');
    expect(await sandbox.check(order.run, { folder, command: 'sh check.sh' }, 10_000)).toEqual({
      command: 'sh check.sh',
      exitCode: 0,
      durationMs: expect.any(Number),
    });
    expect(await sandbox.check(order.run, { folder, command: 'exit 9' }, 10_000)).toMatchObject({ exitCode: 9 });
  });

  test('that takes too long is 124', async () => {
    const { sandbox, order } = await work('true');
    expect(await sandbox.check(order.run, { folder, command: 'sleep 1000' }, 300)).toMatchObject({ exitCode: 124 });
  });

  test('reaches no gateway and no network, and cannot drown us in output', async () => {
    const { sandbox, order } = await work('true');
    const script =
      'test ! -e /run/errand/gateway.sock && test -z "$HTTP_PROXY" && head -c 30M /dev/zero && ls /sys/class/net';
    expect(await sandbox.check(order.run, { folder, command: script }, 30_000)).toMatchObject({ exitCode: 0 });
  });

  test('is ended with its run', async () => {
    const { sandbox, order } = await work('true');
    const checking = sandbox.check(order.run, { folder, command: 'sleep 1000' }, 60_000);
    const running = async () =>
      (await docker.listContainers({ filters: { label: [`errand.task=${order.task}`, 'errand.kind=check'] } })).length;
    await expect.poll(running, { timeout: 10_000 }).toBe(1);
    await sandbox.stop(order.run, 0);
    expect((await checking).exitCode).toBe(137);
  });
});

describe('where nothing can be mounted, a workspace is a volume', () => {
  test('that outlives its run, whose records come from the log, and goes with its task', async () => {
    const script = `printf '{"n":1}\\n{"n":2}\\n'; git clone -q --shared ${mirror} /workspace/repo; echo x > /workspace/repo/x; cat`;
    const { sandbox } = ground.shell(script, { mountable: false });
    const order = makeOrder({ repositories: [mirror] });
    await sandbox.start(order);
    expect(await firstRecord(sandbox, order)).toEqual({ n: 1 });
    await using records = sandbox.records(order.run, 1, new AbortController().signal);
    expect((await records.next()).value).toEqual({ n: 2 });
    const checkedOut = () => sandbox.send(order.run, '').then(() => readLog(runOf(order)));
    await expect.poll(checkedOut, { timeout: 20_000 }).toContain('""');
    await sandbox.stop(order.run, 0);
    expect((await records.next()).done).toBe(true);
    expect(unpack(must(await sandbox.export(order.run, { folder, start }, cap))).files).toContain('x');
    await sandbox.remove(order.task, { workspace: true });
    await expect(docker.getVolume(`errand-${ground.instance}-${order.task}`).inspect()).rejects.toThrow('404');
  });

  test('that is measured while a run works in it: one that takes too much is ended, whatever it hides, and told so', async () => {
    const script = 'mkdir ~/d && head -c 64M /dev/urandom > ~/d/big && chmod 0 ~/d && cat';
    const { sandbox } = ground.shell(script, { mountable: false });
    expect((await sandbox.diskWay()).way).toBe('watched');
    const order = makeOrder({ limits: { workspaceBytes: 32 * 2 ** 20 } });
    await sandbox.start(order);
    await allRecords(sandbox, order);
    expect(await sandbox.state(order.run)).toMatchObject({
      type: 'exited',
      code: 137,
      outOfDisk: true,
      timedOut: false,
    });
    await sandbox.remove(order.task, { workspace: true });
    const left = await docker.listContainers({ all: true, filters: { label: [`errand.task=${order.task}`] } });
    expect(left).toEqual([]);
  });

  test('that is measured while a check works in it, too: one that takes too much is ended with a sentence', async () => {
    const { sandbox } = ground.shell('exit 0', { mountable: false });
    const order = makeOrder({ limits: { workspaceBytes: 32 * 2 ** 20 } });
    await sandbox.start(order);
    await allRecords(sandbox, order);
    const work = { folder: '.', command: 'head -c 64M /dev/urandom > big; sleep 100' };
    await expect(sandbox.check(order.run, work, 60_000)).rejects.toMatchObject({ failure: { code: 'out_of_disk' } });
    await sandbox.remove(order.task, { workspace: true });
  });
});

describe('the reaper', () => {
  test('removes what nobody lists as alive, after the grace, and only of its own instance', async () => {
    const sandbox = ground.open();
    const [alive, dead] = [makeOrder(), makeOrder()];
    await sandbox.start(alive);
    await sandbox.start(dead);
    await using neighbours = await makeGround();
    const foreign = makeOrder();
    const other = neighbours.open();
    await other.start(foreign);

    const order = { alive: new Set([alive.task]), now: Date.now() };
    expect(await reap(sandbox, { ...order, graceMs: 60_000 })).not.toContain(dead.task);
    expect((await sandbox.state(dead.run)).type).toBe('running');
    expect(await reap(sandbox, { ...order, now: Date.now() + 120_000, graceMs: 60_000 })).toContain(dead.task);
    expect((await sandbox.state(dead.run)).type).toBe('absent');
    expect((await sandbox.state(alive.run)).type).toBe('running');
    expect((await other.state(foreign.run)).type).toBe('running');
    expect(await readFile('/proc/mounts', 'utf8')).not.toContain(dead.task);
  });

  test('finds what has no container any more: bundles, workspaces, gateways', async () => {
    const { sandbox, order } = await work('echo two >> README');
    const bundle = must(await sandbox.export(order.run, { folder, start }, cap));
    await sandbox.remove(order.task, { workspace: false });
    await utimes(bundle, 0, 0);
    await reap(sandbox, { alive: new Set(), graceMs: 0, now: Date.now() + 60_000 });
    await expect(stat(bundle)).rejects.toThrow('ENOENT');
    await expect(stat(join(ground.root, 'data', 'workspaces', order.task))).rejects.toThrow('ENOENT');
    await expect(stat(join(ground.root, 'run', 'g', order.task))).rejects.toThrow('ENOENT');
  });
});

test('what the gateway metered and refused is told, and nothing of a file that says something else', async () => {
  const sandbox = ground.open();
  const order = makeOrder();
  await sandbox.start(order);
  expect(await sandbox.usage(order.task)).toBeNull();
  expect(await sandbox.blocked(order.task)).toEqual([]);
  const home = join(ground.root, 'run', 'g', order.task);
  const counted = { inputTokens: 1, outputTokens: 2, usd: 0.5, usdAtMost: 0.6 };
  await writeFile(join(home, 'meter.json'), JSON.stringify({ id: 'm1', requests: 3, ...counted }));
  await writeFile(join(home, 'blocked.json'), JSON.stringify([{ host: 'evil.example', allowable: true }]));
  expect(await sandbox.usage(order.task)).toEqual({ meter: 'm1', ...counted });
  expect(await sandbox.blocked(order.task)).toEqual([{ host: 'evil.example', allowable: true }]);
  await writeFile(join(home, 'meter.json'), '{"inputTokens":-1}');
  expect(await sandbox.usage(order.task)).toBeNull();
});
