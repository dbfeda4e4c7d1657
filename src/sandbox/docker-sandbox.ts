import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type Dockerode from 'dockerode';
import { z } from 'zod';
import { inside } from '../../sandbox/protocol.ts';
import { type EngineId, parseRunId, parseTaskId, type RunId, type Sha, type TaskId } from '../task/ids.ts';
import type { ContainerState, RunOrder, Sandbox } from '../task/ports.ts';
import { Problem } from '../task/problem.ts';
import type { Check, Usage } from '../task/task.ts';
import {
  type ContainerOrder,
  checkSpec,
  containerName,
  exportSpec,
  type Kind,
  labels,
  runSpec,
  type Spec,
} from './container-spec.ts';
import { connectEngine, type Engine, ifThere, statusOf } from './docker.ts';
import { bundleDirectory, exportCommand } from './export.ts';
import { readJson, writeJson } from './files.ts';
import { type Gateways, openGateways } from './gateway-process.ts';
import { followLog } from './log-records.ts';
import type { SandboxOptions } from './options.ts';
import { type Admitted, admit, orderSchema, runIdSchema, taskOf } from './order.ts';
import { followRecords } from './records.ts';
import { createContainer, removeContainer, runOnce } from './run-once.ts';
import { startGate } from './start-gate.ts';
import { StdinLines } from './stdin-lines.ts';
import { turns } from './turns.ts';
import { untilStopped } from './watch.ts';
import { openWorkspaces, type Workspace, type Workspaces } from './workspace.ts';

export type Log = (level: 'info' | 'warn', facts: object, message: string) => void;

/** A container of ours, as Docker lists it. */
interface Listed {
  readonly container: Dockerode.Container;
  readonly task: TaskId;
  readonly run: RunId;
  readonly kind: Kind;
  readonly state: string;
  readonly createdAt: number;
}

/** Something of a task on this engine, and when it was last touched (epoch milliseconds). */
export interface Trace {
  readonly task: TaskId;
  readonly touchedAt: number;
}

const exportTimeoutMs = 300_000;
const killedMs = 10_000;
/** How coreutils' `timeout` and CI systems spell it. */
const timedOutCode = 124;
const notesSchema = z.object({ run: runIdSchema });

/** Opens the sandboxes of one Docker engine. Nothing is asked of Docker before the first call. */
export function openDockerSandbox(options: SandboxOptions, log: Log): DockerSandbox {
  const engine = connectEngine(options.dockerHost);
  if (!options.mountable) {
    log('warn', {}, 'workspaces are Docker volumes without a size limit: run the broker as root to have one');
  }
  return new DockerSandbox(options, log, engine);
}

/** The `Sandbox` port on one engine. Holds no truth: what it needs after a restart is in labels and beside the workspace. */
export class DockerSandbox implements Sandbox, AsyncDisposable {
  readonly #options: SandboxOptions;
  readonly #log: Log;
  readonly #engine: Engine;
  readonly #workspaces: Workspaces;
  readonly #gateways: Gateways;
  readonly #bundles: ReturnType<typeof bundleDirectory>;
  readonly #stdin: StdinLines;
  readonly #gate = startGate(availableParallelism());
  readonly #inTurn = turns<TaskId>();
  readonly #watches = new Map<RunId, Promise<void>>();
  readonly #closing = new AbortController();

  constructor(options: SandboxOptions, log: Log, engine: Engine) {
    this.#options = options;
    this.#log = log;
    this.#engine = engine;
    this.#workspaces = openWorkspaces({
      engine,
      instance: options.instance,
      directory: join(options.dataDir, 'workspaces'),
      firstUid: options.firstUid,
      image: Object.values(options.images)[0] ?? '',
      mountable: options.mountable,
    });
    this.#gateways = openGateways({ directory: join(options.runDir, 'g'), ...options.gateway });
    this.#bundles = bundleDirectory(join(options.dataDir, 'bundles'));
    this.#stdin = new StdinLines(engine);
  }

  async engine(): Promise<EngineId> {
    return (await this.#engine.facts()).id;
  }

  /** Takes up what runs already: its gateway, its deadline. To be called once, before the first order. */
  async adopt(): Promise<void> {
    const running = (await this.#listed()).filter(({ kind, state }) => kind === 'run' && state === 'running');
    await Promise.all(
      running.map(async ({ task, run, container }) => {
        await this.#gateways.revive(task).catch((error: unknown) => {
          // Without a gateway it has no network, which is safe; the run ends by its own or its deadline.
          this.#log('warn', { task, err: error }, 'a running task has lost its gateway');
        });
        await this.#hold(run, container);
      }),
    );
  }

  start(order: RunOrder): Promise<void> {
    return this.#inTurn(order.task, () => this.#gate(() => this.#start(order)));
  }

  async #start(order: RunOrder): Promise<void> {
    const { task, run } = order;
    const admitted = await admit(order, this.#options);
    const before = await this.#listed({ task });
    const mine = before.find((listed) => listed.run === run && listed.kind === 'run');
    if (mine?.state === 'running') {
      await this.#gateways.revive(task);
      await this.#hold(run, mine.container);
      return;
    }
    if (mine !== undefined && mine.state !== 'created') return;
    if (before.some((listed) => numberOf(listed.run) > numberOf(run))) throw staleRun(run);
    // One agent a workspace: what an older run left is in the way. Half-made is thrown away and made again.
    await Promise.all(before.map(({ container }) => removeContainer(this.#engine, container)));

    // The gateway takes as long to come up as the container. Without it the run has no network, and nothing tells the
    // runner what to do before this call has settled: they may start together, as long as they fail together.
    const gateway = await this.#gateways.prepare(task);
    const [began, served] = await Promise.allSettled([
      this.#startContainer(order, admitted, gateway),
      this.#gateways.open(task, order.policy),
    ]);
    if (began.status === 'rejected') throw began.reason;
    if (served.status === 'rejected') {
      await removeContainer(this.#engine, began.value);
      throw served.reason;
    }
    await this.#hold(run, began.value);
  }

  async #startContainer(order: RunOrder, admitted: Admitted, gateway: string): Promise<Dockerode.Container> {
    const { task } = order;
    const claimed = await this.#workspaces.claim(task);
    const containerOrder = await this.#containerOrder(order, admitted, claimed);
    const spec = runSpec(containerOrder, { command: this.#options.command, gateway });
    const [created, ...others] = await Promise.allSettled([
      createContainer(this.#engine, spec),
      this.#workspaces.open(task, admitted.limits.workspaceBytes),
      writeJson(join(this.#workspaces.notes(task), 'order.json'), order),
    ]);
    if (created.status === 'rejected') throw created.reason;
    const container = created.value;
    try {
      for (const other of others) if (other.status === 'rejected') throw other.reason;
      await this.#engine.call(`start ${spec.name}`, (abortSignal) => container.start({ abortSignal }));
      return container;
    } catch (error) {
      await removeContainer(this.#engine, container);
      throw error;
    }
  }

  async send(run: RunId, line: unknown): Promise<void> {
    await this.#stdin.write(this.#name(run), line);
  }

  async *records(run: RunId, after: number, signal: AbortSignal): AsyncGenerator<unknown> {
    const container = this.#engine.docker.getContainer(this.#name(run));
    const workspace = await this.#workspaces.find(taskOf(run));
    if (workspace === undefined) return;
    const { stopped } = await this.#hold(run, container);
    const over = AbortSignal.any([signal, this.#closing.signal]);
    if (workspace.hostPath === null) yield* followLog(this.#engine, container, { after, stopped, signal: over });
    else yield* followRecords({ workspace: workspace.hostPath, run, after, stopped, signal: over });
    if (!signal.aborted) this.#closing.signal.throwIfAborted();
  }

  async state(run: RunId): Promise<ContainerState> {
    const container = this.#engine.docker.getContainer(this.#name(run));
    const info = await ifThere(
      this.#engine.call(`look at ${run}`, (abortSignal) => container.inspect({ abortSignal })),
    );
    if (info === undefined || info.State.Status === 'created') return { type: 'absent' };
    if (info.State.Running) return { type: 'running' };
    const code = info.State.ExitCode;
    const note = notesSchema.safeParse(await readJson(this.#timedOutNote(run)));
    return {
      type: 'exited',
      code,
      // Docker also says so when a child was killed and the runner lived on.
      outOfMemory: info.State.OOMKilled && code !== 0,
      timedOut: note.success && note.data.run === run,
    };
  }

  stop(run: RunId, graceMs: number): Promise<void> {
    return this.#inTurn(taskOf(run), async () => {
      const ours = (await this.#listed({ task: taskOf(run) })).filter((listed) => listed.run === run);
      await Promise.all(ours.map(({ container, kind }) => this.#end(container, kind === 'run' ? graceMs : 0)));
    });
  }

  async #end(container: Dockerode.Container, graceMs: number): Promise<void> {
    const signal = (name: string) =>
      ifThere(
        this.#engine.call(`end ${container.id}`, (abortSignal) => container.kill({ signal: name, abortSignal })),
      ).catch((error: unknown) => {
        // Not running: what was wanted.
        if (statusOf(error) !== 409) throw error;
      });
    const stopped = (ms: number) => {
      const over = AbortSignal.any([this.#closing.signal, AbortSignal.timeout(ms)]);
      return untilStopped(this.#engine, container, { signal: over }).then(
        () => true,
        () => false,
      );
    };
    if (graceMs > 0) {
      await signal('SIGTERM');
      if (await stopped(graceMs)) return;
    }
    await signal('SIGKILL');
    if (await stopped(killedMs)) return;
    throw new Problem(
      {
        code: 'docker_error',
        sentence: `Errand tried to end ${container.id}, and Docker still says that it runs ${killedMs / 1000} s after SIGKILL.`,
        next: "Look into Docker's log on that host; the step is tried again.",
      },
      { retry: true },
    );
  }

  async export(run: RunId, start: Sha, capBytes: number): Promise<string | null> {
    const order = await this.#stoppedOrder(run);
    return await this.#bundles.write(run, (write) =>
      this.#once(exportSpec(order, exportCommand(start)), { timeoutMs: exportTimeoutMs, capBytes, write }),
    );
  }

  async check(run: RunId, command: string, timeoutMs: number): Promise<Check> {
    const order = await this.#stoppedOrder(run);
    const suffix = createHash('sha256').update(command).digest('hex').slice(0, 12);
    const script = `cd ${inside.checkout} || exit 125; exec sh -c "$1"`;
    const ended = await this.#once(checkSpec(order, ['sh', '-c', script, 'sh', command], suffix), {
      timeoutMs,
      capBytes: Number.POSITIVE_INFINITY,
      write: async () => {},
    });
    const exitCode = ended.end === 'timed_out' ? timedOutCode : ended.exitCode;
    return { command, exitCode, durationMs: ended.durationMs };
  }

  usage(task: TaskId): Promise<Usage | null> {
    return this.#gateways.usage(task);
  }

  blocked(task: TaskId): Promise<readonly string[]> {
    return this.#gateways.blocked(task);
  }

  async list(): Promise<readonly { task: TaskId; run: RunId; state: ContainerState }[]> {
    const runs = (await this.#listed()).filter(({ kind }) => kind === 'run');
    return await Promise.all(
      runs.map(async ({ task, run, state }) => ({
        task,
        run,
        state: state === 'running' ? ({ type: 'running' } as const) : await this.state(run),
      })),
    );
  }

  remove(task: TaskId, options: { workspace: boolean }): Promise<void> {
    return this.#inTurn(task, async () => {
      const ours = await this.#listed({ task });
      const containers = ours.map(({ container }) => removeContainer(this.#engine, container));
      await Promise.all([...containers, this.#gateways.end(task)]);
      if (!options.workspace) return;
      await Promise.all([this.#gateways.remove(task), this.#bundles.remove(task), this.#workspaces.remove(task)]);
    });
  }

  /** Everything that tasks have on this engine, oldest knowledge included: what the reaper goes by. */
  async traces(): Promise<readonly Trace[]> {
    const [containers, workspaces, gateways, bundles] = await Promise.all([
      this.#listed(),
      this.#workspaces.list(),
      this.#gateways.list(),
      this.#bundles.list(),
    ]);
    return [
      ...containers.map(({ task, createdAt }) => ({ task, touchedAt: createdAt })),
      ...workspaces,
      ...gateways,
      ...bundles,
    ];
  }

  /** Lets go of everything and ends nothing: containers and gateways go on. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(
      new Problem(
        {
          code: 'broker_down',
          sentence: 'The sandbox broker was stopped while it followed a run.',
          next: 'Nothing: the run goes on and is taken up again.',
        },
        { retry: true },
      ),
    );
    this.#stdin[Symbol.dispose]();
    await Promise.allSettled(this.#watches.values());
  }

  /** Holds a running container to its deadline, however often it is asked. `stopped` settles at its end. */
  async #hold(run: RunId, container: Dockerode.Container): Promise<{ stopped: Promise<void> }> {
    const looking = this.#engine.call(`look at ${run}`, (abortSignal) => container.inspect({ abortSignal }));
    const info = await ifThere(looking);
    if (!info?.State.Running) return { stopped: Promise.resolve() };
    const held = this.#watches.get(run);
    if (held !== undefined) return { stopped: held };
    const runMs = Number(info.Config.Labels[labels.runMs]);
    const stopped = untilStopped(this.#engine, container, {
      signal: this.#closing.signal,
      expireInMs: Date.parse(info.State.StartedAt) + runMs - Date.now(),
      expire: async () => {
        this.#log('info', { run, runMs }, 'a run used up its time');
        await writeJson(this.#timedOutNote(run), { run });
        await this.#engine.call(`end ${run}`, (abortSignal) => container.kill({ abortSignal }));
      },
    }).finally(() => this.#watches.delete(run));
    stopped.catch(() => {});
    this.#watches.set(run, stopped);
    return { stopped };
  }

  /** The order of a run whose agent has stopped, with its workspace usable again. */
  async #stoppedOrder(run: RunId): Promise<ContainerOrder> {
    const task = taskOf(run);
    if ((await this.state(run)).type === 'running') {
      throw new Problem({
        code: 'still_running',
        sentence: `Errand tried to look at the work of ${run} while its agent was still running.`,
        next: 'Stop the run first.',
      });
    }
    const workspace = await this.#workspaces.find(task);
    const order = orderSchema.safeParse(await readJson(join(this.#workspaces.notes(task), 'order.json')));
    if (workspace === undefined || !order.success || order.data.run !== run) {
      throw new Problem({
        code: 'workspace_gone',
        sentence: `Errand looked for the workspace of ${run} on this engine, and it is gone or belongs to another run.`,
        next: 'Start the task again.',
      });
    }
    return await this.#containerOrder(order.data, await admit(order.data, this.#options), workspace);
  }

  async #containerOrder(order: RunOrder, admitted: Admitted, workspace: Workspace): Promise<ContainerOrder> {
    return {
      instance: this.#options.instance,
      engine: await this.#engine.facts(),
      task: order.task,
      run: order.run,
      ...admitted,
      uid: workspace.uid,
      workspace: workspace.mount,
      runtime: this.#options.runtime,
    };
  }

  #once(spec: Spec, options: Pick<Parameters<typeof runOnce>[2], 'timeoutMs' | 'capBytes' | 'write'>) {
    return runOnce(this.#engine, spec, { ...options, gate: this.#gate, signal: this.#closing.signal });
  }

  async #listed(only: { task?: TaskId } = {}): Promise<readonly Listed[]> {
    const filters = {
      label: [
        `${labels.instance}=${this.#options.instance}`,
        ...(only.task === undefined ? [] : [`${labels.task}=${only.task}`]),
      ],
    };
    const found = await this.#engine.call('list the containers of Errand', (abortSignal) =>
      this.#engine.docker.listContainers({ all: true, filters, abortSignal }),
    );
    return found.flatMap((info) => {
      const task = parseTaskId(info.Labels[labels.task] ?? '');
      const run = parseRunId(info.Labels[labels.run] ?? '');
      const kind = kindSchema.safeParse(info.Labels[labels.kind]);
      if (task === undefined || run === undefined || !kind.success) return [];
      const container = this.#engine.docker.getContainer(info.Id);
      return [{ container, task, run, kind: kind.data, state: info.State, createdAt: info.Created * 1000 }];
    });
  }

  #timedOutNote(run: RunId): string {
    return join(this.#workspaces.notes(taskOf(run)), 'timed-out.json');
  }

  #name(run: RunId): string {
    return containerName(this.#options.instance, run);
  }
}

const kindSchema = z.enum(['run', 'export', 'check']);

function numberOf(run: RunId): number {
  return Number(run.slice(run.lastIndexOf('-r') + 2));
}

function staleRun(run: RunId): Problem {
  return new Problem({
    code: 'stale_run',
    sentence: `Errand tried to start ${run}, but a newer run of that task is already here.`,
    next: 'Nothing: the newer run goes on.',
  });
}
