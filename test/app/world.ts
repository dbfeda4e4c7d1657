import type { BotDeps, Lease, Log, WorkerDeps } from '../../src/app/deps.ts';
import { narrate } from '../../src/app/narrate.ts';
import type { Choices, KeptDraft } from '../../src/task/draft.ts';
import type { HeardNote } from '../../src/task/health.ts';
import type { Host } from '../../src/task/hosts.ts';
import { type BranchName, type RunId, type Sha, type TaskId, toRunId } from '../../src/task/ids.ts';
import type { Held as HeldBack } from '../../src/task/intake.ts';
import { type Held, keyOf, type Line, type Parties, partiesOf, toParties } from '../../src/task/line.ts';
import type { Grant, Metered } from '../../src/task/money.ts';
import { isUnderReview } from '../../src/task/parts.ts';
import { type Policy, plainRepository } from '../../src/task/policy.ts';
import type { Attestation, Attestations } from '../../src/task/ports/attestations.ts';
import type { ChannelKind, Member } from '../../src/task/ports/directory.ts';
import type { FileSource, FileStore } from '../../src/task/ports/files.ts';
import type { Forge, PullView } from '../../src/task/ports/forge.ts';
import type { Hosts } from '../../src/task/ports/hosts.ts';
import type { Drafts } from '../../src/task/ports/inbox.ts';
import type { Ledger, Standing } from '../../src/task/ports/ledger.ts';
import type { CommitWords, Prepared, Repositories } from '../../src/task/ports/repositories.ts';
import type { Job, RunQueue, WakeOptions } from '../../src/task/ports/run-queue.ts';
import type { ContainerState, RunOrder, Sandbox, SetUpOrder } from '../../src/task/ports/sandbox.ts';
import type { TaskStore } from '../../src/task/ports/task-store.ts';
import type { ThreadMessage } from '../../src/task/ports/thread-reader.ts';
import { Problem } from '../../src/task/problem.ts';
import type { OutboxRow } from '../../src/task/said.ts';
import type { SetUp, Task } from '../../src/task/task.ts';
import { currentRun, transition } from '../../src/task/transition.ts';
import {
  agentPolicy,
  channel,
  engine,
  noTurnLimits,
  providerPolicies,
  pull,
  repository,
  sha,
  task as toTask,
  ts,
} from '../task/example.ts';

const none = { usd: 0, tokens: 0 };
export const base = 'main' as BranchName;

/** A `Problem` as the outside world makes them. */
export function problem(code: string, options: ConstructorParameters<typeof Problem>[1] = {}): Problem {
  return new Problem({ code, sentence: `It is ${code}.`, next: 'Wait.' }, options);
}

/**
 * Everything around the use cases, in memory: the store moves tasks by the real `transition` and tells them by the real
 * `narrate`; the rest does what a test puts in its place.
 */
export class World {
  now = 10_000;
  readonly tasks = new Map<TaskId, Task>();
  readonly said: OutboxRow[] = [];
  readonly woken: { job: Job; options: WakeOptions }[] = [];
  readonly cursors = new Map<RunId, number>();
  readonly members = new Map<string, Member['type']>();
  readonly logged: string[] = [];
  readonly events = new Map<TaskId, Parameters<TaskStore['apply']>[1][]>();
  /** Rows that were delivered, by their message. */
  readonly delivered = new Map<string, { lane: string; key: string; row: OutboxRow }>();
  /** Approvals whose emoji is not there (any more), by message and person. */
  readonly takenOff = new Set<string>();
  channelIs: ChannelKind = 'own';
  /** Whether what one worker does for all of them falls to this one. */
  onDuty = true;
  /** What stands in the channel. */
  readonly messages: ThreadMessage[] = [];
  readonly kept = new Map<string, KeptDraft>();
  readonly chosen = new Map<string, Choices>();
  readonly drafts: Drafts = {
    keep: async (draft) => void this.kept.set(draft.id, draft),
    find: async (id) => this.kept.get(id),
    choices: async (by) => this.chosen.get(by),
    remember: async (by, choices) => void this.chosen.set(by, choices),
  };

  readonly served = new Map<string, number>();
  /** Those that were found in the line and did not wait. */
  readonly outOfLine = new Set<TaskId>();
  readonly #listeners = new Map<TaskId, Set<() => void>>();

  readonly store: TaskStore = {
    create: async (task, rows) => {
      const same = await this.store.findByOrigin(task.origin.key);
      if (same !== undefined) return { created: false, task: same };
      this.tasks.set(task.id, task);
      this.said.push(...rows);
      return { created: true, task };
    },
    find: async (id) => this.tasks.get(id),
    findByOrigin: async (key) => [...this.tasks.values()].find(({ origin }) => origin.key === key),
    findByThread: async (_channel, thread) =>
      [...this.tasks.values()].findLast(({ origin }) => origin.thread === thread),
    apply: async (id, event, options) => {
      const before = this.tasks.get(id);
      if (before === undefined) return { type: 'refused', reason: 'unknown_task', task: undefined };
      if (options?.epoch !== undefined && options.epoch !== before.epoch) {
        return { type: 'refused', reason: 'stale_epoch', task: before };
      }
      const moved = transition(before, event);
      if (!moved.applied) return { type: 'refused', reason: moved.reason, task: before };
      const isFull = (held: Held) => (this.line().running.get(keyOf(held.by, held.name)) ?? 0) >= held.most;
      if (options?.within?.some(isFull)) return { type: 'refused', reason: 'no_room', task: before };
      if (currentRun(before.run)?.id !== currentRun(moved.task.run)?.id) {
        for (const party of partiesOf(toParties(before))) this.served.set(party, this.now);
      }
      this.tasks.set(id, moved.task);
      this.events.set(id, [...(this.events.get(id) ?? []), event]);
      this.said.push(...narrate(moved.task, event, before));
      for (const changed of this.#listeners.get(id) ?? []) changed();
      return { type: 'applied', task: moved.task };
    },
    events: async (id) => this.events.get(id) ?? [],
    open: async () =>
      [...this.tasks.values()].flatMap(({ id, requester, run }) =>
        run.type === 'idle' ? [] : [{ id, requester, queued: run.type === 'queued' }],
      ),
    line: async (also) => this.line(also),
    leaveLine: async (id) => void this.outOfLine.add(id),
    forgetTurns: async () => undefined,
    unsettled: async () =>
      [...this.tasks.values()]
        .filter(({ run, parts }) => run.type !== 'idle' || parts.some(({ pull }) => isUnderReview(pull)))
        .map(({ id }) => id),
    runningOn: async (on) =>
      [...this.tasks.values()].filter(({ run }) => currentRun(run)?.engine === on).map(({ id }) => id),
    recent: async (limit) => [...this.tasks.values()].slice(-limit),
    forget: async () => 0,
    makeRoom: async () => 0,
    watch: async () => undefined,
    deliveredTs: async () => null,
    remember: async () => undefined,
    recall: async () => null,
    cursor: async (run) => this.cursors.get(run) ?? null,
    saveCursor: async (run, cursor) => {
      this.cursors.set(run, cursor);
    },
  };

  /** What Slack gives for a file's id, and what was kept of it. */
  readonly fetched = new Map<string, Awaited<ReturnType<FileSource['fetch']>>>();
  readonly shelf = new Map<string, Uint8Array>();
  shelfFull = false;
  readonly files: FileStore = {
    put: async (id, bytes) => {
      if (this.shelfFull) return false;
      this.shelf.set(id, bytes);
      return true;
    },
    get: async (id) => this.shelf.get(id) ?? null,
  };

  /** Who sends too much, and until when. */
  held: HeldBack | null = null;
  /** What the bot left word of; of whom it has said nothing yet, that they are a member, unless a test takes that away. */
  readonly attested = new Map<string, Attestation>();
  attestsUnasked = true;
  readonly attestations: Attestations = {
    attest: async (seen) => void this.attested.set(seen.person, seen),
    find: async (person) => {
      const known = this.attested.get(person);
      return known ?? (this.attestsUnasked ? { person, type: 'member', groups: [] } : undefined);
    },
  };

  /** Nothing is handed out by itself: a test calls what `work` was given. */
  readonly handlers = new Map<Job['type'], (id: TaskId) => Promise<void>>();
  readonly queue: RunQueue = {
    wake: async (job, options = {}) => {
      this.woken.push({ job, options });
    },
    work: async (type, handle, { signal }) => {
      this.handlers.set(type, (id) => handle({ type, task: id }, signal));
      await new Promise<void>((end) => signal.addEventListener('abort', () => end(), { once: true }));
    },
  };

  /** What is said to be used and reserved; `reserved` has the runs that reserved and did not give back. */
  standing: Standing = { person: { used: none, reserved: none }, everybody: { used: none, reserved: none } };
  readonly reserved = new Map<RunId, Grant>();
  readonly booked: Parameters<Ledger['book']>[0][] = [];
  readonly ledger: Ledger = {
    standing: async () => this.standing,
    reserve: async ({ run }, decide) => {
      const decision = decide(this.standing);
      if (decision.type === 'granted') this.reserved.set(run, decision.grant);
      return decision;
    },
    book: async (order) => void this.booked.push(order),
    release: async (run) => void this.reserved.delete(run),
    reserved: async () => [...this.reserved.keys()],
    days: async () => [],
  };

  /** The other machines there are. */
  readonly machines: Host[] = [];
  /** What the clock that only goes forward shows. */
  elapsedMs = 0;
  readonly hosts: Hosts = {
    beat: async () => ({ type: 'held', leads: this.leads }),
    leave: async () => undefined,
    find: async (id) => this.machines.find((host) => host.engine === id),
    list: async () => this.machines,
  };
  leads = true;
  readonly lease: Omit<Lease, 'leads'> = {
    check: () => undefined,
    during: (signal, _standing, serve) => serve(signal),
    leave: async () => undefined,
  };

  readonly sandbox: Sandbox = {
    engine: async () => engine,
    ready: async () => void (await this.sandbox.engine()),
    setUp: async (_order: SetUpOrder): Promise<readonly SetUp[]> => [],
    start: async (_order: RunOrder): Promise<void> => {},
    send: async (_run: RunId, _line: unknown): Promise<void> => {},
    async *records(_run: RunId, _after: number, _signal: AbortSignal): AsyncGenerator<unknown> {
      yield { n: 1, at: 1, type: 'result', result: { type: 'finished', exitCode: 0, claim: 'Done.', unread: [] } };
    },
    state: async (_run: RunId): Promise<ContainerState> => ({
      type: 'exited',
      code: 0,
      outOfMemory: false,
      timedOut: false,
    }),
    stop: async (_run: RunId, _graceMs: number, _why?: 'stalled'): Promise<void> => {},
    export: async (): Promise<string | null> => '/bundle',
    check: async (_run: RunId, { command }: { command: string }) => ({ command, exitCode: 0, durationMs: 1 }),
    cpuMs: async (_run: RunId): Promise<number | null> => null,
    room: async () => [],
    usage: async (): Promise<Metered | null> => null,
    blocked: async () => [],
    list: async (): Promise<{ task: TaskId; run: RunId; running: boolean }[]> => [],
    remove: async (_task: TaskId, _options: { workspace: boolean }): Promise<void> => {},
  };

  readonly repositories: Repositories = {
    prepare: async (): Promise<Prepared> => ({
      baseBranch: base,
      defaultBranch: base,
      base: sha('0'),
      start: sha('0'),
      remote: null,
      repositories: ['/mirror'],
      rules: {
        setup: null,
        maintenance: null,
        checks: [],
        ci: null,
        network: null,
        allow: null,
        agent: null,
        model: null,
        merge: { method: 'squash', approvers: [], selfApproval: null },
        pullRequest: { draft: false },
        secrets: { ignore: [] },
      },
      workflows: [],
      startHeld: false,
    }),
    import: async (_order: { words: CommitWords; heedIgnore?: boolean }) => ({
      head: sha('b'),
      files: [],
      sensitive: [],
      secrets: { findings: [], count: 0 },
    }),
    release: async (): Promise<Sha> => sha('e'),
    size: async () => ({ files: 1, added: 1, removed: 0 }),
    template: async () => null,
    push: async (): Promise<'pushed' | 'already' | 'moved'> => 'pushed',
    remove: async (_task: TaskId): Promise<void> => {},
    reap: async (): Promise<void> => {},
    reapMirrors: async (): Promise<void> => {},
  };

  readonly forge: Forge = {
    defaultBranch: async () => base,
    identify: async (_repository: string): Promise<number> => 7,
    openPull: async () => pull,
    describePull: async (): Promise<void> => {},
    checkPush: async (): Promise<void> => {},
    markReady: async (): Promise<void> => {},
    findPull: async (_repository: string, _number: number): Promise<PullView> => ({
      ...pull,
      state: 'open',
      commit: null,
      isDraft: false,
    }),
    mergeable: async () => ({ type: 'ready' }) as const,
    merge: async (): Promise<Sha> => sha('c'),
  };

  readonly log: Log = {
    info: (_fields, text) => void this.logged.push(text),
    warn: (_fields, text) => void this.logged.push(text),
    error: (_fields, text) => void this.logged.push(text),
  };

  /** What processes say of themselves. */
  notes: readonly HeardNote[] = [];

  quietMs: number | null = null;

  policy: Policy = {
    command: '/agent',
    repositories: [plainRepository(repository)],
    groups: new Map(),
    channels: new Map(),
    agents: [agentPolicy('claude'), agentPolicy('shell')],
    providers: providerPolicies(),
    environments: ['default'],
    requesters: [],
    onlyChannels: [],
    intake: { personRequests: 30, channelRequests: 120, personTasks: 20, queuedTasks: 200 },
    turns: noTurnLimits,
    approvers: [],
    selfApproval: false,
    budget: { usd: 5, tokens: 20e6, minutes: 30, taskMinutes: 240 },
    maxBudgetUsd: 5,
    day: {
      person: { usd: 50, tokens: 200e6 },
      everybody: { usd: 200, tokens: 800e6 },
      timeZone: 'UTC',
    },
  };

  readonly toAgent: WorkerDeps['toAgent'] = ({ prompt }) => ({
    command: { type: 'shell', script: prompt },
    grants: { providers: [], dummyKey: 'errand-dummy' },
    image: 'default',
  });

  get worker(): WorkerDeps {
    const { store, queue, ledger, sandbox, repositories, forge, files, policy, log, toAgent } = this;
    return {
      ...{ store, queue, ledger, sandbox, repositories, forge, files, policy, log, toAgent, engine },
      attestations: this.attestations,
      duty: { take: async () => this.onDuty },
      hosts: this.hosts,
      lease: { ...this.lease, leads: this.leads },
      awayMs: 600_000,
      elapsedMs: () => this.elapsedMs,
      clock: { now: () => this.now },
      askAgainMs: 1_000,
      quietMs: this.quietMs,
      limits: { memoryBytes: 2 ** 30, cpus: 1, pids: 100, workspaceBytes: 2 ** 30, runMs: 60_000 },
      threadUrl: async () => null,
      during: (work) => work(),
      about: (_what, work) => work(),
      mayPush: async () => undefined,
      author: async ({ requesterName }) => ({ name: requesterName, email: 'asker@localhost', account: null }),
      reap: async () => undefined,
      changes: {
        subscribe: (id, changed) => {
          const own = this.#listeners.get(id) ?? new Set();
          this.#listeners.set(id, own.add(changed));
          return { [Symbol.dispose]: () => void own.delete(changed) };
        },
      },
    };
  }

  get bot(): BotDeps {
    const { store, queue, ledger, files, policy, log } = this;
    const missing = async () => {
      throw new Error('not in this world');
    };
    return {
      ...{ store, queue, ledger, files, policy, log },
      attestations: this.attestations,
      hosts: this.hosts,
      health: { all: async () => ({ now: this.now, notes: this.notes }) },
      turnstile: { pass: async () => this.held },
      fileSource: { fetch: async ({ id }) => this.fetched.get(id) ?? { ok: false, why: 'gone' } },
      outbox: {
        add: missing,
        dirty: missing,
        underWay: missing,
        take: missing,
        attempting: missing,
        delivered: missing,
        release: missing,
        watch: missing,
        findMessage: async (_channel, ts) => this.delivered.get(ts),
      },
      directory: {
        member: async (id) => ({ type: this.members.get(id) ?? 'member', id, name: id }),
        group: async () => new Set(),
        channel: async () => this.channelIs,
      },
      approvals: { stands: async (_channel, message, by) => !this.takenOff.has(`${message} ${by}`) },
      threads: {
        thread: async (_channel, thread) => this.messages.filter((message) => message.thread === thread),
        message: async (_channel, ts) => this.messages.find((message) => message.ts === ts) ?? null,
      },
      drafts: this.drafts,
      clock: { now: () => this.now },
      randomBytes: (size) => new Uint8Array(size).fill(this.tasks.size + 1),
    };
  }

  /** Who waits, and what those who wait have under way. */
  line(_also?: Parties): Line {
    const all = [...this.tasks.values()];
    const running = new Map<string, number>();
    for (const task of all.filter(({ run }) => currentRun(run) !== undefined)) {
      for (const party of partiesOf(toParties(task))) running.set(party, (running.get(party) ?? 0) + 1);
    }
    const waiting = all.flatMap((task) => {
      if (task.run.type !== 'queued') return [];
      const { since, notBefore = 0, turn } = task.run;
      return { ...toParties(task), id: task.id, since, notBefore, home: task.home ?? null, told: turn ?? null };
    });
    return { waiting, running, served: this.served };
  }

  /** Puts a task into the store as it is. */
  has(more: Parameters<typeof toTask>[0] = {}): Task {
    const task = toTask(more);
    this.tasks.set(task.id, task);
    return task;
  }

  /** The same task as it stands now. */
  look({ id }: Pick<Task, 'id'>): Task {
    const task = this.tasks.get(id);
    if (task === undefined) throw new Error(`no task ${id}`);
    return task;
  }

  /** A task whose first run was claimed. */
  async running(more: Parameters<typeof toTask>[0] = {}): Promise<Task> {
    const { id, runs } = this.has(more);
    const number = runs + 1;
    await this.store.apply(id, { type: 'run_started', run: toRunId(id, number), number, engine, at: this.now });
    return this.look({ id });
  }
}

export const asked = { key: 'act', channel, thread: null, at: 20_000 };
export const inThread = { ...asked, thread: ts(1), message: ts(5) };
