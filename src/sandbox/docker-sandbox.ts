import type { EngineId, RunId, Sha, TaskId } from '../task/ids.ts';
import type { Metered } from '../task/money.ts';
import type { BlockedHost, Traffic } from '../task/network.ts';
import type { ContainerState, DiskRoom, RunOrder, Sandbox, SetUpOrder } from '../task/ports/sandbox.ts';
import { Problem } from '../task/problem.ts';
import type { Check, SetUp } from '../task/task.ts';
import { checkWalls } from './check-walls.ts';
import { connectEngine } from './docker.ts';
import type { Guard } from './guard.ts';
import { followLog } from './log-records.ts';
import { removeOldImages } from './old-images.ts';
import type { Log, SandboxOptions } from './options.ts';
import { taskOf } from './order.ts';
import { openParts, type Parts, type Surroundings } from './parts.ts';
import { followRecords } from './records.ts';
import { checkRoom, engineRoom } from './room.ts';
import { removeContainer } from './run-once.ts';
import type { Passed } from './self-test.ts';
import { settingUp } from './set-up.ts';
import { startGate } from './start-gate.ts';
import { startRun } from './start-run.ts';
import { StdinLines } from './stdin-lines.ts';
import { checkWork, exportWork } from './stopped-run.ts';

const adoptedAtOnce = 8;

/** Something of a task on this engine, and when it was last touched (epoch milliseconds). */
export interface Trace {
  readonly task: TaskId;
  readonly touchedAt: number;
}

/** Opens the sandboxes of one Docker engine. Nothing is asked of Docker before the first call. */
export function openDockerSandbox(options: SandboxOptions, log: Log, guard?: Guard): DockerSandbox {
  return new DockerSandbox(options, { log, engine: connectEngine(options.dockerHost), guard });
}

/** The `Sandbox` port on one engine. Holds no truth: what it needs after a restart is in labels and beside the workspace. */
export class DockerSandbox implements Sandbox, AsyncDisposable {
  readonly #log: Log;
  readonly #parts: Parts;
  readonly #stdin: StdinLines;
  readonly #settingUp: ReturnType<typeof settingUp>;
  readonly #closing = new AbortController();

  constructor(options: SandboxOptions, given: Omit<Surroundings, 'closing'>) {
    const { log, engine } = given;
    this.#log = log;
    this.#parts = openParts(options, { ...given, closing: this.#closing.signal });
    this.#settingUp = settingUp(this.#parts);
    this.#stdin = new StdinLines(engine);
  }

  async engine(): Promise<EngineId> {
    return (await this.#parts.engine.facts()).id;
  }

  async ready(): Promise<void> {
    const { minFreeBytes } = this.#parts.options;
    checkRoom(await this.room(), minFreeBytes);
    await this.checkWalls('default');
  }

  room(): Promise<readonly DiskRoom[]> {
    return engineRoom(this.#parts.engine, this.#parts.options);
  }

  /** Looks from the inside whether the sandboxes of an image hold, unless that is known; throws `Problem` when they don't. */
  async checkWalls(image: string): Promise<Passed> {
    const { images, options } = this.#parts;
    return await checkWalls(this.#parts, await images.pin(options.images[image] ?? image));
  }

  /** How workspaces are kept from growing on this machine, and why no better. */
  diskWay(): ReturnType<Parts['workspaces']['way']> {
    return this.#parts.workspaces.way();
  }

  /** Takes up what runs already: its gateway, its deadline. To be called once, before the first order. */
  async adopt(): Promise<void> {
    const { containers, gateways, inTurn } = this.#parts;
    // Each may need a gateway: hundreds at once would keep them all from coming up in time.
    const few = startGate(adoptedAtOnce);
    const running = (await containers.list()).filter(({ kind, state }) => kind === 'run' && state === 'running');
    await Promise.all(
      running.map(({ task, run, container }) =>
        few(async () => {
          await inTurn(task, async () => {
            // Whoever clears it away meanwhile ends its gateway, too.
            if ((await containers.state(run)).type === 'running') await gateways.revive(task);
          }).catch((error: unknown) => {
            // Without a gateway it has no network, which is safe; it is tried again while the run is held.
            this.#log('warn', { task, err: error }, 'a running task has lost its gateway');
          });
          await containers.hold(run, container);
        }),
      ),
    );
  }

  setUp(order: SetUpOrder): Promise<readonly SetUp[]> {
    return this.#settingUp.run(order);
  }

  async start(order: RunOrder): Promise<void> {
    await this.#settingUp.settled(order.task);
    return await this.#parts.inTurn(order.task, () => this.#parts.gate(() => startRun(this.#parts, order)));
  }

  async send(run: RunId, line: unknown): Promise<void> {
    await this.#stdin.write(this.#parts.containers.name(run), line);
  }

  async *records(run: RunId, after: number, signal: AbortSignal): AsyncGenerator<unknown> {
    const { engine, containers, workspaces } = this.#parts;
    const container = containers.get(run);
    const workspace = await workspaces.find(taskOf(run));
    if (workspace === undefined) return;
    const { stopped } = await containers.hold(run, container);
    const over = AbortSignal.any([signal, this.#closing.signal]);
    if (workspace.hostPath === null) yield* followLog(engine, container, { after, stopped, signal: over });
    else yield* followRecords({ workspace: workspace.hostPath, run, after, stopped, signal: over });
    if (!signal.aborted) this.#closing.signal.throwIfAborted();
  }

  state(run: RunId): Promise<ContainerState> {
    return this.#parts.containers.state(run);
  }

  cpuMs(run: RunId): Promise<number | null> {
    return this.#parts.containers.cpuMs(run);
  }

  stop(run: RunId, graceMs: number, why?: 'stalled'): Promise<void> {
    const { containers, inTurn } = this.#parts;
    return inTurn(taskOf(run), async () => {
      if (why !== undefined && (await containers.state(run)).type === 'running') await containers.note(run, why);
      await this.#settingUp.end(taskOf(run));
      const ours = (await containers.list({ task: taskOf(run) })).filter((listed) => listed.run === run);
      await Promise.all(ours.map(({ container, kind }) => containers.end(container, kind === 'run' ? graceMs : 0)));
    });
  }

  export(run: RunId, work: { folder: string; start: Sha }, capBytes: number): Promise<string | null> {
    return exportWork(this.#parts, run, work, capBytes);
  }

  check(run: RunId, work: { folder: string; command: string }, timeoutMs: number): Promise<Check> {
    return checkWork(this.#parts, run, work, timeoutMs);
  }

  usage(task: TaskId): Promise<Metered | null> {
    return this.#parts.gateways.usage(task);
  }

  traffic(task: TaskId): Promise<Traffic | null> {
    return this.#parts.gateways.traffic(task);
  }

  blocked(task: TaskId): Promise<readonly BlockedHost[]> {
    return this.#parts.gateways.blocked(task);
  }

  async list(): Promise<readonly { task: TaskId; run: RunId; running: boolean }[]> {
    const { containers } = this.#parts;
    const runs = (await containers.list()).filter(({ kind }) => kind === 'run' || kind === 'setup');
    return runs.map(({ task, run, state }) => ({ task, run, running: state === 'running' }));
  }

  remove(task: TaskId, options: { workspace: boolean }): Promise<void> {
    return this.#parts.inTurn(task, () => this.#remove(task, options));
  }

  /** Removes all of a task unless a container, a gateway or the workspace of it is of `since` (epoch milliseconds) or later; false then. */
  removeUntouched(task: TaskId, since: number): Promise<boolean> {
    const { containers, gateways, workspaces, inTurn } = this.#parts;
    return inTurn(task, async () => {
      const [made, ...kept] = await Promise.all([containers.list({ task }), workspaces.list(), gateways.list()]);
      const touched = kept.flat().filter((trace) => trace.task === task);
      const times = [...made.map(({ createdAt }) => createdAt), ...touched.map(({ touchedAt }) => touchedAt)];
      if (times.some((at) => at >= since)) return false;
      await this.#remove(task, { workspace: true });
      return true;
    });
  }

  async #remove(task: TaskId, options: { workspace: boolean }): Promise<void> {
    const { engine, containers, gateways, setUpGateways, bundles, workspaces, volumes } = this.#parts;
    await this.#settingUp.end(task);
    const ours = await containers.list({ task });
    const removed = ours.map(({ container }) => removeContainer(engine, container));
    await Promise.all([...removed, gateways.end(task), setUpGateways.remove(task)]);
    if (!options.workspace) return;
    await Promise.all([gateways.remove(task), bundles.remove(task), workspaces.remove(task)]);
    // One of another way that this machine went by before.
    await volumes.remove(task);
  }

  /** Everything that tasks have on this engine, oldest knowledge included: what the reaper goes by. */
  async traces(): Promise<readonly Trace[]> {
    const [containers, workspaces, gateways, setUpGateways, bundles, volumes] = await Promise.all([
      this.#parts.containers.list(),
      this.#parts.workspaces.list(),
      this.#parts.gateways.list(),
      this.#parts.setUpGateways.list(),
      this.#parts.bundles.list(),
      this.#parts.volumes.list(),
    ]);
    return [
      ...containers.map(({ task, createdAt }) => ({ task, touchedAt: createdAt })),
      ...workspaces,
      ...gateways,
      ...setUpGateways,
      ...bundles,
      ...volumes,
    ];
  }

  /** Removes what belongs to no task: images of older versions, and what a crash left of trials. */
  async clean(now: number): Promise<void> {
    const { engine, images, options, log, workspaces } = this.#parts;
    await workspaces.clearTrials(now);
    const needed = await Promise.all(Object.values(options.images).map((each) => images.pin(each).catch(() => each)));
    await removeOldImages(engine, { needed, now, log });
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
    await this.#parts.containers.released();
  }
}
