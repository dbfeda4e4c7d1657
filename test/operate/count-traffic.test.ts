import { expect, test } from 'vitest';
import { countTraffic } from '../../src/operate/count-traffic.ts';
import { createMetrics } from '../../src/operate/metrics.ts';
import type { Traffic } from '../../src/task/network.ts';
import { taskId } from '../task/example.ts';

const task = taskId('t000001');

function counting() {
  const metrics = createMetrics('worker');
  let shown: Traffic | null = null;
  const traffic = countTraffic(metrics, async () => shown);
  return {
    traffic,
    shows: (meter: string, hostSent: number, modelReceived = 0) => {
      shown = { meter, hostSent, modelReceived, hostReceived: 0, modelSent: 0 };
    },
    async counted(direction: 'in' | 'out', other: 'models' | 'hosts') {
      const { values } = await metrics.gatewayBytes.get();
      return values.find(({ labels }) => labels.direction === direction && labels.with === other)?.value ?? 0;
    },
  };
}

test('what passes a gateway is counted once, however often it is looked at', async () => {
  const { traffic, shows, counted } = counting();
  await traffic.begin(task);
  shows('one', 100, 7);
  await traffic.look(task);
  await traffic.look(task);
  shows('one', 150, 7);
  await traffic.end(task);
  expect([await counted('out', 'hosts'), await counted('in', 'models')]).toEqual([150, 7]);
});

test('a run that follows up is counted from where the run before it left the meter', async () => {
  const { traffic, shows, counted } = counting();
  shows('one', 100);
  await traffic.begin(task);
  shows('one', 130);
  await traffic.end(task);
  expect(await counted('out', 'hosts')).toBe(30);
});

test('a run that another worker started is counted from the first look on', async () => {
  const { traffic, shows, counted } = counting();
  shows('one', 100);
  await traffic.look(task);
  shows('one', 110);
  await traffic.look(task);
  expect(await counted('out', 'hosts')).toBe(10);
});

test('a meter that was lost and begun anew is counted from nothing', async () => {
  const { traffic, shows, counted } = counting();
  await traffic.begin(task);
  shows('one', 100);
  await traffic.look(task);
  shows('two', 20);
  await traffic.look(task);
  expect(await counted('out', 'hosts')).toBe(120);
});
