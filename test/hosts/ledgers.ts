import type { EngineId } from '../../src/task/ids.ts';
import type { Task } from '../../src/task/task.ts';
import type { Shared } from './shared.ts';

/** What the ledgers of Slack and the forge, and nobody else, say of one task. */
export interface Verdict {
  readonly repository: string;
  /** Where each run was, in order; a lost one in brackets. */
  readonly runs: readonly string[];
  readonly roots: number;
  /** Results told, and how many there were to tell. */
  readonly told: number;
  readonly toTell: number;
  /** Lines that say of a lost machine, and how many runs were lost. */
  readonly lostTold: number;
  readonly lost: number;
  readonly doubled: number;
  readonly branches: number;
  readonly pulls: number;
  readonly pushes: number;
  readonly holds: boolean;
}

export async function readLedgers(
  { slack, forge, store }: Shared,
  tasks: ReadonlyMap<string, Task>,
  nameOf: (engine: EngineId) => string,
): Promise<readonly Verdict[]> {
  const { messages } = slack.store.workspace;
  const state = await forge.control.viewState();
  const ledger = forge.control.ledger();
  const verdicts = Array.from(tasks, async ([repository, task]): Promise<Verdict> => {
    const events = await store.tasks.events(task.id);
    const failed = events.filter((event) => event.type === 'run_failed');
    const runs = events.flatMap((event) => {
      if (event.type !== 'run_started') return [];
      const name = nameOf(event.engine);
      return failed.some(({ run }) => run === event.run) ? `(${name})` : name;
    });
    const roots = messages.filter(({ text, thread_ts }) => thread_ts === undefined && text.includes(repository));
    const thread = messages.filter(
      ({ thread_ts, user }) => thread_ts === roots[0]?.ts && user === slack.store.workspace.botUserId,
    );
    const results = thread.filter(({ text }) => /Commit `[0-9a-f]{7}`/.test(text));
    const lostTold = thread.filter(({ text }) => text.includes('has not answered')).length;
    const doubled = thread.length - new Set(thread.map(({ text }) => text)).size;
    const found = state.repositories.find(({ name }) => name === repository);
    const own = ledger.filter((entry) => entry.repository === repository);
    const counts = {
      roots: roots.length,
      told: results.length,
      toTell: events.filter(({ type }) => type === 'run_finished').length,
      lostTold,
      lost: failed.length,
      doubled,
      branches: found?.branches.filter(({ name }) => name.startsWith('errand/')).length ?? 0,
      pulls: found?.pulls.length ?? 0,
      pushes: own.filter(({ kind, what }) => kind === 'ref' && what.includes('errand/')).length,
    };
    const holds =
      task.run.type === 'idle' &&
      counts.roots === 1 &&
      counts.told === counts.toTell &&
      counts.lostTold === counts.lost &&
      counts.doubled === 0 &&
      counts.branches === 1 &&
      counts.pulls === 1 &&
      counts.pushes === counts.toTell;
    return { repository, runs, ...counts, holds };
  });
  return (await Promise.all(verdicts)).toSorted((one, other) => one.repository.localeCompare(other.repository));
}
