import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { narrate } from '../../src/app/narrate.ts';
import { openRedis, waitForRedis } from '../../src/store/connection.ts';
import { createStore } from '../../src/store/store.ts';
import type { UserId } from '../../src/task/ids.ts';
import type { Ledger, Standing } from '../../src/task/ports/ledger.ts';
import { type Accounts, decide } from '../../src/task/spending.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { alice, bob, runId, task, taskId } from '../task/example.ts';

let server: TestRedis;
let instances = 0;
const open: Disposable[] = [];
let now = Date.parse('2026-11-22T12:00:00Z');
const day = '2026-11-22';
const later = () => now + 60_000;

beforeAll(async () => {
  server = await startRedis();
});
afterAll(async () => {
  for (const each of open) each[Symbol.dispose]();
  await server[Symbol.asyncDispose]();
});

/** As another process would have it: a connection of its own to the same Redis. */
async function connect(instance = `ledger${instances++}`) {
  const redis = openRedis(server.url, { name: 'test', onError: () => undefined });
  open.push({ [Symbol.dispose]: () => redis.disconnect() });
  await waitForRedis(redis, 5_000);
  const { ledger } = createStore(redis, { instance, narrate, clock: { now: () => now } });
  return { ledger, redis, instance };
}

const nothing = { usd: 0, tokens: 0 };

/** Decides for a task that may spend `task` dollars where a person may spend `person` a day. */
function within(limits: { task: number; person: number }) {
  return (standing: Standing) => {
    const accounts: Accounts = {
      task: { limit: { usd: limits.task, tokens: 1_000_000 }, used: nothing, reserved: nothing },
      person: { limit: { usd: limits.person, tokens: null }, ...standing.person },
      everybody: { limit: { usd: null, tokens: null }, ...standing.everybody },
    };
    return decide(accounts);
  };
}

function reserve(ledger: Ledger, number: number, limits: { task: number; person: number }, person: UserId = alice) {
  return ledger.reserve({ run: runId(number), person, day, until: later() }, within(limits));
}

const spender = { person: alice, repository: task().parts[0].repository, agent: 'claude' };
const used = (usd: number, tokens = 0) => ({ inputTokens: tokens, outputTokens: 0, usd, usdAtMost: usd });

describe('reservations', () => {
  test('of twenty runs that ask two processes at once never add up to more than the day has', async () => {
    const one = await connect();
    const two = await connect(one.instance);
    const decisions = await Promise.all(
      Array.from({ length: 20 }, (_, number) =>
        reserve(number % 2 === 0 ? one.ledger : two.ledger, number + 1, { task: 4, person: 18 }),
      ),
    );
    expect(decisions.filter(({ type }) => type === 'granted')).toHaveLength(4);
    expect(decisions.filter(({ type }) => type === 'wait')).toHaveLength(16);
    expect((await one.ledger.standing(day, alice)).person.reserved.usd).toBe(16);
  });

  test('are made once for a run, however often and by whom it asks', async () => {
    const one = await connect();
    const two = await connect(one.instance);
    const decisions = await Promise.all(
      Array.from({ length: 10 }, (_, turn) =>
        reserve(turn % 2 === 0 ? one.ledger : two.ledger, 1, { task: 4, person: 5 }),
      ),
    );
    expect(new Set(decisions.map((each) => JSON.stringify(each))).size).toBe(1);
    expect((await one.ledger.standing(day, alice)).person.reserved.usd).toBe(4);
  });

  test('shrink by what their run spends, so that nothing counts twice', async () => {
    const { ledger } = await connect();
    await reserve(ledger, 1, { task: 4, person: 10 });
    await ledger.book({ run: runId(1), day, spender, spent: used(1.5, 300) });
    expect((await ledger.standing(day, alice)).person).toEqual({
      used: { usd: 1.5, tokens: 300 },
      reserved: { usd: 2.5, tokens: 999_700 },
    });
  });

  test('that are given back make room for the next', async () => {
    const { ledger } = await connect();
    await reserve(ledger, 1, { task: 4, person: 5 });
    expect(await reserve(ledger, 2, { task: 4, person: 5 })).toEqual({ type: 'wait', unit: 'usd', by: 'person' });
    expect(await ledger.reserved()).toEqual([runId(1)]);
    await ledger.release(runId(1));
    expect(await ledger.reserved()).toEqual([]);
    expect(await reserve(ledger, 2, { task: 4, person: 5 })).toMatchObject({ type: 'granted' });
  });

  test('that nobody gives back lapse', async () => {
    const { ledger } = await connect();
    await reserve(ledger, 1, { task: 4, person: 5 });
    now += 61_000;
    expect(await reserve(ledger, 2, { task: 4, person: 5 })).toMatchObject({ type: 'granted' });
    expect((await ledger.standing(day, alice)).person.reserved.usd).toBe(4);
  });

  test('that lapsed are decided anew, also for the run that made them', async () => {
    const { ledger } = await connect();
    await reserve(ledger, 1, { task: 4, person: 5 });
    now += 61_000;
    await ledger.book({ run: runId(2), day, spender, spent: used(3) });
    expect(await reserve(ledger, 1, { task: 4, person: 5 })).toMatchObject({
      grant: { usd: { amount: 2, by: 'person' } },
    });
  });

  test("of one person leave another's limit alone", async () => {
    const { ledger } = await connect();
    await reserve(ledger, 1, { task: 4, person: 5 });
    expect(await reserve(ledger, 2, { task: 4, person: 5 }, bob)).toMatchObject({ type: 'granted' });
    expect((await ledger.standing(day, bob)).everybody.reserved.usd).toBe(8);
  });

  test('are there again after Redis was killed', async () => {
    await using own = await startRedis();
    const redis = openRedis(own.url, { name: 'test', onError: () => undefined });
    await waitForRedis(redis, 5_000);
    const { ledger } = createStore(redis, { narrate, clock: { now: () => now } });
    await reserve(ledger, 1, { task: 4, person: 5 });
    redis.disconnect();
    await own.stop('SIGKILL');
    await own.start();
    const again = openRedis(own.url, { name: 'test', onError: () => undefined });
    await waitForRedis(again, 5_000);
    const after = createStore(again, { narrate, clock: { now: () => now } });
    expect((await after.ledger.standing(day, alice)).person.reserved.usd).toBe(4);
    again.disconnect();
  });
});

describe('what runs spend', () => {
  test('is counted once, however often it is told', async () => {
    const one = await connect();
    const two = await connect(one.instance);
    const order = { run: runId(1), day, spender, spent: used(0.25, 1_000) };
    await Promise.all(Array.from({ length: 10 }, (_, turn) => (turn % 2 === 0 ? one : two).ledger.book(order)));
    expect((await one.ledger.standing(day, alice)).person.used).toEqual({ usd: 0.25, tokens: 1_000 });
  });

  test('goes to the day on which it was spent', async () => {
    const { ledger } = await connect();
    await ledger.book({ run: runId(1), day: '2026-11-21', spender, spent: used(1, 10) });
    await ledger.book({ run: runId(1), day, spender, spent: used(1.5, 15) });
    const rows = await ledger.days([day, '2026-11-21', '2026-11-20']);
    expect(rows.map((row) => [row.day, row.usd, row.inputTokens])).toEqual([
      [day, 0.5, 5],
      ['2026-11-21', 1, 10],
    ]);
  });

  test('is kept apart by person, repository and agent', async () => {
    const { ledger } = await connect();
    await ledger.book({ run: runId(1), day, spender, spent: used(1) });
    await ledger.book({ run: runId(1, taskId('t000002')), day, spender: { ...spender, person: bob }, spent: used(2) });
    await ledger.book({ run: runId(2), day, spender: { ...spender, agent: 'codex' }, spent: used(4) });
    const rows = await ledger.days([day]);
    expect(rows.map(({ person, agent, usd }) => `${person} ${agent} ${usd}`).toSorted()).toEqual([
      `${alice} claude 1`,
      `${alice} codex 4`,
      `${bob} claude 2`,
    ]);
  });

  test('without a known price is tokens, and dollars only as limits hold it', async () => {
    const { ledger } = await connect();
    const spent = { inputTokens: 70, outputTokens: 30, usd: null, usdAtMost: 0.5 };
    await ledger.book({ run: runId(1), day, spender, spent });
    expect(await ledger.days([day])).toMatchObject([{ usd: 0, unpricedTokens: 100, usdAtMost: 0.5 }]);
    expect((await ledger.standing(day, alice)).person.used.usd).toBe(0.5);
  });

  test('is forgotten after ninety days', async () => {
    const { ledger, redis } = await connect();
    await ledger.book({ run: runId(1), day, spender, spent: used(1) });
    const keys = await redis.keys(`{errand:ledger${instances - 1}}:spending:*`);
    const kept = await Promise.all(keys.filter((key) => !key.endsWith(':version')).map(async (key) => redis.ttl(key)));
    expect(kept).toHaveLength(2);
    for (const seconds of kept) expect(seconds).toBeGreaterThan(89 * 24 * 3_600);
  });
});
