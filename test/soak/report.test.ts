import { expect, test } from 'vitest';
import type { Census } from './census.ts';
import { toPlan } from './plan.ts';
import { createRandom } from './random.ts';
import { compare } from './report.ts';
import { Threads } from './thread.ts';

const census: Census = {
  ...{ seconds: 0, ended: 0, open: 0, bot: 100, worker: 100, broker: 100, gateways: 500, redis: 20, stored: 3 },
  ...{ keys: 300, lapsing: 900, containers: 8, volumes: 0, mounts: 10, disk: 50, logs: 1 },
};
const samples = (change: (index: number) => Partial<Census>) =>
  Array.from({ length: 50 }, (_, index) => ({ ...census, ...change(index) }));
const grown = (change: (index: number) => Partial<Census>) =>
  compare(samples(change)).flatMap(({ what, isFlat }) => (isFlat ? [] : [what]));

test('what grows with the requests is found, what goes up and down is not', () => {
  expect(grown(() => ({}))).toEqual([]);
  expect(grown((index) => ({ keys: 300 + index * 20 }))).toEqual(['keys']);
  expect(grown((index) => ({ mounts: index, disk: 50 + index * 8 }))).toEqual(['mounts', 'disk']);
  expect(grown((index) => ({ worker: index % 2 === 0 ? 80 : 200, bot: index % 7 === 0 ? null : 100 }))).toEqual([]);
});

test('what fills up at first counts as full', () => {
  expect(grown((index) => ({ worker: Math.min(60 + index * 30, 300) }))).toEqual([]);
});

test('a seed decides the requests, and each has its own words', () => {
  const plan = toPlan(100, createRandom(7));
  expect(toPlan(100, createRandom(7))).toEqual(plan);
  expect(toPlan(100, createRandom(8))).not.toEqual(plan);
  expect(new Set(plan.map(({ title }) => title)).size).toBe(100);
  expect(new Set(plan.map(({ kind }) => kind)).size).toBe(7);
});

test('a message that was posted twice is seen twice, whenever somebody looks', () => {
  const post = (n: number, key: string, title = '') => {
    const metadata = { event_payload: { lane: 'tabcdef', key } };
    return { n, at: 0, method: 'chat.postMessage', args: { text: title, metadata }, channel: 'C1', ts: `${n}` };
  };
  const ledger = [post(1, 'root', 'Soak 0001.')];
  const threads = new Threads(() => ledger);
  expect(threads.task('Soak 0001')).toBe('tabcdef');
  ledger.push(post(2, 'gate-a'), post(3, 'gate-a'), { ...post(4, 'gate-b'), method: 'chat.update' });
  expect(threads.of('Soak 0001', 'gate-').map(({ ts }) => ts)).toEqual(['2', '3']);
});
