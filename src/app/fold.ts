import type { RunnerRecord, RunnerResult } from '../../sandbox/protocol.ts';
import { duration } from '../task/amounts.ts';
import { withoutSecrets } from '../task/secrets.ts';
import type { Progress, SetUp, Step, Task } from '../task/task.ts';
import { currentRun } from '../task/transition.ts';

/** Where a run is, seen from outside the sandbox. */
export type Phase = 'preparing' | 'settingUp' | 'working' | 'keeping' | 'checking' | 'opening' | 'done';

/** What the records of a run add up to. */
export interface Folded {
  readonly cursor: number;
  readonly checkedOut: boolean;
  readonly plan: readonly Step[];
  readonly activity: string | null;
  /** A fact about how the run was set up. */
  readonly note: string | null;
  readonly result: RunnerResult | null;
}

export const nothingFolded: Folded = {
  cursor: 0,
  checkedOut: false,
  plan: [],
  activity: null,
  note: null,
  result: null,
};

/** Adds one record. A result that was given stays: nothing after it can change what the run said. */
export function fold(folded: Folded, record: RunnerRecord): Folded {
  const next = { ...folded, cursor: Math.max(folded.cursor, record.n) };
  switch (record.type) {
    case 'checked_out':
      return { ...next, checkedOut: true };
    case 'note':
      return { ...next, note: record.text.replace(/\s+/g, ' ').trim() };
    case 'plan':
      return { ...next, plan: record.steps.map((step) => ({ ...step, title: withoutSecrets(step.title) })) };
    case 'activity':
      return { ...next, activity: oneLine(record.title) };
    case 'message':
    case 'output': {
      const line = oneLine(record.text.trimEnd().split('\n').at(-1) ?? '');
      return line === '' ? next : { ...next, activity: line };
    }
    case 'result':
      return folded.result === null ? { ...next, result: record.result } : next;
    case 'ready':
    case 'session':
    case 'steered':
    case 'question':
      return next;
    default:
      return record satisfies never;
  }
}

/** A secret that an agent prints is for nobody in the thread; more than this of a line is shown nowhere. */
const maxReadChars = 1_000;

function oneLine(text: string): string {
  return withoutSecrets(text.slice(0, maxReadChars)).replace(/\s+/g, ' ').trim().slice(0, 120);
}

const order: readonly Phase[] = ['preparing', 'settingUp', 'working', 'keeping', 'checking', 'opening', 'done'];
const maxPlanSteps = 5;

/** What stands around the agent's own plan, as far as it is known. */
export interface Frame {
  readonly checks: number;
  /** What was set up; null where nothing is to be, undefined before it is known. */
  readonly setUps: readonly SetUp[] | null | undefined;
}

/** The frame of the task's present run. */
export function frameOf(task: Task): Frame {
  const checkouts = task.parts.flatMap(({ checkout }) => checkout ?? []);
  const asked = checkouts.some(({ setup, maintenance }) => (setup ?? maintenance ?? null) !== null);
  return {
    checks: checkouts.reduce((sum, { checks }) => sum + checks.length, 0),
    setUps: asked ? currentRun(task.run)?.setUps : null,
  };
}

/** The plan message: what Errand does around the agent's own plan, eight steps at most. */
export function toProgress(phase: Phase, folded: Folded, { checks, setUps }: Frame): Progress {
  const at = (step: Phase): Step['status'] =>
    order.indexOf(phase) > order.indexOf(step) ? 'complete' : phase === step ? 'in_progress' : 'pending';
  const working = at('working');
  const ready: Step[] =
    setUps === null || setUps?.length === 0
      ? []
      : [{ title: 'Set up', status: at('settingUp'), detail: setUps === undefined ? null : toDetail(setUps) }];
  const agent: Step[] =
    folded.plan.length > 0
      ? shorten(folded.plan, maxPlanSteps - ready.length)
      : [{ title: 'Work on it', status: working, detail: working === 'in_progress' ? folded.activity : null }];
  const check: Step[] =
    checks === 0
      ? []
      : [{ title: checks === 1 ? 'Run the check' : `Run ${checks} checks`, status: at('checking'), detail: null }];
  return {
    steps: [
      { title: 'Prepare the sandbox', status: at('preparing'), detail: folded.note },
      ...ready,
      ...agent,
      ...check,
      { title: 'Open the pull request', status: phase === 'keeping' ? 'in_progress' : at('opening'), detail: null },
    ],
    activity: phase === 'working' ? folded.activity : activityOf[phase],
  };
}

const activityOf: Record<Exclude<Phase, 'working'>, string | null> = {
  preparing: 'Preparing the sandbox',
  settingUp: 'Setting up',
  keeping: 'Taking the work out',
  checking: 'Running the checks',
  opening: 'Opening the pull request',
  done: null,
};

/** How long it took, and which files were set back, so that nobody looks for them in the result. */
function toDetail(setUps: readonly SetUp[]): string {
  const took = duration(setUps.reduce((sum, { durationMs }) => sum + durationMs, 0));
  const changed = [...new Set(setUps.flatMap((each) => each.changed))];
  if (changed.length === 0) return took;
  const more = changed.length > 2 ? ` and ${changed.length - 2} more` : '';
  return `${took}; what it changed in ${changed.slice(0, 2).join(', ')}${more} was set back`;
}

function shorten(plan: readonly Step[], most: number): Step[] {
  if (plan.length <= most) return [...plan];
  const open = plan.findIndex(({ status }) => status !== 'complete');
  const from = Math.max(0, Math.min((open === -1 ? plan.length : open) - 1, plan.length - most));
  return plan.slice(from, from + most);
}
