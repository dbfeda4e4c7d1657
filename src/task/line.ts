import type { ChannelId, EngineId, RepositoryName, TaskId, UserId } from './ids.ts';
import type { Task } from './task.ts';

/** A task that waits for a worker, and what decides on its turn. */
export interface WaitingTask {
  readonly id: TaskId;
  readonly requester: UserId;
  readonly channel: ChannelId;
  readonly repositories: readonly RepositoryName[];
  /** When it was queued, epoch milliseconds. */
  readonly since: number;
  /** It takes no turn before: what it waits for is known to last until then. */
  readonly notBefore: number;
  /** Where its latest run was, and its checkout lies; null before the first. */
  readonly home: EngineId | null;
  /** What its people were told of its turn; null while nothing. */
  readonly told: Turn | null;
}

/** Why a queued task waits, and how many go before it. */
export interface Turn {
  readonly ahead: number;
  /** The limit that it waits for; null where it waits for a worker. */
  readonly held: Held | null;
  /** No worker is up that could take it. */
  readonly stranded?: boolean | undefined;
}

export interface Held {
  readonly by: Kind;
  /** A person's id, a channel's, or a repository's name. */
  readonly name: string;
  readonly most: number;
}

export type Kind = 'person' | 'channel' | 'repository';

/** How many runs may be under way at once; null is no limit. */
export interface TurnLimits {
  readonly personRuns: number | null;
  readonly channelRuns: number | null;
  readonly repositoryRuns: number | null;
  /** Where the operator says otherwise for one channel or repository. */
  readonly channels: ReadonlyMap<ChannelId, number | null>;
  readonly repositories: ReadonlyMap<RepositoryName, number | null>;
}

/** All that waits, and of those who wait how many runs they have under way, and when their latest began: by `keyOf`. */
export interface Line {
  readonly waiting: readonly WaitingTask[];
  readonly running: ReadonlyMap<string, number>;
  readonly served: ReadonlyMap<string, number>;
}

export type Parties = Pick<WaitingTask, 'requester' | 'channel' | 'repositories'>;

export function keyOf(kind: Kind, name: string): string {
  return `${kind}:${name}`;
}

/** Everyone whose runs a run of this task counts among, as `keyOf` names them. */
export function partiesOf({ requester, channel, repositories }: Parties): readonly string[] {
  return [
    keyOf('person', requester),
    keyOf('channel', channel),
    ...repositories.map((name) => keyOf('repository', name)),
  ];
}

export function toParties({ requester, origin, parts }: Task): Parties {
  return { requester, channel: origin.channel, repositories: parts.map(({ repository }) => repository) };
}

/** The limits that a run of this task counts against. */
export function limitsOf({ requester, channel, repositories }: Parties, limits: TurnLimits): readonly Held[] {
  const all: readonly { by: Kind; name: string; most: number | null }[] = [
    { by: 'person', name: requester, most: limits.personRuns },
    { by: 'channel', name: channel, most: own(limits.channels.get(channel), limits.channelRuns) },
    ...repositories.map((name) => {
      return { by: 'repository', name, most: own(limits.repositories.get(name), limits.repositoryRuns) } as const;
    }),
  ];
  return all.flatMap(({ most, ...of }) => (most === null ? [] : [{ ...of, most }]));
}

function own(written: number | null | undefined, usual: number | null): number | null {
  return written === undefined ? usual : written;
}

/** The limit that keeps a task from running now; null while there is none. */
export function heldBy(task: WaitingTask, { running }: Line, limits: TurnLimits): Held | null {
  return limitsOf(task, limits).find(({ by, name, most }) => (running.get(keyOf(by, name)) ?? 0) >= most) ?? null;
}

/**
 * Who is next, and who after that: of the people who wait, whoever has the fewest runs; then whose channel has; then whose turn, and
 * whose channel's, was longest ago. So everybody who waits comes before anybody's second turn, nobody waits behind another's twenty, and
 * nobody is passed over for ever: a turn that was waited for stays older than those that come after it. Of one person in one channel
 * the oldest goes first. Leaves out what a limit holds, and what is not to be tried yet. Each step costs as much as there are people who wait.
 */
export function* inTurn(line: Line, limits: TurnLimits, now: number): Generator<WaitingTask, void, void> {
  const queues = toQueues(line.waiting.filter((task) => task.notBefore <= now && heldBy(task, line, limits) === null));
  const running = new Map(line.running);
  const served = new Map(line.served);
  for (let turn = 1; ; turn += 1) {
    const next = first(queues, running, served);
    const task = next?.tasks[next.taken];
    if (next === undefined || task === undefined) return;
    next.taken += 1;
    if (next.taken === next.tasks.length) queues.delete(next);
    for (const key of [next.person, next.channel]) {
      running.set(key, (running.get(key) ?? 0) + 1);
      served.set(key, now + turn);
    }
    yield task;
  }
}

/** What one person has waiting in one channel, the oldest first. */
interface Queue {
  readonly person: string;
  readonly channel: string;
  readonly tasks: readonly WaitingTask[];
  taken: number;
}

function toQueues(waiting: readonly WaitingTask[]): Set<Queue> {
  const queues = new Map<string, WaitingTask[]>();
  for (const task of waiting.toSorted(byAge)) {
    const key = `${task.requester} ${task.channel}`;
    const queue = queues.get(key);
    if (queue === undefined) queues.set(key, [task]);
    else queue.push(task);
  }
  return new Set(
    Array.from(queues.values(), (tasks) => {
      const [{ requester = '', channel = '' } = {}] = tasks;
      return { person: keyOf('person', requester), channel: keyOf('channel', channel), tasks, taken: 0 };
    }),
  );
}

function byAge(one: WaitingTask, other: WaitingTask): number {
  return one.since - other.since || (one.id < other.id ? -1 : 1);
}

function first(
  queues: ReadonlySet<Queue>,
  running: ReadonlyMap<string, number>,
  served: ReadonlyMap<string, number>,
): Queue | undefined {
  let best: { queue: Queue; rank: readonly number[]; head: WaitingTask } | undefined;
  for (const queue of queues) {
    const head = queue.tasks[queue.taken];
    if (head === undefined) continue;
    const turn = (key: string) => Math.max(head.since, served.get(key) ?? 0);
    const { person, channel } = queue;
    const rank = [running.get(person) ?? 0, running.get(channel) ?? 0, turn(person), turn(channel)];
    if (best === undefined || isBefore({ rank, head }, best)) best = { queue, rank, head };
  }
  return best?.queue;
}

function isBefore(
  one: { rank: readonly number[]; head: WaitingTask },
  other: { rank: readonly number[]; head: WaitingTask },
): boolean {
  for (const [at, value] of one.rank.entries()) {
    const difference = value - (other.rank[at] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return byAge(one.head, other.head) < 0;
}

/** How far back a position is told. */
const toldUpTo = 1_000;
/** Positions this near are told exactly. */
export const exactUpTo = 9;

/**
 * What the people of each waiting task are to be told; tasks that are not to be tried yet have a reason of their own. Far back,
 * positions are told by and large: nobody is helped by 137 becoming 136, and each change is a call to Slack.
 */
export function toTurns(line: Line, limits: TurnLimits, now: number): ReadonlyMap<TaskId, Turn> {
  const turns = new Map<TaskId, Turn>();
  for (const task of inTurn(line, limits, now)) {
    turns.set(task.id, { ahead: byAndLarge(turns.size), held: null });
    if (turns.size >= toldUpTo) break;
  }
  for (const task of line.waiting) {
    if (turns.has(task.id) || task.notBefore > now) continue;
    const held = heldBy(task, line, limits);
    turns.set(task.id, held === null ? { ahead: toldUpTo, held } : { ahead: 0, held });
  }
  return turns;
}

function byAndLarge(ahead: number): number {
  if (ahead <= exactUpTo) return ahead;
  const step = 10 ** Math.floor(Math.log10(ahead));
  return Math.floor(ahead / step) * step;
}

export function isSameTurn(one: Turn | null, other: Turn | null): boolean {
  return (
    one?.ahead === other?.ahead &&
    one?.stranded === other?.stranded &&
    one?.held?.by === other?.held?.by &&
    one?.held?.name === other?.held?.name &&
    one?.held?.most === other?.held?.most
  );
}
