import type { Gate, Said, TaskLine } from '../task/said.ts';
import type { Part, PullState, Report, Result, Task } from '../task/task.ts';
import { toLine, toPartLine } from './task-line.ts';

/** The results in one repository, each with its gate, and what became of its pull request; by the keys of their messages. */
export function resultsIn(task: Task, part: Part): readonly { readonly key: string; readonly said: Said }[] {
  const { pull } = part;
  if (pull.type === 'none') return [];
  const line = toLine(task);
  const index = task.parts.indexOf(part);
  // A fork can have the very same commit as the repository it was made from.
  const own = index === 0 ? '' : `${index}-`;
  const gates = part.results.map((result) => ({
    key: `gate-${own}${result.head}`,
    said: toResult(task, line, part, pull, result),
  }));
  if (pull.type !== 'merged') return gates;
  const { commit, by } = pull;
  const { number } = pull.pull;
  const merged: Said = { type: 'merged', task: line, part: toPartLine(part), number, commit, by };
  return [...gates, { key: index === 0 ? 'merged' : `merged-${index}`, said: merged }];
}

function toResult(task: Task, line: TaskLine, part: Part, pull: MadePull, result: Result): Said {
  const { number, url, draft } = pull.pull;
  const { run, head, by } = result;
  const said = { type: 'result', task: line, part: toPartLine(part), run, number, url, head, by } as const;
  return {
    ...said,
    ...(draft === undefined ? {} : { draft }),
    report: reportOf(task, part, result),
    gate: toGate(pull, result),
    ...(result.ci === undefined ? {} : { ci: result.ci }),
    unchanged: result.unchanged ?? [],
  };
}

/** Work of this part that is or was held, by the key of its message. */
export function holdOf(task: Task, part: Part): { readonly key: string; readonly said: Said } | null {
  const { hold } = part;
  if (hold === undefined) return null;
  const { head, report, secrets, state } = hold;
  const index = task.parts.indexOf(part);
  const said = { type: 'hold', task: toLine(task), part: toPartLine(part), head, report, secrets, state } as const;
  return { key: `hold-${index === 0 ? '' : `${index}-`}${head}`, said };
}

/** The agent speaks, and spends, once for all of its run: that stands in the first of its results alone. */
function reportOf(task: Task, part: Part, { run, by, report }: Result): Report | null {
  const first = task.parts.find(({ results }) => results.some((other) => other.run === run && other.by === 'run'));
  return report === null || by !== 'run' || first === part
    ? report
    : { ...report, claim: '', usage: null, total: null };
}

type MadePull = Exclude<PullState, { type: 'none' }>;

function toGate(pull: MadePull, result: Result): Gate {
  if (result.head !== pull.pull.head) return { type: 'replaced', head: pull.pull.head };
  switch (pull.type) {
    case 'open':
      if (result.ci?.type === 'held') {
        const { refusal, release } = pull;
        const why = refusal && { sentence: refusal.sentence, next: refusal.next };
        return { type: 'held', by: release?.by ?? null, delay: release?.delay ?? null, refusal: why };
      }
      return pull.refusal === null
        ? { type: 'open' }
        : { type: 'refused', sentence: pull.refusal.sentence, next: pull.refusal.next };
    case 'merging':
      return pull.delay === null
        ? { type: 'merging', by: pull.approval.by }
        : { type: 'delayed', by: pull.approval.by, reason: pull.delay };
    case 'merged':
      return { type: 'merged', by: pull.by };
    case 'closed':
      return { type: 'closed' };
    default:
      return pull satisfies never;
  }
}
