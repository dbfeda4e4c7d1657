import { chmod, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { TaskId } from '../task/ids.ts';
import type { Metered } from '../task/money.ts';
import type { BlockedHost, Registry, Traffic } from '../task/network.ts';
import type { NetworkPolicy } from '../task/ports/sandbox.ts';
import { Problem } from '../task/problem.ts';
import { absent, readJson, writeJson } from './files.ts';
import { findGateway, signalTo } from './find-gateway.ts';
import { gatewayChildren } from './gateway-child.ts';
import { gatewayHomes } from './gateway-home.ts';
import { type GatewayKeys, keysFor } from './gateway-keys.ts';

export interface GatewayOptions {
  /** Parent of every task's gateway directory; short, for a socket's path has at most 107 bytes. */
  readonly directory: string;
  /** The program: told `{ dir, uid, log, policy, keys }` as JSON on stdin. */
  readonly entry: string;
  /** All keys, of which each gateway is told those that its policy names. */
  readonly keys: GatewayKeys;
  /** The user that the gateway of a task is to be; null where it can't be another than this process's. */
  readonly userOf: (task: TaskId) => Promise<number | null>;
  /** The only environment a gateway gets: PATH, and the proxy and CA variables of the host. */
  readonly env: Readonly<Record<string, string>>;
  readonly startMs: number;
  /** Whether a process is kept ready for the next task. */
  readonly spare: boolean;
  readonly closing: AbortSignal;
}

/** A policy with the registries that its image names. */
export type GatewayPolicy = Omit<NetworkPolicy, 'registries'> & { readonly registries: readonly Registry[] };

/** The gateway processes of this engine, one a task. They outlive the broker, and are found again by their working directory. */
export interface Gateways {
  /** Where the socket is; what a container mounts. Made at once, so that a container can be created before the gateway is up. */
  prepare(task: TaskId): Promise<string>;
  /** Makes a folder of these files, by their path, for a container to mount; null for none. What an earlier run had is gone. */
  place(task: TaskId, files: Readonly<Record<string, string>>): Promise<string | null>;
  /** Freezes the policy and has a gateway serve it when this settles; throws `Problem` when it doesn't come up. */
  open(task: TaskId, policy: GatewayPolicy): Promise<void>;
  /** Starts the gateway again where it died, with the policy that it had. */
  revive(task: TaskId): Promise<void>;
  /** Whether somebody listens on the task's socket. */
  isUp(task: TaskId): Promise<boolean>;
  usage(task: TaskId): Promise<Metered | null>;
  traffic(task: TaskId): Promise<Traffic | null>;
  blocked(task: TaskId): Promise<readonly BlockedHost[]>;
  list(): Promise<readonly { task: TaskId; touchedAt: number }[]>;
  /** Ends the process; what it metered stays. */
  end(task: TaskId): Promise<void>;
  /** Ends the process and forgets its meter. */
  remove(task: TaskId): Promise<void>;
}

const maxSocketPathBytes = 107;
const meterSchema = z.object({
  id: z.string().default('first'),
  inputTokens: z.number().nonnegative(),
  outputTokens: z.number().nonnegative(),
  usd: z.number().nonnegative().nullable(),
  usdAtMost: z.number().nonnegative(),
});
const bytes = z.number().nonnegative().default(0);
const trafficSchema = z.object({
  id: z.string().default('first'),
  uploadedBytes: bytes,
  downloadedBytes: bytes,
  modelSentBytes: bytes,
  modelReceivedBytes: bytes,
});
const blockedSchema = z.array(z.object({ host: z.string(), allowable: z.boolean() }));

export function openGateways(options: GatewayOptions): Gateways {
  const homes = gatewayHomes(options.directory);
  const { home, socket, policy: policyPath } = homes;
  const children = gatewayChildren(options);

  async function prepare(task: TaskId): Promise<string> {
    const length = Buffer.byteLength(socket(task));
    if (length > maxSocketPathBytes) {
      throw new Problem({
        code: 'path_too_long',
        sentence: `Errand tried to make a socket at ${socket(task)}, but ${length} bytes are more than a socket's path may have.`,
        next: 'Set ERRAND_DATA_DIR to a shorter path.',
      });
    }
    const user = await options.userOf(task);
    // One of another user could not be told from a stranger's any more once the folder is this user's.
    if (user !== null && ![undefined, 0, user].includes(await homes.userOf(task))) await end(task);
    await homes.make(task, user);
    return homes.socketDirectory(task);
  }

  async function start(task: TaskId, policy: unknown): Promise<void> {
    const user = await options.userOf(task);
    if (user !== null) await homes.handOver(task, user);
    const child = await children.take();
    const keys = keysFor(options.keys, policy);
    child.tell(JSON.stringify({ dir: home(task), uid: user, log: homes.log(task), policy, keys }));
    const { process: served } = child;
    const ended = () => (served.pid === undefined ? 'could not be started' : (served.exitCode ?? served.signalCode));
    const deadline = Date.now() + options.startMs;
    while (!(await answers(socket(task)))) {
      const reason = ended();
      if (reason === null && Date.now() < deadline) {
        await sleep(5);
        continue;
      }
      served.kill('SIGKILL');
      const found = reason === null ? `it did not listen within ${options.startMs} ms` : `it ended at once (${reason})`;
      throw await gatewayProblem(task, found);
    }
  }

  async function gatewayProblem(task: TaskId, found: string): Promise<Problem> {
    const log = await readFile(homes.log(task), 'utf8').catch(absent);
    return new Problem(
      {
        code: 'gateway_down',
        sentence: `Errand tried to start the gateway of ${task}, and found that ${found}.`,
        next: 'Without a gateway no agent runs; its log is beside its folder, below the run folder.',
      },
      { retry: true, cause: log?.slice(-2000) },
    );
  }

  async function processesOf(task: TaskId): Promise<readonly number[]> {
    const own = process.getuid?.() ?? -1;
    const user = own === 0 ? await homes.userOf(task) : undefined;
    const uids = user === undefined ? [own] : [own, user];
    return await findGateway({ entry: options.entry, directory: home(task), uids });
  }

  async function end(task: TaskId): Promise<void> {
    for (const pid of await processesOf(task)) signalTo(pid, 'SIGTERM');
    for (let waitedMs = 0; (await processesOf(task)).length > 0; waitedMs += 10) {
      if (waitedMs === 2000) for (const pid of await processesOf(task)) signalTo(pid, 'SIGKILL');
      if (waitedMs > 5000) throw await gatewayProblem(task, 'the one before it does not end');
      await sleep(10);
    }
    await rm(socket(task), { force: true });
  }

  return {
    prepare,
    end,
    async place(task, files) {
      const folder = homes.settings(task);
      await rm(folder, { recursive: true, force: true });
      for (const [path, content] of Object.entries(files)) await placeFile(folder, path, content);
      return Object.keys(files).length === 0 ? null : folder;
    },
    async open(task, policy) {
      await prepare(task);
      const before = await readJson(policyPath(task));
      const same = JSON.stringify(before) === JSON.stringify(policy);
      if (same && (await answers(socket(task)))) return;
      // A gateway that listens to an older policy, or to nobody any more.
      if (before !== undefined || (await answers(socket(task)))) await end(task);
      await writeJson(policyPath(task), policy);
      await start(task, policy);
    },
    async revive(task) {
      await prepare(task);
      if (await answers(socket(task))) return;
      await end(task);
      const policy = await readJson(policyPath(task));
      if (policy === undefined) throw await gatewayProblem(task, 'its policy is not known any more');
      await start(task, policy);
    },
    isUp: (task) => answers(socket(task)),
    async usage(task) {
      const meter = meterSchema.safeParse(await homes.read(task, 'meter.json'));
      if (!meter.success) return null;
      const { id, ...counted } = meter.data;
      return { meter: id, ...counted };
    },
    async traffic(task) {
      const { data } = trafficSchema.safeParse(await homes.read(task, 'meter.json'));
      if (data === undefined) return null;
      return {
        meter: data.id,
        modelSent: data.modelSentBytes,
        modelReceived: data.modelReceivedBytes,
        hostSent: data.uploadedBytes,
        hostReceived: data.downloadedBytes,
      };
    },
    async blocked(task) {
      const hosts = blockedSchema.safeParse(await homes.read(task, 'blocked.json'));
      return hosts.success ? hosts.data.slice(0, 100).map((each) => ({ ...each, host: each.host.slice(0, 253) })) : [];
    },
    list: homes.list,
    async remove(task) {
      if ((await stat(home(task)).catch(absent)) !== undefined) await end(task);
      await homes.remove(task);
    },
  };
}

/** Whatever the umask: a sandbox's user is nobody that this machine knows. */
async function placeFile(folder: string, path: string, content: string): Promise<void> {
  let parent = folder;
  for (const name of ['', ...dirname(path).split('/')]) {
    parent = join(parent, name);
    await mkdir(parent, { recursive: true });
    await chmod(parent, 0o755);
  }
  await writeFile(join(folder, path), content);
  await chmod(join(folder, path), 0o644);
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path);
    const settle = (is: boolean) => {
      probe.destroy();
      resolve(is);
    };
    probe.once('connect', () => settle(true));
    probe.once('error', () => settle(false));
  });
}
