import { describe, expect, test } from 'vitest';
import { retry } from '../../src/app/act.ts';
import { attendRun } from '../../src/app/attend-run.ts';
import { reply } from '../../src/app/reply.ts';
import { admitRun, measureRun, settleRun, toMeterLimits, withdraw } from '../../src/app/spending.ts';
import { submit } from '../../src/app/submit.ts';
import { usage } from '../../src/app/usage.ts';
import { toDraft } from '../../src/task/draft.ts';
import type { Allowance, Metered } from '../../src/task/money.ts';
import type { DaySpent, Standing } from '../../src/task/ports/ledger.ts';
import type { RunOrder } from '../../src/task/ports/sandbox.ts';
import type { Said } from '../../src/task/said.ts';
import { noSpending, nothingSpent } from '../../src/task/spending.ts';
import type { Task } from '../../src/task/task.ts';
import { currentRun } from '../../src/task/transition.ts';
import { alice, bob, engine, repository, runId } from '../task/example.ts';
import { asked, inThread, World } from './world.ts';

const none = { usd: 0, tokens: 0 };

function standing(person: Partial<Standing['person']>, everybody: Partial<Standing['person']> = {}): Standing {
  return {
    person: { used: none, reserved: none, ...person },
    everybody: { used: none, reserved: none, ...everybody },
  };
}

const spentByPerson = standing({ used: { usd: 50.2, tokens: 1_000 } });
const metered = (usd: number, more: Partial<Metered> = {}): Metered => ({
  meter: 'm',
  inputTokens: usd * 1_000,
  outputTokens: 0,
  usd,
  usdAtMost: usd,
  ...more,
});
const taskSpent = (usd: number): Task['spending'] => ({
  ...noSpending,
  task: { ...nothingSpent, usd, usdAtMost: usd },
});

/** A run of this task under way, within this allowance. */
async function running(world: World, allowance?: Allowance, more: Parameters<World['has']>[0] = {}) {
  const { id } = world.has(more);
  const started = { type: 'run_started', run: runId(1), number: 1, engine, at: world.now } as const;
  await world.store.apply(id, allowance === undefined ? started : { ...started, allowance });
  const task = world.look({ id });
  const run = currentRun(task.run);
  if (run === undefined) throw new Error('it does not run');
  const attendance = { deps: world.worker, id, run: run.id, epoch: task.epoch, signal: AbortSignal.abort() };
  return { task, run, attendance };
}

const allowed = (usd: number | null, by: 'task' | 'person' | 'everybody' = 'task'): Allowance => ({
  grant: { usd: usd === null ? null : { amount: usd, by }, tokens: null },
  time: { ms: 1_800_000, by: 'run' },
});

function saidOf(world: World, key: string): Said[] {
  return world.said.flatMap((row) => (row.key === key && row.effect.type === 'message' ? row.effect.said : []));
}

describe('a queued run', () => {
  test('starts with what its task, its person and the day leave it, reserved', async () => {
    const world = new World();
    world.standing = standing({ used: { usd: 47, tokens: 0 } });
    const task = world.has({ spending: taskSpent(1) });
    expect(await admitRun(world.worker, task)).toMatchObject({
      grant: { usd: { amount: 3, by: 'person' }, tokens: { amount: 20e6, by: 'task' } },
      time: { ms: 1_800_000, by: 'run' },
    });
    expect([...world.reserved.keys()]).toEqual([runId(1)]);
  });

  test('waits with the reason, and looks again, where only reservations are in the way', async () => {
    const world = new World();
    world.standing = standing({ reserved: { usd: 48, tokens: 0 } });
    const task = world.has();
    expect(await admitRun(world.worker, task)).toBeNull();
    expect(world.look(task).run).toMatchObject({
      type: 'queued',
      reason: "Waits until other runs give back what they hold of the $50.00 for Alice's tasks in a day",
    });
    expect(world.woken).toEqual([{ job: { type: 'run', task: task.id }, options: { delayMs: 5_000 } }]);
  });

  test.each([
    [
      "its person's day",
      spentByPerson,
      {},
      "Alice's tasks have used $50.20 of the $50.00 that one person's tasks may spend on models in a day.",
      'That starts anew at midnight (UTC). Whoever runs Errand can raise limits.personDayUsd.',
    ],
    [
      "everybody's day",
      standing({}, { used: { usd: 1, tokens: 801e6 } }),
      {},
      'All tasks together have used 801M tokens of the 800M tokens that all tasks together may use in a day.',
      'That starts anew at midnight (UTC). Whoever runs Errand can raise limits.dayTokens.',
    ],
    [
      'its own budget',
      standing({}),
      { spending: taskSpent(5) },
      'This task has used $5.00 of the $5.00 that it may spend on models.',
      'Send what is left as a new request, with a larger budget: where that is allowed. Whoever runs Errand can raise limits.budgetUsd.',
    ],
    [
      'its own time',
      standing({}),
      { spending: { ...noSpending, task: { ...nothingSpent, durationMs: 240 * 60_000 } } },
      'The runs of this task have taken the 4 h that they may take together.',
      'Send what is left as a new request. Whoever runs Errand can raise limits.taskMinutes.',
    ],
  ])('fails with the limit named when %s is used up', async (_what, standing, more, sentence, next) => {
    const world = new World();
    world.standing = standing;
    const task = world.has(more);
    expect(await admitRun(world.worker, task)).toBeNull();
    expect(world.look(task).run).toMatchObject({ outcome: { type: 'failed', problem: { sentence, next } } });
  });

  test('of a script costs nothing, and so is never in the way of money', async () => {
    const world = new World();
    world.standing = spentByPerson;
    const allowance = await admitRun(world.worker, world.has({ agent: 'shell' }));
    expect(allowance).toMatchObject({ grant: { usd: null, tokens: null } });
    expect(world.reserved.size).toBe(0);
  });

  test('gets only the time that its task has left', async () => {
    const world = new World();
    const spending = { ...noSpending, task: { ...nothingSpent, durationMs: 230 * 60_000 } };
    expect(await admitRun(world.worker, world.has({ spending }))).toMatchObject({
      time: { ms: 600_000, by: 'task' },
    });
  });

  test('that did not start after all gives back what it reserved, unless another worker started it', async () => {
    const world = new World();
    const task = world.has();
    await admitRun(world.worker, task);
    const { task: started } = await running(new World());
    await withdraw(world.worker, started, runId(1));
    expect(world.reserved.size).toBe(1);
    await withdraw(world.worker, task, runId(1));
    expect(world.reserved.size).toBe(0);
  });

  test('that fails before it starts says so in a message of its own', async () => {
    const world = new World();
    world.standing = spentByPerson;
    const task = world.has({ runs: 1 });
    await admitRun(world.worker, task);
    expect(saidOf(world, 'ending-1')).toEqual([]);
    expect(saidOf(world, `ending-1-${world.now}`)).toMatchObject([{ type: 'ending', outcome: { type: 'failed' } }]);
  });
});

describe('the gateway of a run', () => {
  test('lets its meter go on from where it stands by what was granted', async () => {
    const world = new World();
    world.sandbox.usage = async () => metered(2);
    const { task, run, attendance } = await running(world, allowed(3));
    expect(await toMeterLimits(attendance, task, run)).toEqual({
      budgetUsd: 5,
      budgetTokens: null,
      unpriced: 'tokens',
    });
  });

  test('counts models without a price as the dearest where some dollars have no tokens beside them', async () => {
    const world = new World();
    world.policy = { ...world.policy, day: { ...world.policy.day, everybody: { usd: 9, tokens: null } } };
    const { task, run, attendance } = await running(world, allowed(3));
    expect(await toMeterLimits(attendance, task, run)).toMatchObject({ unpriced: 'dearest' });
  });

  test('without a grant lets it spend what its task has left', async () => {
    const world = new World();
    const { task, run, attendance } = await running(world, undefined, { spending: taskSpent(2) });
    expect(await toMeterLimits(attendance, task, run)).toMatchObject({ budgetUsd: 3, budgetTokens: 20e6 });
  });
});

describe('a run that was admitted for a script, of a repository whose `.errand.yml` names an agent', () => {
  async function attended(world: World) {
    const orders: RunOrder[] = [];
    world.sandbox.start = async (order) => void orders.push(order);
    const { prepare } = world.repositories;
    world.repositories.prepare = async (order) => {
      const prepared = await prepare(order);
      return { ...prepared, rules: { ...prepared.rules, agent: 'claude' } };
    };
    const task = world.has({ agent: 'shell', asked: { agent: null, model: null } });
    const allowance = await admitRun(world.worker, task);
    if (allowance === null) throw new Error('it was not admitted');
    world.tasks.clear();
    const { id } = (await running(world, allowance, task)).task;
    await attendRun(world.worker, world.look({ id }), new AbortController().signal);
    return { orders, task: world.look({ id }) };
  }

  test('starts no agent, and is admitted anew within the limits', async () => {
    const world = new World();
    const { orders, task } = await attended(world);
    expect(orders).toEqual([]);
    expect(task).toMatchObject({ agent: 'claude', run: { type: 'queued' } });
    expect(await admitRun(world.worker, task)).toMatchObject({ grant: { usd: { amount: 5, by: 'task' } } });
  });

  test('goes on where the operator lifted every limit', async () => {
    const world = new World();
    const free = { usd: null, tokens: null };
    world.policy = { ...world.policy, day: { ...world.policy.day, person: free, everybody: free } };
    const { has } = world;
    world.has = (more) => has.call(world, { ...more, budget: { ...world.policy.budget, ...free } });
    const { orders } = await attended(world);
    expect(orders[0]?.policy).toMatchObject({ budgetUsd: null, budgetTokens: null });
  });
});

describe('a run that ends', () => {
  test('reports what it spent itself, and its task in all', async () => {
    const world = new World();
    world.sandbox.usage = async () => metered(3);
    const before = { ...noSpending, task: { ...nothingSpent, usd: 1, usdAtMost: 1 }, meters: { m: metered(1) } };
    const { run, attendance } = await running(world, allowed(4), { spending: before });
    expect(await measureRun(attendance, run)).toMatchObject({
      usage: { inputTokens: 2_000, usd: 2 },
      total: { spent: { usd: 3 }, budget: { usd: 5 } },
    });
  });

  test('is booked to its person, repository and agent, and gives back what it left', async () => {
    const world = new World();
    world.sandbox.usage = async () => metered(1.5);
    const task = world.has();
    await admitRun(world.worker, task);
    world.tasks.clear();
    const { run } = await running(world, allowed(5));
    world.now += 90_000;
    await settleRun(world.worker, task.id, run);
    await settleRun(world.worker, task.id, run);
    expect(new Set(world.booked.map((order) => JSON.stringify(order))).size).toBe(1);
    expect(world.booked[0]).toMatchObject({
      run: runId(1),
      day: '1970-01-01',
      spender: { person: alice, repository, agent: 'claude' },
      spent: { usd: 1.5, durationMs: 90_000 },
    });
    expect(world.reserved.size).toBe(0);
  });

  test.each([
    [
      'its task',
      allowed(5),
      'This task reached its budget: it has spent $5.02 of the $5.00 that it may spend on models.',
    ],
    [
      'its person’s day',
      allowed(5, 'person'),
      "This run reached its budget: it used the $5.00 that was left of the $50.00 that one person's tasks may spend on models in a day.",
    ],
    [
      'everybody’s day',
      allowed(5, 'everybody'),
      'This run reached its budget: it used the $5.00 that was left of the $200.00 that all tasks together may spend on models in a day.',
    ],
  ])('at its budget names the limit of %s', async (_what, allowance, sentence) => {
    const world = new World();
    world.sandbox.usage = async () => metered(5.02);
    const { run, attendance } = await running(world, allowance);
    const { explain } = await measureRun(attendance, run);
    expect(explain({ code: 'budget', sentence: 'The agent says so.', next: '' })?.sentence).toBe(sentence);
  });

  test('holds nothing back from the next one once its agent has stopped', async () => {
    const world = new World();
    const { run, attendance } = await running(world, allowed(5));
    world.reserved.set(run.id, allowed(5).grant);
    await measureRun(attendance, run);
    expect(world.reserved.size).toBe(0);
  });

  test('and says its budget was reached is not believed where the gateway counted little', async () => {
    const world = new World();
    world.sandbox.usage = async () => metered(0.1);
    const { run, attendance } = await running(world, allowed(5));
    const { explain } = await measureRun(attendance, run);
    const generic = { code: 'budget', sentence: 'The agent says so.', next: '' };
    expect(explain(generic)).toBe(generic);
  });

  test.each([
    [{ ms: 90_000, by: 'run' }, 'The run took longer than its 1 min 30 s and was ended.'],
    [{ ms: 90_000, by: 'task' }, 'The runs of this task have taken the 4 h that they may take together.'],
  ] as const)('by the clock names whose time it was: %j', async (time, sentence) => {
    const world = new World();
    const { run, attendance } = await running(world, { grant: { usd: null, tokens: null }, time });
    const { explain } = await measureRun(attendance, run);
    expect(explain({ code: 'timed_out', sentence: '', next: '' })?.sentence).toBe(sentence);
  });

  test('has taken no more time than it was allowed, however late somebody looks', async () => {
    const world = new World();
    const { run, task } = await running(world, { ...allowed(5), time: { ms: 60_000, by: 'run' } });
    world.now += 9 * 3_600_000;
    await settleRun(world.worker, task.id, run);
    expect(world.look(task).spending.task.durationMs).toBe(60_000);
  });

  test('after a stop shows what it took once that is counted', async () => {
    const world = new World();
    const { task, run } = await running(world, allowed(5));
    await world.store.apply(task.id, { type: 'stopped', by: bob, at: world.now });
    world.sandbox.usage = async () => metered(0.5);
    await settleRun(world.worker, task.id, run);
    expect(saidOf(world, 'ending-1').at(-1)).toMatchObject({
      outcome: { type: 'stopped' },
      effort: { usage: { usd: 0.5 } },
    });
  });
});

test('a thread hears once that its task comes near a limit', async () => {
  const world = new World();
  const { task, run } = await running(world, allowed(5));
  const look = async (usd: number) => {
    world.sandbox.usage = async () => metered(usd);
    await settleRun(world.worker, task.id, run);
  };
  await look(3.7);
  expect(saidOf(world, 'near-limit')).toEqual([]);
  await look(3.8);
  await look(4.5);
  expect(saidOf(world, 'near-limit')).toEqual([
    {
      type: 'sentence',
      sentence: 'This task comes near its limit: it has spent $3.80 of the $5.00 that it may spend on models.',
      next: null,
      kept: null,
    },
  ]);
});

test('a task that is past a limit is told so by its ending alone', async () => {
  const world = new World();
  const { task, run } = await running(world, allowed(5));
  world.sandbox.usage = async () => metered(5.1);
  await settleRun(world.worker, task.id, run);
  expect(saidOf(world, 'near-limit')).toEqual([]);
});

describe('where the day is spent', () => {
  const sentence = expect.stringContaining('$50.20 of the $50.00');

  test('a request is refused at once, with its text kept', async () => {
    const world = new World();
    world.standing = spentByPerson;
    const draft = toDraft('agent:claude fix the test');
    const answer = await submit(world.bot, { ...asked, by: alice, origin: 'command', message: null, draft });
    expect(answer).toMatchObject({ said: { sentence, kept: 'agent:claude fix the test' } });
    expect(world.tasks.size).toBe(0);
  });

  test('a request that made its task already, and comes again, is that task and no refusal', async () => {
    const world = new World();
    const request = { ...asked, by: alice, origin: 'command', message: null, draft: toDraft('fix the test') } as const;
    await submit(world.bot, request);
    world.standing = spentByPerson;
    expect(await submit(world.bot, request)).toEqual({ type: 'silent' });
    expect(world.tasks.size).toBe(1);
    expect(world.woken).toHaveLength(2);
  });

  test('a reply to an ended task is refused, with its text kept', async () => {
    const world = new World();
    world.standing = spentByPerson;
    const task = world.has({ run: { type: 'idle', outcome: null } });
    const answer = await reply(world.bot, { ...inThread, by: alice, text: 'and the other one', chatter: false });
    expect(answer).toMatchObject({ said: { sentence, kept: 'and the other one' } });
    expect(world.look(task).run.type).toBe('idle');
  });

  test('a reply to a running task still steers it', async () => {
    const world = new World();
    const { task } = await running(world);
    world.standing = spentByPerson;
    const answer = await reply(world.bot, { ...inThread, by: alice, text: 'look at b.ts', chatter: false });
    expect(answer).toEqual({ type: 'silent' });
    expect(world.look(task).spec.at(-1)?.text).toBe('look at b.ts');
  });

  test('a retry is refused', async () => {
    const world = new World();
    world.standing = spentByPerson;
    const task = world.has({ run: { type: 'idle', outcome: null } });
    const answer = await retry(world.bot, { ...asked, by: alice }, { type: 'task', task: task.id });
    expect(answer).toMatchObject({ said: { sentence } });
  });

  test('a script still runs', async () => {
    const world = new World();
    world.standing = spentByPerson;
    const draft = toDraft('agent:shell say hello\n```sh\necho hello\n```');
    const answer = await submit(world.bot, { ...asked, by: alice, origin: 'command', message: null, draft });
    expect(answer).toEqual({ type: 'silent' });
  });
});

describe('the table of what was spent', () => {
  const row = (person: typeof alice, usd: number, day = '1970-01-01'): DaySpent => ({
    person,
    repository,
    agent: 'claude',
    day,
    inputTokens: 10,
    outputTokens: 5,
    usd,
    unpricedTokens: 0,
    usdAtMost: usd,
  });
  async function table(world: World) {
    const asks: string[] = [];
    const deps = {
      ...world.bot,
      ledger: {
        ...world.ledger,
        days: async (days: readonly string[]) => {
          asks.push(...days);
          return [row(alice, 1), row(bob, 2), row(alice, 4, '1969-12-31')];
        },
      },
    };
    const answer = await usage(deps, { ...asked, by: alice });
    return { asks, said: answer.type === 'say' ? answer.said : undefined };
  }

  test('covers seven days, the dearest first', async () => {
    const { asks, said } = await table(new World());
    expect(asks).toHaveLength(7);
    expect(said).toMatchObject({
      whose: 'everybody',
      days: [
        { name: '1970-01-01', usd: 3, tokens: 30 },
        { name: '1969-12-31', usd: 4 },
      ],
      people: [
        { name: alice, usd: 5 },
        { name: bob, usd: 2 },
      ],
      mine: { limit: { usd: 50 } },
    });
  });

  test('shows people who may not approve their own alone', async () => {
    const world = new World();
    world.policy = { ...world.policy, approvers: [bob] };
    const { said } = await table(world);
    expect(said).toMatchObject({ whose: 'mine', people: [], days: [{ usd: 1 }, { usd: 4 }] });
  });
});
