import { describe, expect, test } from 'vitest';
import { narrate } from '../../src/app/narrate.ts';
import { render } from '../../src/slack/blocks/render.ts';
import type { TaskEvent } from '../../src/task/events.ts';
import type { OutboxRow, Said } from '../../src/task/said.ts';
import type { Report, Task } from '../../src/task/task.ts';
import { transition } from '../../src/task/transition.ts';
import { asRead, wording } from '../slack/said.ts';
import {
  alice,
  approval,
  bob,
  channel,
  engine,
  failure,
  message,
  repository,
  runId,
  sha,
  taskId,
  task as toTask,
  ts,
} from '../task/example.ts';

/** An event without its time: the life below counts that itself. */
type Fact<Event = TaskEvent> = Event extends TaskEvent ? Omit<Event, 'at'> : never;

const began = Date.UTC(2026, 10, 22, 14, 0);
const report: Report = {
  claim: 'The discount was rounded twice. It is rounded once now.',
  checks: [{ command: 'node --test', exitCode: 0, durationMs: 900 }],
  usage: { inputTokens: 52_000, outputTokens: 3_100, usd: 0.21 },
  durationMs: 61_000,
  total: null,
  files: [{ path: 'src/discount.js', added: 4, removed: 2 }],
  sensitive: [],
  blocked: [],
};
const steps = (done: boolean) =>
  [
    { title: 'Prepare the sandbox', status: 'complete', detail: null },
    { title: 'Work on it', status: done ? 'complete' : 'in_progress', detail: null },
  ] as const;
const question = {
  id: 'q1',
  text: 'Round half up or half to even?',
  options: ['Half up', 'Half to even'],
  fallback: 'Half up',
  expiresAt: began + 1_800_000,
};
const pull = { number: 7, url: 'https://github.com/acme/shop/pull/7', head: sha('a') };
const [one, two] = [runId(1), runId(2)];

const toFirstGate: readonly Fact[] = [
  { type: 'run_started', run: one, number: 1, engine },
  { type: 'progressed', run: one, progress: { steps: steps(false), activity: 'Reading src/discount.js' } },
  { type: 'messages_taken', run: one, taken: 1 },
  { type: 'question_asked', run: one, question },
  { type: 'answer_given', run: one, question: 'q1', by: alice, answer: 'Half up' },
  { type: 'progressed', run: one, progress: { steps: steps(true), activity: null } },
  { type: 'pull_request_opened', repository, pull },
  {
    type: 'run_finished',
    run: one,
    outcome: { type: 'changed', changes: [{ repository, head: sha('a'), report }], missing: [] },
  },
];
const toSecondGate: readonly Fact[] = [
  { type: 'message_added', message: message(2, { text: 'and test it with a negative amount' }) },
  { type: 'run_started', run: two, number: 2, engine },
  { type: 'messages_taken', run: two, taken: 2 },
  { type: 'head_moved', repository, head: sha('b'), by: 'run' },
  {
    type: 'run_finished',
    run: two,
    outcome: { type: 'changed', changes: [{ repository, head: sha('b'), report }], missing: [] },
  },
];
const toMerge: readonly Fact[] = [
  { type: 'merge_approved', repository, approval: { ...approval, head: sha('b') } },
  { type: 'merge_delayed', repository, head: sha('b'), reason: 'Required checks are still running: `build`' },
  {
    type: 'merge_refused',
    repository,
    head: sha('b'),
    problem: { code: 'not_mergeable', sentence: 'Required checks fail: `build`.', next: 'Reply to have them mended.' },
  },
  { type: 'merge_approved', repository, approval: { ...approval, head: sha('b') } },
  { type: 'pull_request_merged', repository, commit: sha('c'), by: bob },
];
const life = [...toFirstGate, ...toSecondGate, ...toMerge, { type: 'continued', as: taskId('t000002') } as const];

interface Moment {
  readonly event: TaskEvent;
  readonly task: Task;
  readonly rows: readonly OutboxRow[];
}

/** Asked with a slash command, so that the root message is Errand's own. */
const asked = toTask({
  title: 'Round the discount once',
  origin: { key: 'command:1', kind: 'command', channel, thread: null },
  spec: [message(1, { message: null, text: 'Round the discount once' })],
  agent: 'claude',
});

/** Every event of a life with the rows it makes; an event that does not apply is a mistake in the test. */
function live(start: Task, facts: readonly Fact[]): Moment[] {
  const created: TaskEvent = { type: 'task_created', at: began };
  const moments: Moment[] = [{ event: created, task: start, rows: narrate(start, created, start) }];
  let task = start;
  facts.forEach((fact, index) => {
    const event = { ...fact, at: began + (index + 1) * 10_000 } as TaskEvent;
    const moved = transition(task, event);
    if (!moved.applied) throw new Error(`${event.type} was refused: ${moved.reason}`);
    moments.push({ event, task: moved.task, rows: narrate(moved.task, event, task) });
    task = moved.task;
  });
  return moments;
}

/** What stands in Slack in the end: the newest content of each row. */
function standing(moments: readonly Moment[]): ReadonlyMap<string, Said> {
  return new Map(
    moments.flatMap(({ rows }) =>
      rows.flatMap(({ key, effect }) => (effect.type === 'message' ? [[key, effect.said] as const] : [])),
    ),
  );
}

function gate(moments: readonly Moment[], head: string) {
  const said = standing(moments).get(`gate-${head}`);
  return said?.type === 'result' ? said.gate : undefined;
}

const rowsOf = (facts: readonly Fact[], start = asked) => live(start, facts).flatMap(({ rows }) => rows);

describe('a life from the request to the merge', () => {
  test('reads as the golden file says', async () => {
    const shown = new Map<string, string>();
    const pages = live(asked, life).map(({ event, rows }) => {
      const fresh = rows.flatMap(({ key, effect }) => {
        const text =
          effect.type === 'reaction'
            ? `:${effect.name}: on ${effect.ts}`
            : effect.type === 'session'
              ? effect.status
              : asRead(render(effect.said, wording).blocks);
        if (shown.get(key) === text) return [];
        const how = {
          reaction: 'reacts',
          session: 'sets',
          ephemeral: 'whispers',
          direct: 'tells',
          message: shown.has(key) ? 'edits' : effect.type === 'message' ? `posts (${effect.thread.type})` : '',
        }[effect.type];
        shown.set(key, text);
        return [`-- ${how} ${key}\n${text}\n`];
      });
      return `== ${event.type}\n${fresh.join('\n')}`;
    });
    await expect(pages.join('\n')).toMatchFileSnapshot('narrate.golden.txt');
  });

  test('has one root, and everything else in its thread', () => {
    const places = rowsOf(life).flatMap(({ key, effect }) =>
      effect.type === 'message' ? [[key, effect.thread.type]] : [],
    );
    expect(new Set(places.filter(([, place]) => place === 'root').map(([key]) => key))).toEqual(new Set(['root']));
    expect(places.filter(([key, place]) => key !== 'root' && place !== 'own')).toEqual([]);
  });

  test('has a row for each thing that is said, edited ever after', () => {
    expect([...standing(live(asked, life)).keys()].toSorted()).toEqual(
      [`gate-${sha('a')}`, `gate-${sha('b')}`, 'merged', 'plan-1', 'question-1-q1', 'root'].toSorted(),
    );
  });

  test('goes on in a task that says so itself, right after its root', () => {
    const next = { ...asked, follows: taskId('t000001') };
    const rows = narrate(next, { type: 'task_created', at: 1 }, next);
    expect(rows.map(({ lane, key }) => [lane, key])).toEqual([
      [next.id, 'root'],
      [next.id, 'continued'],
      [next.id, 'session'],
    ]);
  });

  test('links the pull request in results and nowhere else', () => {
    const linking = [...standing(live(asked, life))].filter(([, said]) =>
      JSON.stringify(render(said, wording)).includes('/pull/'),
    );
    expect(linking.map(([, said]) => said.type)).toEqual(['result', 'result']);
  });

  test('says the same again when the same event is told again', () => {
    for (const { event, task, rows } of live(asked, life)) {
      const roots = narrate(task, event, task).filter(({ key }) => key === 'root' || key.startsWith('gate-'));
      expect(rows).toEqual(expect.arrayContaining(roots));
    }
  });
});

describe('a gate', () => {
  test('is open on the head that a run made', () => {
    expect(gate(live(asked, toFirstGate), sha('a'))).toEqual({ type: 'open' });
  });

  test('is not shown before the pull request exists', () => {
    const before = live(
      asked,
      toFirstGate.filter(({ type }) => type !== 'pull_request_opened'),
    );
    expect([...standing(before).keys()].filter((key) => key.startsWith('gate-'))).toEqual([]);
  });

  test('says that it is replaced once a newer head has one of its own', () => {
    const moments = live(asked, [...toFirstGate, ...toSecondGate]);
    expect(gate(moments, sha('a'))).toEqual({ type: 'replaced', head: sha('b') });
    expect(gate(moments, sha('b'))).toEqual({ type: 'open' });
  });

  test('is replaced, approved or not, when a person pushes', () => {
    const pushed = { type: 'head_moved', repository, head: sha('d'), by: 'person' } as const;
    const moments = live(asked, [...toFirstGate, { type: 'merge_approved', repository, approval }, pushed]);
    expect(gate(moments, sha('a'))).toEqual({ type: 'replaced', head: sha('d') });
    expect(standing(moments).get(`gate-${sha('d')}`)).toMatchObject({
      by: 'person',
      report: null,
      gate: { type: 'open' },
    });
  });

  test('shows why an approval led to no merge, and can be approved again', () => {
    const moments = live(asked, [...toFirstGate, ...toSecondGate, ...toMerge.slice(0, 3)]);
    expect(gate(moments, sha('b'))).toEqual({
      type: 'refused',
      sentence: 'Required checks fail: `build`.',
      next: 'Reply to have them mended.',
    });
    const said = standing(moments).get(`gate-${sha('b')}`);
    expect(said && JSON.stringify(render(said, wording).blocks)).toContain('approve_merge');
  });

  test('says what a merge waits for, and by whom it was approved', () => {
    const moments = live(asked, [...toFirstGate, ...toSecondGate, ...toMerge.slice(0, 2)]);
    expect(gate(moments, sha('b'))).toEqual({
      type: 'delayed',
      by: bob,
      reason: 'Required checks are still running: `build`',
    });
  });

  test('closes with its pull request', () => {
    expect(gate(live(asked, [...toFirstGate, { type: 'pull_request_closed', repository }]), sha('a'))).toEqual({
      type: 'closed',
    });
  });
});

describe('a message that an agent has read', () => {
  const mentioned = toTask();

  test('gets a hammer and wrench, in its channel', () => {
    const rows = rowsOf(toFirstGate.slice(0, 3), mentioned).filter(({ effect }) => effect.type === 'reaction');
    expect(rows.map(({ effect }) => effect)).toEqual([
      { type: 'reaction', channel, ts: ts(1), name: 'hammer_and_wrench', present: true },
    ]);
  });

  test('never gets the sign that approves', () => {
    const names = [asked, mentioned].flatMap((start) =>
      rowsOf(life, start).flatMap(({ effect }) => (effect.type === 'reaction' ? [effect.name] : [])),
    );
    expect(names).not.toContain('white_check_mark');
  });

  test('is left alone when it only stood beside the request', () => {
    const context = message(1, { trust: 'context' });
    const start = toTask({ spec: [context, message(2)] });
    const rows = rowsOf(
      [toFirstGate[0], { type: 'messages_taken', run: one, taken: 2 } as const].filter((fact) => fact !== undefined),
      start,
    );
    expect(rows.flatMap(({ effect }) => (effect.type === 'reaction' ? [effect.ts] : []))).toEqual([ts(2)]);
  });
});

describe('an ending without a pull request', () => {
  const started = toFirstGate.slice(0, 2);

  test.each([
    ['Failed', { type: 'failed', problem: failure, kept: [], report: null }],
    ['Refused', { type: 'refused', problem: failure }],
    ['Nothing changed', { type: 'unchanged', report: { ...report, files: [] } }],
  ] as const)('is one message that begins with %s', (word, outcome) => {
    const taken = { type: 'messages_taken', run: one, taken: 1 } as const;
    const said = standing(live(asked, [...started, taken, { type: 'run_finished', run: one, outcome }])).get(
      'ending-1',
    );
    expect(said && render(said, wording).text.startsWith(word)).toBe(true);
  });

  test('of a stop names who stopped it, and the kept work in the same message', () => {
    const stopped = [...started, { type: 'stopped', by: bob } as const];
    expect(standing(live(asked, stopped)).get('ending-1')).toMatchObject({ outcome: { by: bob, kept: [] } });
    const kept = live(asked, [...stopped, { type: 'work_kept', run: one, kept: [{ repository, head: sha('e') }] }]);
    expect(standing(kept).get('ending-1')).toMatchObject({
      outcome: { by: bob, kept: [{ repository, head: sha('e') }] },
    });
    expect(standing(kept).get('plan-1')).toMatchObject({ state: 'stopped' });
  });

  test('of a machine that failed is no ending: the root says Queued, and why', () => {
    const said = standing(live(asked, [...started, { type: 'run_failed', run: one, problem: failure, retry: true }]));
    expect(said.has('ending-1')).toBe(false);
    expect(said.get('root')).toMatchObject({ status: { word: 'Queued', reason: failure.sentence } });
  });
});

test('a task that began with a mention says everything under that mention', () => {
  const places = rowsOf(life, toTask()).flatMap(({ effect }) => (effect.type === 'message' ? [effect.thread] : []));
  expect(new Set(places.map((place) => JSON.stringify(place)))).toEqual(
    new Set([JSON.stringify({ type: 'reply', to: ts(1) })]),
  );
});
