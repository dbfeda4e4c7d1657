import { describe, expect, test } from 'vitest';
import { createMetrics } from '../../src/operate/metrics.ts';
import { watchTasks } from '../../src/operate/watch-tasks.ts';
import type { TaskEvent } from '../../src/task/events.ts';
import type { Task } from '../../src/task/task.ts';
import { transition } from '../../src/task/transition.ts';
import { alice, engine, failure, report, repository, runId, sha, task as toTask } from '../task/example.ts';

/** Plays events on a task, all of them watched; gives what was counted, by metric and labels, and what was logged. */
async function watched(task: Task, ...events: readonly TaskEvent[]) {
  const metrics = createMetrics('worker');
  const lines: { level: string; fields: object; message: string }[] = [];
  const line = (level: string) => (fields: object, message: string) => void lines.push({ level, fields, message });
  const watch = watchTasks(metrics, { info: line('info'), warn: line('warn') });
  let now = task;
  for (const event of events) {
    const moved = transition(now, event);
    if (!moved.applied) throw new Error(`${event.type} was refused: ${moved.reason}`);
    watch(event, now, moved.task);
    now = moved.task;
  }
  const found = await metrics.registry.getMetricsAsJSON();
  const counted = found.flatMap(({ name, values }) =>
    values
      .filter(
        ({ value, ...each }) => value !== 0 && !('metricName' in each && `${each.metricName}`.endsWith('_bucket')),
      )
      .map(({ value, labels, ...each }) => {
        const { process: _process, ...others } = labels;
        return [['metricName' in each ? each.metricName : name, ...Object.values(others)].join(' '), value];
      }),
  );
  return { counted: Object.fromEntries(counted), lines };
}

const queued = toTask({ agent: 'claude', run: { type: 'queued', since: 1_000, reason: null } });
const started: TaskEvent = { type: 'run_started', run: runId(1), number: 1, engine, at: 31_000 };
const prepared = { problem: failure, run: runId(1), at: 91_000 } as const;

describe('what becomes of tasks is counted', () => {
  test('how long one waited', async () => {
    const { counted } = await watched(queued, started);
    expect(counted).toMatchObject({
      'errand_queue_wait_seconds_sum claude': 30,
      'errand_queue_wait_seconds_count claude': 1,
    });
  });

  test('how long a run took, and how it ended', async () => {
    const finished: TaskEvent = {
      type: 'run_finished',
      run: runId(1),
      outcome: { type: 'answered', report },
      at: 91_000,
    };
    const { counted } = await watched(queued, started, finished);
    expect(counted).toMatchObject({
      'errand_run_seconds_sum claude answered': 60,
      'errand_outcomes_total claude answered': 1,
    });
  });

  test('an attempt that is made again, which is no outcome', async () => {
    const { counted } = await watched(queued, started, { type: 'run_failed', retry: true, ...prepared });
    expect(counted).toMatchObject({
      'errand_failures_total engine_down': 1,
      'errand_run_seconds_count claude tried_again': 1,
    });
    expect(Object.keys(counted).filter((name) => name.startsWith('errand_outcomes'))).toEqual([]);
  });

  test('the end of the last attempt', async () => {
    const { counted } = await watched(queued, started, { type: 'run_failed', retry: false, ...prepared });
    expect(counted).toMatchObject({ 'errand_outcomes_total claude failed': 1 });
  });

  test('one that was stopped while it waited: an outcome without a run', async () => {
    const { counted } = await watched(queued, { type: 'stopped', by: alice, at: 2_000 });
    expect(counted).toEqual({ 'errand_outcomes_total claude stopped': 1 });
  });

  test('tokens and dollars as far as a meter moved', async () => {
    const meter = { meter: 'one', inputTokens: 100, outputTokens: 10, usd: 0.5, usdAtMost: 0.5 };
    const metered = (more: Partial<typeof meter>): TaskEvent => ({
      type: 'metered',
      run: runId(1),
      metered: { ...meter, ...more },
      durationMs: 1_000,
      at: 40_000,
    });
    const { counted } = await watched(queued, started, metered({}), metered({ inputTokens: 150, usd: 0.75 }));
    expect(counted).toMatchObject({
      'errand_tokens_total claude read': 150,
      'errand_tokens_total claude written': 10,
      'errand_cost_usd_total claude': 0.75,
    });
  });
});

describe('each fact about a task is a line of the log', () => {
  test('with its task and run', async () => {
    const { lines } = await watched(queued, started);
    expect(lines).toEqual([
      { level: 'info', fields: { task: queued.id, run: runId(1), event: 'run_started' }, message: 'run started' },
    ]);
  });

  test('a warning with its code where it is a failure', async () => {
    const { lines } = await watched(queued, started, { type: 'run_failed', retry: false, ...prepared });
    expect(lines[1]).toMatchObject({ level: 'warn', fields: { event: 'run_failed', code: 'engine_down' } });
  });

  test('with the run that it ended', async () => {
    const { lines } = await watched(queued, started, { type: 'stopped', by: alice, at: 40_000 });
    expect(lines[1]).toMatchObject({ fields: { task: queued.id, run: runId(1), event: 'stopped' } });
  });

  test('with the repository of a pull request', async () => {
    const pull = { number: 7, url: 'https://github.com/acme/web/pull/7', head: sha('b') };
    const opened: TaskEvent = { type: 'pull_request_opened', repository, pull, at: 40_000 };
    const { lines, counted } = await watched(queued, opened);
    expect(lines).toMatchObject([{ fields: { event: 'pull_request_opened', repository } }]);
    expect(counted).toMatchObject({ 'errand_pull_requests_total opened': 1 });
  });

  test('but what is only progress is none', async () => {
    const progressed: TaskEvent = {
      type: 'progressed',
      run: runId(1),
      progress: { steps: [], activity: 'Reads' },
      at: 40_000,
    };
    expect((await watched(queued, started, progressed)).lines).toHaveLength(1);
  });
});
