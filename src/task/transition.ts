import type { PullEvent, TaskEvent } from './events.ts';
import { isBeingPushed, moveHold, withoutHolds } from './hold.ts';
import { type RunId, toRunId } from './ids.ts';
import { isSameTurn } from './line.ts';
import { atEveryPart, ciOf, heldResult } from './parts.ts';
import { givenUp } from './problem.ts';
import { addMetered, forNextRun } from './spending.ts';
import {
  type Allowed,
  type Head,
  maxAttempts,
  maxBlocked,
  type Outcome,
  type Part,
  type PullState,
  type Result,
  type Run,
  type RunState,
  type Task,
} from './task.ts';

/** Why an event changed nothing. Duplicates and late events are normal, so this is a value and not an exception. */
export type Refusal =
  | 'duplicate'
  | 'stale_run'
  | 'not_queued'
  | 'not_running'
  | 'not_idle'
  | 'being_pushed'
  | 'no_question'
  | 'no_such_repository'
  | 'no_pull_request'
  | 'pull_request_ended'
  | 'older_head'
  | 'already_merging'
  | 'ci_held'
  | 'ci_not_held'
  | 'not_merging'
  | 'not_blocked';

export type Transition =
  | { readonly applied: true; readonly task: Task }
  | { readonly applied: false; readonly reason: Refusal };

/** Moves a task by one event. Total and pure: every pair of state and event has an answer, and none throws. */
export function transition(task: Task, event: TaskEvent): Transition {
  switch (event.type) {
    case 'task_created':
      return refused('duplicate');
    case 'message_added': {
      if (task.spec.some((message) => message.key === event.message.key)) return refused('duplicate');
      const extended = { ...task, spec: [...task.spec, event.message] };
      const wakes = task.run.type === 'idle' && event.message.trust === 'steering';
      return applied(wakes ? queued(extended, event.at, null) : extended);
    }
    case 'run_started': {
      if (task.run.type !== 'queued') return refused('not_queued');
      if (event.number !== task.runs + 1) return refused('stale_run');
      if (isBeingPushed(task)) return refused('being_pushed');
      const run: Run = {
        id: event.run,
        number: event.number,
        engine: event.engine,
        startedAt: event.at,
        from: task.taken,
        progress: { steps: [], activity: null },
        allowance: event.allowance ?? null,
      };
      return applied({
        ...atEveryPart(task, (part) => ({ ...part, checkout: null })),
        runs: event.number,
        epoch: task.epoch + 1,
        home: event.engine,
        spending: forNextRun(task.spending),
        run: { type: 'running', run },
      });
    }
    case 'metered': {
      if (event.run !== toRunId(task.id, task.runs)) return refused('stale_run');
      const spending = addMetered(task.spending, event.metered, event.durationMs);
      const same = JSON.stringify(spending) === JSON.stringify(task.spending);
      return same ? refused('duplicate') : applied({ ...task, spending });
    }
    case 'checkout_prepared':
      return duringRun(task, event.run, () =>
        atEveryPart({ ...task, ...event.choice }, (part) => {
          const { checkout } = event.checkouts.find(({ repository }) => repository === part.repository) ?? part;
          if (checkout === null) return part;
          const repositoryId = part.repositoryId ?? checkout.repositoryId;
          return { ...part, base: checkout.baseBranch, checkout, ...(repositoryId !== undefined && { repositoryId }) };
        }),
      );
    case 'set_up':
      return duringRun(task, event.run, (run, state) =>
        run.setUps === undefined ? { ...task, run: { ...state, run: { ...run, setUps: event.setUps } } } : undefined,
      );
    case 'messages_taken':
      return duringRun(task, event.run, () => {
        const taken = Math.min(event.taken, task.spec.length);
        return taken > task.taken ? { ...task, taken } : undefined;
      });
    case 'session_opened':
      return duringRun(task, event.run, () =>
        task.session === event.session ? undefined : { ...task, session: event.session },
      );
    case 'progressed':
      return duringRun(task, event.run, (run, state) => ({
        ...task,
        run: { ...state, run: { ...run, progress: event.progress } },
      }));
    case 'question_asked':
      return duringRun(task, event.run, (run, state) =>
        state.type === 'waiting' ? undefined : { ...task, run: { type: 'waiting', run, question: event.question } },
      );
    case 'answer_given':
    case 'question_expired': {
      const state = task.run;
      if (state.type !== 'waiting' || state.question.id !== event.question) return refused('no_question');
      return duringRun(task, event.run, (run) => ({ ...task, run: { type: 'running', run } }));
    }
    case 'run_finished':
      return duringRun(task, event.run, (run) => {
        const { outcome } = event;
        const known = withoutHolds(task, (hold) => hold.run === run.number);
        const reported = outcome.type === 'changed' ? withResults(known, run, outcome) : known;
        return ended({ ...withOwed(reported, outcome), attempt: 0 }, event.at, outcome);
      });
    case 'work_held':
      return duringRun(task, event.run, () => {
        const { repository, hold } = event;
        const part = task.parts.find((each) => each.repository === repository);
        if (part === undefined || part.hold?.head === hold.head) return undefined;
        const held = { ...part, hold: { ...hold, state: { type: 'open', refusal: null } } } as const;
        return atEveryPart(task, (each) => (each === part ? held : each));
      });
    case 'hold_released':
    case 'hold_refused':
    case 'hold_pushed':
      return moveHold(task, event);
    case 'run_failed': {
      const current = currentRun(task.run);
      if (task.run.type === 'idle') return refused('not_running');
      if ((current?.id ?? null) !== event.run) return refused('stale_run');
      if (event.retry && task.attempt + 1 < maxAttempts) {
        // The next attempt is told the same again.
        const again = { ...task, taken: current?.from ?? task.taken, attempt: task.attempt + 1 };
        const next = queued(again, event.at, event.problem.sentence);
        return applied(event.until === undefined ? next : { ...next, run: { ...next.run, notBefore: event.until } });
      }
      const problem = event.retry ? givenUp(event.problem) : event.problem;
      const outcome = { type: 'failed', problem, kept: [], report: null } as const;
      // What a failed run was started with must not start the next one for being unread: that would never end.
      const newer = task.spec.findIndex((message) => current !== undefined && message.at > current.startedAt);
      const taken = Math.max(task.taken, newer === -1 ? task.spec.length : newer);
      return applied(ended({ ...task, taken, attempt: 0 }, event.at, outcome));
    }
    case 'run_delayed': {
      if (task.run.type !== 'queued') return refused('not_queued');
      const { reason, until = task.run.notBefore } = event;
      if (task.run.reason === reason && task.run.notBefore === until) return refused('duplicate');
      // What it waits for is said instead of its turn.
      const { turn: _, ...rest } = task.run;
      return applied({ ...task, run: { ...rest, reason, ...(until !== undefined && { notBefore: until }) } });
    }
    case 'turn_told': {
      if (task.run.type !== 'queued') return refused('not_queued');
      const { turn = null, ...rest } = task.run;
      if (isSameTurn(turn, event.turn)) return refused('duplicate');
      return applied({ ...task, run: event.turn === null ? rest : { ...rest, turn: event.turn } });
    }
    case 'retried': {
      if (task.run.type !== 'idle') return refused('not_idle');
      // Anew, and so not from what an earlier run left.
      const anew = withoutHolds(task, ({ state }) => state.type !== 'open');
      return applied(queued({ ...anew, taken: 0 }, event.at, null));
    }
    case 'stopped': {
      if (task.run.type === 'idle') return refused('not_running');
      return applied({
        ...task,
        attempt: 0,
        taken: task.spec.length,
        run: { type: 'idle', outcome: { type: 'stopped', by: event.by, kept: [] } },
      });
    }
    case 'hosts_blocked':
      return duringRun(task, event.run, ({ number }) => {
        const { approvable } = event;
        // One that nobody could allow is told again once somebody can.
        const isNew = (host: string) =>
          !task.blocked?.some((each) => each.host === host && (approvable === false || each.approvable !== false));
        const fresh = event.hosts.filter(({ host }) => isNew(host));
        const known = (task.blocked ?? []).filter((each) => fresh.every(({ host }) => host !== each.host));
        const added = fresh
          .slice(0, maxBlocked - known.length)
          .map((each) => ({ ...each, run: number, ...(approvable === false && { approvable }) }));
        return added.length === 0 ? undefined : { ...task, blocked: [...known, ...added] };
      });
    case 'host_allowed': {
      const { allowed = [], blocked = [] } = task;
      if (allowed.some(({ host, until }) => host === event.host && until === undefined)) return refused('duplicate');
      if (!blocked.some(({ host, allowable }) => host === event.host && allowable)) return refused('not_blocked');
      const { host, by, byName } = event;
      return applied({ ...task, allowed: [...allowed, { host, by, byName, runs: task.runs }] });
    }
    case 'hosts_closed':
      return duringRun(task, event.run, ({ number }) => {
        const { allowed = [] } = task;
        const closes = ({ host, until }: Allowed) => until === undefined && event.hosts.includes(host);
        if (!allowed.some(closes)) return undefined;
        return { ...task, allowed: allowed.map((each) => (closes(each) ? { ...each, until: number } : each)) };
      });
    case 'work_kept': {
      const outcome = task.run.type === 'idle' ? task.run.outcome : null;
      if (outcome === null || (outcome.type !== 'stopped' && outcome.type !== 'failed')) return refused('not_idle');
      const { kept } = event;
      const known = ({ repository, head }: Head) =>
        outcome.kept.some((each) => each.repository === repository && each.head === head);
      if (kept.every(known)) return refused('duplicate');
      return applied({ ...task, run: { type: 'idle', outcome: { ...outcome, kept } } });
    }
    case 'pull_request_opened':
    case 'pull_request_ready':
    case 'head_moved':
    case 'ci_requested':
    case 'ci_released':
    case 'ci_delayed':
    case 'ci_refused':
    case 'merge_approved':
    case 'merge_refused':
    case 'merge_delayed':
    case 'pull_request_merged':
    case 'pull_request_closed':
      return movePull(task, event);
    case 'time_passed':
      return task.run.type === 'idle' ? refused('not_running') : applied(task);
    case 'continued':
      return applied(task);
    default:
      return event satisfies never;
  }
}

function movePull(task: Task, event: PullEvent): Transition {
  const part = task.parts.find(({ repository }) => repository === event.repository);
  if (part === undefined) return refused('no_such_repository');
  const state = part.pull;
  const put = (moved: Part) => applied(atEveryPart(task, (each) => (each === part ? moved : each)));
  const to = (pull: PullState) => put({ ...part, pull });
  if (event.type === 'pull_request_opened') {
    if (state.type === 'none') return to({ type: 'open', pull: event.pull, refusal: null });
    const reopened = state.type === 'closed' && state.pull.number === event.pull.number;
    return reopened ? to({ type: 'open', pull: event.pull, refusal: null }) : refused('duplicate');
  }
  if (state.type === 'none') return refused('no_pull_request');
  const { pull } = state;
  if (state.type === 'merged' || state.type === 'closed') {
    const again = event.type === 'pull_request_merged' && state.type === 'merged';
    const closedAgain = event.type === 'pull_request_closed' && state.type === 'closed';
    return refused(again || closedAgain ? 'duplicate' : 'pull_request_ended');
  }
  switch (event.type) {
    case 'head_moved': {
      if (event.head === pull.head) return refused('duplicate');
      const moved: Part = { ...part, pull: { type: 'open', pull: { ...pull, head: event.head }, refusal: null } };
      if (event.by === 'run') return put(moved);
      const ci = event.by === 'kept' ? ciOf(part, event.head) : undefined;
      const result = { run: task.runs, head: event.head, by: event.by, report: null, ...(ci && { ci }) };
      return put(withResult(moved, result));
    }
    case 'pull_request_ready': {
      if (pull.draft !== 'draft') return refused('duplicate');
      const { draft: _, ...ready } = pull;
      return to({ ...state, pull: ready });
    }
    case 'ci_requested':
      if (event.head !== pull.head) return refused('older_head');
      if (state.type !== 'open') return refused('already_merging');
      if (heldResult(part) === undefined) return refused('ci_not_held');
      if (state.release !== undefined) return refused('duplicate');
      return to({ type: 'open', pull, refusal: null, release: { by: event.by, delay: null } });
    case 'ci_released':
    case 'ci_delayed':
    case 'ci_refused':
      return release(part, event, put);
    case 'merge_approved':
      if (event.approval.head !== pull.head) return refused('older_head');
      if (heldResult(part) !== undefined) return refused('ci_held');
      if (state.type === 'merging') return refused('already_merging');
      return to({ type: 'merging', pull, approval: event.approval, delay: null });
    case 'merge_refused':
      if (state.type !== 'merging') return refused('not_merging');
      return event.head === pull.head ? to({ type: 'open', pull, refusal: event.problem }) : refused('older_head');
    case 'merge_delayed':
      if (state.type !== 'merging') return refused('not_merging');
      if (event.head !== pull.head) return refused('older_head');
      return state.delay === event.reason ? refused('duplicate') : to({ ...state, delay: event.reason });
    case 'pull_request_merged':
      return to({ type: 'merged', pull, commit: event.commit, by: event.by });
    case 'pull_request_closed':
      return to({ type: 'closed', pull });
    default:
      return event satisfies never;
  }
}

function release(
  part: Part,
  event: Extract<PullEvent, { type: 'ci_released' | 'ci_delayed' | 'ci_refused' }>,
  put: (moved: Part) => Transition,
): Transition {
  const { pull: state } = part;
  const held = heldResult(part);
  if (state.type !== 'open' || state.release === undefined || held === undefined) return refused('ci_not_held');
  const { pull } = state;
  if ((event.type === 'ci_released' ? event.from : event.head) !== pull.head) return refused('older_head');
  switch (event.type) {
    case 'ci_released': {
      const { unchanged: _, ...same } = held;
      const ci = { type: 'released', from: event.from, by: state.release.by } as const;
      const moved: Part = { ...part, pull: { type: 'open', pull: { ...pull, head: event.head }, refusal: null } };
      return put(withResult(moved, { ...same, head: event.head, ci }));
    }
    case 'ci_delayed':
      if (state.release.delay === event.reason) return refused('duplicate');
      return put({ ...part, pull: { ...state, release: { ...state.release, delay: event.reason } } });
    case 'ci_refused':
      return put({ ...part, pull: { type: 'open', pull, refusal: event.problem } });
    default:
      return event satisfies never;
  }
}

export function currentRun(state: RunState): Run | undefined {
  return state.type === 'running' || state.type === 'waiting' ? state.run : undefined;
}

/** True while messages that may steer have been read by no agent. */
export function hasUnread(task: Task): boolean {
  return task.spec.slice(task.taken).some((message) => message.trust === 'steering');
}

function withResults(task: Task, run: Run, { changes, missing }: Extract<Outcome, { type: 'changed' }>): Task {
  const [first] = changes;
  const held = task.parts.filter(({ hold }) => hold?.run === run.number);
  const reached = [...changes, ...missing, ...held].map(({ repository }) => repository);
  const unchanged = task.parts.map(({ repository }) => repository).filter((name) => !reached.includes(name));
  return atEveryPart(task, (part) => {
    const made = changes.find(({ repository }) => repository === part.repository);
    if (made === undefined) return part;
    const { head, report } = made;
    const ci = ciOf(part, head);
    const result = { run: run.number, head, by: 'run', report, ...(ci && { ci }) } as const;
    return withResult(part, made === first && unchanged.length > 0 ? { ...result, unchanged } : result);
  });
}

/** What a run that did not get through owes from before stays owed. */
function withOwed(task: Task, outcome: Outcome): Task {
  if (outcome.type !== 'changed' && outcome.type !== 'unchanged' && outcome.type !== 'answered') return task;
  const missing = outcome.type === 'changed' ? outcome.missing.map(({ repository }) => repository) : [];
  return atEveryPart(task, ({ owed: _, ...part }) =>
    part.pull.type === 'none' && missing.includes(part.repository) ? { ...part, owed: true } : part,
  );
}

function withResult(part: Part, result: Result): Part {
  return { ...part, results: [...part.results, result] };
}

function applied(task: Task): Transition {
  return { applied: true, task };
}

function refused(reason: Refusal): Transition {
  return { applied: false, reason };
}

function queued(task: Task, since: number, reason: string | null) {
  return { ...task, run: { type: 'queued', since, reason } as const };
}

/** A run that ends with messages it has not read is queued again. */
function ended(task: Task, at: number, outcome: Extract<RunState, { type: 'idle' }>['outcome']): Task {
  return hasUnread(task) ? queued(task, at, null) : { ...task, run: { type: 'idle', outcome } };
}

function duringRun(
  task: Task,
  run: RunId,
  move: (run: Run, state: Extract<RunState, { run: Run }>) => Task | undefined,
): Transition {
  const state = task.run;
  if (state.type !== 'running' && state.type !== 'waiting') return refused('not_running');
  if (state.run.id !== run) return refused('stale_run');
  const moved = move(state.run, state);
  return moved === undefined ? refused('duplicate') : applied(moved);
}
