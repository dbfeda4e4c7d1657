import { setTimeout as delay } from 'node:timers/promises';
import { seed } from '../../src/local/slack/workspace.ts';
import type { Task } from '../../src/task/task.ts';
import type { ErrandUnderTest } from '../support/errand.ts';
import { type Planned, toRequest } from './plan.ts';
import { type Post, type Threads, until } from './thread.ts';

/** How a request ended, as its thread and its pull request have it. */
export type Outcome = 'merged' | 'closed' | 'unchanged' | 'failed' | 'stopped';

export interface Ended {
  readonly planned: Planned;
  /** What the request was called in the end: one that was not acknowledged is sent again under another name. */
  readonly title: string;
  readonly outcome: Outcome | null;
  /** What it waited for in vain. */
  readonly missing: string | null;
  readonly ms: number;
}

export interface Ground {
  readonly errand: ErrandUnderTest;
  readonly threads: Threads;
  readonly channels: readonly string[];
}

const rootWithinMs = 120_000;
const runWithinMs = 360_000;
const mergeWithinMs = 240_000;

/** Asks, reads what comes and answers as a person would, until the request has ended. */
export async function play(ground: Ground, planned: Planned): Promise<Ended> {
  const before = performance.now();
  const title = await ask(ground, planned);
  const ended = (outcome: Outcome | null, missing: string | null = null): Ended => ({
    planned,
    title,
    outcome,
    missing,
    ms: performance.now() - before,
  });
  const root = await until(() => ground.threads.root(title), rootWithinMs);
  if (root === undefined) return ended(null, 'a root message');
  if (planned.kind === 'stop') {
    await delay(planned.seconds * 500);
    react(ground, root, seed.ada, 'octagonal_sign');
  }
  const end = await nextEnd(ground, title, 0);
  if (end === undefined) return ended(null, 'an outcome');
  if (end.key.startsWith('ending-')) return ended(await spoken(ground, end));
  if (planned.kind === 'close') return closed(ground, title, ended);
  let gate = end;
  if (planned.kind === 'follow') {
    const text = `Also:\n\`\`\`sh\necho again >> notes/follow-${title.slice(-4)}.txt\n\`\`\``;
    ground.errand.slack.people.message({ user: seed.ada, channel: root.channel, thread_ts: root.ts, text });
    const second = await nextEnd(ground, title, 1);
    if (second === undefined) return ended(null, 'an outcome of the reply');
    // What a run failed at leaves the first gate as it was.
    if (second.key.startsWith('gate-')) gate = second;
  }
  react(ground, gate, seed.grace, 'white_check_mark');
  const merged = await until(() => ground.threads.of(title, 'merged')[0], mergeWithinMs);
  return merged === undefined ? ended(null, 'a merge') : ended('merged');
}

async function ask({ errand, threads, channels }: Ground, planned: Planned): Promise<string> {
  const channel = channels[Math.floor(planned.place * channels.length)] ?? seed.dev;
  const { people } = errand.slack;
  for (const title of [planned.title, `${planned.title} again`]) {
    const text = toRequest({ ...planned, title });
    if (planned.by === 'mention') {
      people.message({ user: seed.ada, channel, text: `<@${seed.bot}> ${text}` });
      return title;
    }
    const { error } = await people.command({ user: seed.ada, channel, command: '/agent', text });
    // With Redis away it is acknowledged, and the words are given back. It may have been stored right before its acknowledgement was lost.
    const givenBack = () => errand.slack.store.ephemerals.some((each) => JSON.stringify(each).includes(`${title}.`));
    const seen = () => (threads.root(title) !== undefined ? 'taken' : givenBack() ? 'given back' : undefined);
    const became = await until(seen, error === null ? rootWithinMs : 20_000);
    if (became === 'taken' || (became === undefined && error === null)) return title;
  }
  const last = { ...planned, by: 'mention' as const };
  people.message({
    user: seed.ada,
    channel,
    text: `<@${seed.bot}> ${toRequest({ ...last, title: `${planned.title} again` })}`,
  });
  return `${planned.title} again`;
}

function react({ errand }: Ground, { channel, ts }: Post, user: string, name: string): void {
  errand.slack.people.reaction({ user, channel, ts, name, present: true });
}

/** The gate or ending of a run, after so many others. */
function nextEnd({ threads }: Ground, title: string, after: number): Promise<Post | undefined> {
  const ends = () => [...threads.of(title, 'gate-'), ...threads.of(title, 'ending-')].toSorted(byTime);
  return until(() => ends()[after], runWithinMs);
}

function byTime(a: Post, b: Post): number {
  return Number(a.ts) - Number(b.ts);
}

async function closed(
  ground: Ground,
  title: string,
  ended: (outcome: Outcome | null, missing?: string) => Ended,
): Promise<Ended> {
  const pullOf = (task: Task | undefined) => task?.parts[0].pull;
  const open = await until(async () => {
    const pull = pullOf(await taskOf(ground, title));
    return pull?.type === 'open' ? pull.pull.number : undefined;
  }, mergeWithinMs);
  const task = await taskOf(ground, title);
  if (open === undefined || task === undefined) return ended(null, 'an open pull request');
  await ground.errand.forge.control.closePull(task.parts[0].repository, open);
  const seen = await until(
    async () => pullOf(await taskOf(ground, title))?.type === 'closed' || undefined,
    mergeWithinMs,
  );
  return seen === undefined ? ended(null, 'word that it was closed') : ended('closed');
}

async function taskOf({ errand, threads }: Ground, title: string): Promise<Task | undefined> {
  const id = threads.task(title);
  // Redis may be away just now.
  return id === undefined ? undefined : errand.tasks.find(id).catch(() => undefined);
}

/** By its first word, as whoever reads a thread knows an ending. */
async function spoken({ errand }: Ground, { channel, ts }: Post): Promise<Outcome> {
  const text = errand.slack.store.workspace.messages.find((each) => each.channel === channel && each.ts === ts)?.text;
  if (text?.startsWith('Nothing changed') === true) return 'unchanged';
  if (text?.startsWith('Stopped') === true) return 'stopped';
  return 'failed';
}
