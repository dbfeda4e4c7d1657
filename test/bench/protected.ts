import { randomBytes } from 'node:crypto';
import { chmod, mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { openDockerSandbox } from '../../src/sandbox/docker-sandbox.ts';
import { sandboxOptionsSchema } from '../../src/sandbox/options.ts';
import { toRunId, toTaskId } from '../../src/task/ids.ts';

const limits = { memoryBytes: 2 ** 31, cpus: 2, pids: 512, workspaceBytes: 2 ** 30, runMs: 60_000 };
const source = resolve(import.meta.dirname, '../../src');
/** One record, and no more: what starts is everything but the runner. */
const command = ['sh', '-c', `echo '{"n":1}' >> /workspace/records/$ERRAND_RUN.jsonl`];

/**
 * Starts as the broker makes them: from the order of a new task until a gateway of its own serves, its disk is there, and the first
 * record of its container was read. The self-test is made before, once, as at every start of Errand.
 */
export async function openProtected({ image, dockerHost }: { image: string; dockerHost: string }) {
  // Short: a unix socket is to fit below it.
  const root = await realpath(await mkdtemp('/tmp/errand-b-'));
  await chmod(root, 0o711);
  const isRoot = process.getuid?.() === 0;
  const options = sandboxOptionsSchema.parse({
    dockerHost,
    instance: `bench-${randomBytes(4).toString('hex')}`,
    dataDir: join(root, 'data'),
    runDir: join(root, 'run'),
    images: { default: image },
    repositoryDirs: [join(root, 'data', 'mirrors')],
    maxLimits: limits,
    command,
    gateway: {
      entry: join(source, 'gateway/main.ts'),
      ownUsers: isRoot,
      env: { PATH: process.env.PATH ?? '/usr/bin:/bin', NODE_COMPILE_CACHE: join(root, 'run', 'compiled') },
    },
    firstUid: 29_000,
    mountable: isRoot,
  });
  for (const folder of ['data', 'run']) await mkdir(join(root, folder), { mode: 0o711 });
  await mkdir(join(root, 'data', 'mirrors'));
  const sandbox = openDockerSandbox(options, () => undefined);
  const { tookMs } = await sandbox.checkWalls('default');
  return {
    /** What the self-test took. */
    selfTestMs: tookMs,
    async take(): Promise<number> {
      const task = toTaskId(randomBytes(6));
      const run = toRunId(task, 1);
      const policy = {
        providers: [],
        allow: [],
        budgetUsd: 0,
        budgetTokens: 0,
        unpriced: 'dearest',
        dummyKey: 'errand-bench',
      } as const;
      const over = new AbortController();
      const before = performance.now();
      try {
        await sandbox.start({ task, run, image: 'default', repositories: [], limits, policy });
        await using records = sandbox.records(run, 0, over.signal);
        await records.next();
        return performance.now() - before;
      } finally {
        over.abort();
        await sandbox.remove(task, { workspace: true });
        // The next gateway is made ready meanwhile, as between two requests.
        await setTimeout(1_000);
      }
    },
    async [Symbol.asyncDispose]() {
      await sandbox[Symbol.asyncDispose]();
      await rm(root, { recursive: true, force: true });
    },
  };
}
