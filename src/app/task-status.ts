import type { Status } from '../task/said.ts';
import type { Task } from '../task/task.ts';
import { toTurnLine } from './turn-words.ts';

/** One word for where a task stands; what runs comes before what waits for review. */
export function toStatus(task: Task): Status {
  const { run } = task;
  if (run.type === 'queued') {
    const { reason, turn } = run;
    return { word: 'Queued', reason, ...(turn !== undefined && { turn: toTurnLine(task, turn) }) };
  }
  if (run.type === 'waiting') return { word: 'Waiting for you' };
  if (run.type === 'running') {
    return { word: 'Running', startedAt: run.run.startedAt, activity: run.run.progress.activity };
  }
  const pulls = task.parts.map(({ pull }) => pull);
  const missing = run.outcome?.type === 'changed' ? run.outcome.missing.map(({ repository }) => repository) : [];
  const owed = task.parts
    .filter(({ pull, owed }) => pull.type === 'none' && owed === true)
    .map(({ repository }) => repository);
  if (pulls.some(({ type }) => type === 'merging')) return reviewed(task, 'Merging', []);
  if (run.outcome?.type === 'held') return { word: 'Refused' };
  if (pulls.some(({ type }) => type === 'open')) {
    return run.outcome?.type === 'failed'
      ? { word: 'Failed' }
      : reviewed(task, 'Ready for review', [...new Set([...missing, ...owed])]);
  }
  if (pulls.some(({ type }) => type === 'merged')) return reviewed(task, 'Merged', owed);
  if (pulls.some(({ type }) => type === 'closed')) return reviewed(task, 'Closed', []);
  return { word: outcomeWord(task) };
}

type Reviewed = Extract<Status, { pulls: unknown }>;

/** What the pull requests of a task add up to. */
function reviewed(task: Task, word: Reviewed['word'], failed: Reviewed['failed']): Reviewed {
  const pulls = task.parts.flatMap(({ repository, pull }) =>
    pull.type === 'none' ? [] : [{ repository, number: pull.pull.number, state: pull.type }],
  );
  const by = task.parts.flatMap(({ pull }) => {
    if (word === 'Merging' && pull.type === 'merging') return pull.approval.by;
    return word === 'Merged' && pull.type === 'merged' && pull.by !== null ? pull.by : [];
  });
  return { word, pulls, by: [...new Set(by)], failed };
}

function outcomeWord(task: Task) {
  const outcome = task.run.type === 'idle' ? task.run.outcome : null;
  switch (outcome?.type) {
    case 'stopped':
      return 'Stopped';
    case 'refused':
    case 'held':
      return 'Refused';
    case 'answered':
      return 'Answered';
    case 'failed':
      return 'Failed';
    default:
      return 'Nothing changed';
  }
}
