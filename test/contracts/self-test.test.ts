import { execFileSync } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type * as spec from '../../src/sandbox/container-spec.ts';
import { openDockerSandbox } from '../../src/sandbox/docker-sandbox.ts';
import { absent } from '../../src/sandbox/files.ts';
import type { SandboxOptions } from '../../src/sandbox/options.ts';
import { docker, type Ground, image, makeGround, makeOrder } from '../sandbox/ground.ts';

let ground: Ground;
/** What a probe's container is made with in the place of what the settings say. */
let weakening: ((made: spec.Spec) => spec.Spec) | undefined;

vi.mock('../../src/sandbox/container-spec.ts', async (original) => {
  const real = await original<typeof spec>();
  return {
    ...real,
    probeSpec: (...given: Parameters<typeof real.probeSpec>) => {
      const made = real.probeSpec(...given);
      return weakening === undefined ? made : weakening(made);
    },
  };
});

beforeAll(async () => {
  ground = await makeGround();
});
afterAll(async () => {
  await ground[Symbol.asyncDispose]();
});

/** A broker's sandboxes with verdicts of their own, the image's walls made weak. */
async function tested(weak?: typeof weakening, change: Partial<SandboxOptions> = {}) {
  weakening = weak;
  const said: string[] = [];
  await using sandbox = openDockerSandbox(ground.options(change), (_level, _facts, message) => said.push(message));
  const order = makeOrder();
  const outcome = await sandbox.start(order).then(
    () => 'started',
    (error: unknown) => error,
  );
  const state = await sandbox.state(order.run);
  if (state.type !== 'absent') await sandbox.remove(order.task, { workspace: true });
  return { outcome, state, said };
}

const host = (change: spec.Spec['HostConfig']) => (made: spec.Spec) => ({
  ...made,
  HostConfig: { ...made.HostConfig, ...change },
});

test('a run starts behind walls that were seen to hold', async () => {
  expect(await tested()).toMatchObject({ outcome: 'started', state: { type: 'running' } });
});

describe('no run starts', () => {
  test.each<[string, typeof weakening, RegExp]>([
    [
      'where the image can be written and the filter is gone',
      host({ ReadonlyRootfs: false, SecurityOpt: ['seccomp=unconfined'] }),
      /gain privileges; every system call; system calls that are forbidden \(.*AF_VSOCK sockets.*io_uring/,
    ],
    [
      'as root with capabilities',
      (made) => ({ ...host({ CapDrop: [], ReadonlyRootfs: false })(made), User: '0:0' }),
      /the user 0:0 and not its own; .*a way to become root; capabilities \(.*places of the image that it can write \(\/, /,
    ],
    ['without limits', host({ Memory: 0, MemorySwap: 0, PidsLimit: 0 }), /no limit of memory; no limit of processes/],
    ['without the gateway', host({ Mounts: [] }), /no answer from its gateway/],
  ])('%s', async (_what, weak, words) => {
    const { outcome, state } = await tested(weak);
    expect(outcome).toMatchObject({
      failure: { code: 'sandbox_unsafe', sentence: expect.stringMatching(words) },
      retry: true,
    });
    expect(state).toEqual({ type: 'absent' });
  });

  test('with a network, though it leads nowhere', async () => {
    const other = await docker.createContainer({
      ...{ Image: image, Entrypoint: [], Cmd: ['sleep', '60'], HostConfig: { NetworkMode: 'none' } },
    });
    try {
      await other.start();
      const { State } = await other.inspect();
      const within = ['-t', String(State.Pid), '-n'];
      for (const words of ['link add d0 type bridge', 'address add 198.51.100.1/24 dev d0', 'link set d0 up'])
        execFileSync('nsenter', [...within, 'ip', ...words.split(' ')]);
      execFileSync('nsenter', [...within, 'ip', 'route', 'add', 'default', 'dev', 'd0']);
      const { outcome } = await tested((made) => ({
        ...host({ NetworkMode: `container:${other.id}` })({ ...made, Hostname: undefined }),
      }));
      expect(outcome).toMatchObject({
        failure: {
          code: 'sandbox_unsafe',
          sentence: expect.stringMatching(/a way out \(.*UDP to 192\.0\.2\.1.*a network card \(d0\); a route out/),
        },
      });
    } finally {
      await other.remove({ force: true });
    }
  });

  test('on gVisor where the engine has none', async () => {
    const { outcome } = await tested(undefined, { runtime: 'runsc' });
    expect(outcome).toMatchObject({ failure: { code: 'runtime_missing' }, retry: true });
  });
});

test('a test leaves nothing behind, whether it passed or not', async () => {
  await tested(host({ ReadonlyRootfs: false }));
  await tested();
  const left = await docker.listContainers({ all: true, filters: { name: [`errand-${ground.instance}-probe`] } });
  expect(left).toEqual([]);
  for (const folder of [join(ground.root, 'data', 'workspaces'), join(ground.root, 'run', 'g')]) {
    expect(await readdir(folder).catch(absent)).not.toContain('t000000');
  }
  expect(await readFile('/proc/mounts', 'utf8')).not.toContain(`${ground.root}/data/workspaces/t000000`);
});

describe('an image by its tag', () => {
  const tag = () => `errand-test-moving:${ground.instance}`;
  const other = async () => {
    const made = await docker.createContainer({ Image: image, Cmd: ['true'] });
    try {
      return (await made.commit({ repo: 'errand-test-moving', tag: ground.instance })).Id;
    } finally {
      await made.remove();
    }
  };

  test('stays the one that it was at the start, and the next start says that it was moved', async () => {
    weakening = undefined;
    const [repo = '', name = ''] = tag().split(':');
    await docker.getImage(image).tag({ repo, tag: name });
    const said: string[] = [];
    const options = ground.options({ images: { default: tag() } });
    try {
      const first = await docker.getImage(tag()).inspect();
      await using sandbox = openDockerSandbox(options, (_level, _facts, message) => said.push(message));
      await sandbox.ready();
      const moved = await other();
      const order = makeOrder();
      await sandbox.start(order);
      const live = await docker.getContainer(`errand-${ground.instance}-${order.run}`).inspect();
      expect(live.Image).toBe(first.Id);
      expect(live.Image).not.toBe(moved);
      await sandbox.remove(order.task, { workspace: true });
      expect(said).toEqual([]);
      await using next = openDockerSandbox(options, (_level, _facts, message) => said.push(message));
      await next.ready();
      expect(said).toEqual([`the image ${tag()} is another one than before`]);
    } finally {
      await docker.getImage(tag()).remove({ force: true });
    }
  });
});
