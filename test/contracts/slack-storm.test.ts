import { describe, expect, test } from 'vitest';
import type { LocalSlack } from '../../src/local/slack/server.ts';
import { type PaceOptions, slackPace } from '../../src/slack/outgoing/pace.ts';
import type { Store } from '../../src/store/store.ts';
import type { OutboxRow, Said } from '../../src/task/said.ts';
import { ending, root } from '../slack/everything.ts';
import { line } from '../slack/said.ts';
import { botMessages, channel, clock, dev, until, useBench } from './slack-harness.ts';

const on = useBench();

/** Slack's minute passes in three seconds: its tiers and bursts are the real ones. */
const faster = 20;
const began = clock.now();
const slackClock = { now: () => began + (clock.now() - began) * faster };
const lanes = Array.from({ length: 20 }, (_, n) => `t4k2m${String(n).padStart(2, '0')}`);

const inTime = ({ callsPerMinute = {}, ...pace }: PaceOptions): PaceOptions => ({
  postsPerMinute: pace.postsPerMinute * faster,
  updatesPerMinute: pace.updatesPerMinute * faster,
  progressEveryMs: pace.progressEveryMs / faster,
  callsPerMinute: Object.fromEntries(Object.entries(callsPerMinute).map(([name, rate]) => [name, rate * faster])),
});
const heedless: PaceOptions = { postsPerMinute: 1e9, updatesPerMinute: 1e9, progressEveryMs: 0 };

function row(lane: string, key: string, said: Said): OutboxRow {
  const thread = { type: key === 'root' ? 'root' : 'own' } as const;
  return { lane, key, effect: { type: 'message', channel: channel(dev), thread, said } };
}

function plan(lane: string, n: number): OutboxRow {
  const progress = { steps: [], activity: `Step ${n}` };
  return row(lane, 'plan-1', { type: 'plan', task: line, run: 1, state: 'running', progress });
}

/** Twenty tasks at work, each of which has something new to show as soon as its last step was shown; then all of them end. */
async function play(slack: LocalSlack, store: Store, updates: number): Promise<ReadonlyMap<string, number>> {
  const shown = new Map(lanes.map((lane) => [lane, 0]));
  const ledger = () => slack.store.ledger.filter(({ method }) => method === 'chat.update');
  await store.outbox.add(lanes.flatMap((lane) => [row(lane, 'root', root({ status: running })), plan(lane, 0)]));
  await until(slack, () => botMessages(slack).length === 2 * lanes.length);
  let seen = 0;
  let step = 0;
  await store.outbox.add(lanes.map((lane) => plan(lane, ++step)));
  while (seen < updates) {
    const fresh = await until(slack, () => ledger().length > seen && ledger().slice(seen));
    seen += fresh.length;
    const next = fresh.flatMap(({ args }) => laneOf(args.metadata));
    for (const lane of next) shown.set(lane, (shown.get(lane) ?? 0) + 1);
    await store.outbox.add(next.map((lane) => plan(lane, ++step)));
  }
  const outcome = { type: 'stopped', by: line.requester, kept: [] } as const;
  await store.outbox.add(
    lanes.flatMap((lane) => [
      row(lane, 'ending-1', ending(outcome)),
      row(lane, 'root', root({ status: { word: 'Stopped' } })),
    ]),
  );
  while ((await store.outbox.dirty()).length > 0) await new Promise((resolve) => setImmediate(resolve));
  return shown;
}

const running = { word: 'Running', startedAt: 1_700_000_000_000, activity: null } as const;

function laneOf(metadata: unknown): string[] {
  const found = /"lane":"([^"]+)","key":"plan-1"/.exec(JSON.stringify(metadata));
  return found?.[1] === undefined ? [] : [found[1]];
}

const texts = (slack: LocalSlack, begins: string) =>
  botMessages(slack).filter(({ text }) => text.startsWith(begins)).length;
const pauses = () => on.bench.logged.lines.items.filter(({ message }) => message === 'Slack asked for a pause').length;

describe('twenty tasks at once, within Slack’s limits', () => {
  test('all end where people see it, each message stands once, and Slack has to slow nobody down', async () => {
    const slack = await on.bench.slack({ rateScale: 1, clock: slackClock });
    const store = await on.bench.store();
    await on.bench.deliver(slack, store, { pace: inTime(slackPace) });
    const shown = await play(slack, store, 60);
    expect(botMessages(slack)).toHaveLength(3 * lanes.length);
    expect(texts(slack, 'Stopped by')).toBe(lanes.length);
    expect(texts(slack, 'Stopped ·')).toBe(lanes.length);
    expect(pauses()).toBeLessThanOrEqual(2);
    // Nobody's progress waits for ever while others show theirs.
    expect([...shown.values()].filter((times) => times === 0)).toEqual([]);
  });

  test('all end where people see it though Slack slows down nearly every call', async () => {
    const slack = await on.bench.slack({ rateScale: 1, clock: slackClock });
    const store = await on.bench.store();
    await on.bench.deliver(slack, store, { pace: heedless });
    await play(slack, store, 60);
    expect(botMessages(slack)).toHaveLength(3 * lanes.length);
    expect(texts(slack, 'Stopped by')).toBe(lanes.length);
    expect(texts(slack, 'Stopped ·')).toBe(lanes.length);
    expect(pauses()).toBeGreaterThan(5);
  });

  test('two processes that know of each other keep to the limits together', async () => {
    const slack = await on.bench.slack({ rateScale: 1, clock: slackClock });
    const store = await on.bench.store();
    const shared = { pace: inTime(slackPace), processes: () => 2 };
    await on.bench.deliver(slack, store, shared);
    await on.bench.deliver(slack, await on.bench.store(), shared);
    await play(slack, store, 60);
    expect(botMessages(slack)).toHaveLength(3 * lanes.length);
    expect(texts(slack, 'Stopped by')).toBe(lanes.length);
    expect(pauses()).toBeLessThanOrEqual(2);
  });
});
