import { join } from 'node:path';
import type Dockerode from 'dockerode';
import { z } from 'zod';
import { parseRunId, parseTaskId, type RunId, type TaskId } from '../task/ids.ts';
import type { ContainerState } from '../task/ports/sandbox.ts';
import { Problem } from '../task/problem.ts';
import { containerName, type Kind, labels } from './container-spec.ts';
import { type Engine, ifThere, statusOf } from './docker.ts';
import { readJson, writeJson } from './files.ts';
import type { Log } from './options.ts';
import { runIdSchema, taskOf } from './order.ts';
import { ranForMs } from './ran-for.ts';
import { untilStopped } from './watch.ts';

/** A container of ours, as Docker lists it. */
export interface Listed {
  readonly container: Dockerode.Container;
  readonly task: TaskId;
  readonly run: RunId;
  readonly kind: Kind;
  readonly state: string;
  readonly createdAt: number;
}

export interface ContainersOptions {
  readonly engine: Engine;
  readonly instance: string;
  /** Where notes about a task are kept. */
  readonly notes: (task: TaskId) => string;
  readonly log: Log;
  /** Lets go of every container that is watched. */
  readonly closing: AbortSignal;
  /** Hears once of each run that is held here, and may end it. */
  readonly held: (run: RunId, container: Dockerode.Container, stopped: Promise<void>) => Promise<void>;
}

const cpuSchema = z.object({ cpu_stats: z.object({ cpu_usage: z.object({ total_usage: z.number() }) }) });
const killedMs = 10_000;
const kindSchema = z.enum(['run', 'setup', 'scan', 'export', 'check', 'helper']);
const notesSchema = z.object({ run: runIdSchema, why: z.enum(['time', 'disk', 'stalled']).default('time') });

/** The containers of this instance on one engine: found, watched, held to their deadlines and ended. */
export class Containers {
  readonly #options: ContainersOptions;
  readonly #engine: Engine;
  readonly #watches = new Map<RunId, Promise<void>>();

  constructor(options: ContainersOptions) {
    this.#options = options;
    this.#engine = options.engine;
  }

  /** The name of a run's container. */
  name(run: RunId): string {
    return containerName(this.#options.instance, run);
  }

  /** A run's container, whether it is there or not. */
  get(run: RunId): Dockerode.Container {
    return this.#engine.docker.getContainer(this.name(run));
  }

  async list(only: { task?: TaskId } = {}): Promise<readonly Listed[]> {
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

  async state(run: RunId): Promise<ContainerState> {
    const container = this.get(run);
    const info = await ifThere(
      this.#engine.call(`look at ${run}`, (abortSignal) => container.inspect({ abortSignal })),
    );
    if (info === undefined || info.State.Status === 'created') return { type: 'absent' };
    if (info.State.Running) return { type: 'running' };
    const code = info.State.ExitCode;
    const note = notesSchema.safeParse(await readJson(this.#endedNote(run)));
    const why = note.success && note.data.run === run ? note.data.why : null;
    return {
      type: 'exited',
      code,
      // Docker also says so when a child was killed and the runner lived on.
      outOfMemory: info.State.OOMKilled && code !== 0,
      timedOut: why === 'time',
      ...(why === 'disk' && { outOfDisk: true }),
      ...(why === 'stalled' && { stalled: true }),
    };
  }

  /** Holds a running container to its deadline, however often it is asked. `stopped` settles at its end. */
  async hold(run: RunId, container: Dockerode.Container): Promise<{ stopped: Promise<void> }> {
    const looking = this.#engine.call(`look at ${run}`, (abortSignal) => container.inspect({ abortSignal }));
    const info = await ifThere(looking);
    if (!info?.State.Running) return { stopped: Promise.resolve() };
    const { Pid, StartedAt } = info.State;
    const ranMs = await ranForMs({ id: info.Id, pid: Pid, startedAt: StartedAt });
    return this.holdBegun(run, container, { ranMs, runMs: Number(info.Config.Labels[labels.runMs]) });
  }

  /** As `hold`, for whoever knows how long it has run and for how long it may. */
  holdBegun(
    run: RunId,
    container: Dockerode.Container,
    { ranMs, runMs }: { ranMs: number; runMs: number },
  ): { stopped: Promise<void> } {
    const held = this.#watches.get(run);
    if (held !== undefined) return { stopped: held };
    const stopped = untilStopped(this.#engine, container, {
      signal: this.#options.closing,
      expireInMs: runMs - ranMs,
      expire: async () => {
        this.#options.log('info', { run, runMs }, 'a run used up its time');
        await this.note(run, 'time');
        await this.#engine.call(`end ${run}`, (abortSignal) => container.kill({ abortSignal }));
      },
    }).finally(() => this.#watches.delete(run));
    stopped.catch(() => {});
    this.#watches.set(run, stopped);
    this.#options
      .held(run, container, stopped)
      .catch((error: unknown) => this.#options.log('warn', { run, err: error }, 'a run could not be watched'));
    return { stopped };
  }

  /** The processor time that a run has had; null where it doesn't run. */
  async cpuMs(run: RunId): Promise<number | null> {
    const container = this.get(run);
    const found = await ifThere(
      this.#engine.call(`measure ${run}`, (abortSignal) => {
        // The library takes a signal here, its typings don't.
        const options = { ...({ stream: false, 'one-shot': true } as const), abortSignal };
        return container.stats(options);
      }),
    );
    const total = cpuSchema.safeParse(found).data?.cpu_stats.cpu_usage.total_usage ?? 0;
    // Docker answers with noughts for what has ended.
    return total === 0 ? null : total / 1e6;
  }

  /** Keeps why this Errand ends a run by force, before it does. */
  async note(run: RunId, why: z.output<typeof notesSchema>['why']): Promise<void> {
    await writeJson(this.#endedNote(run), { run, why });
  }

  /** SIGTERM where there is a grace, then SIGKILL; throws `Problem` when the container outlives that. */
  async end(container: Dockerode.Container, graceMs: number): Promise<void> {
    const signal = (name: string) =>
      ifThere(
        this.#engine.call(`end ${container.id}`, (abortSignal) => container.kill({ signal: name, abortSignal })),
      ).catch((error: unknown) => {
        // Not running: what was wanted.
        if (statusOf(error) !== 409) throw error;
      });
    const stopped = (ms: number) => {
      const over = AbortSignal.any([this.#options.closing, AbortSignal.timeout(ms)]);
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

  /** Settles when no container is watched any more: at their ends, or after `closing`. */
  async released(): Promise<void> {
    await Promise.allSettled(this.#watches.values());
  }

  #endedNote(run: RunId): string {
    return join(this.#options.notes(taskOf(run)), 'ended.json');
  }
}
