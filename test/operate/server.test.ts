import { Hono } from 'hono';
import { describe, expect, test } from 'vitest';
import { Checkup } from '../../src/operate/checkup.ts';
import { createMetrics } from '../../src/operate/metrics.ts';
import { createOperateApp } from '../../src/operate/server.ts';
import { problem } from '../app/world.ts';

async function app(look: () => Promise<[]>) {
  const checkup = new Checkup([{ name: 'Docker', needed: true, everyMs: 1_000, look }], { now: () => 5 });
  await checkup.once();
  const metrics = createMetrics('worker');
  return createOperateApp({
    metrics,
    checkup,
    board: null,
    refresh: async () => metrics.slots.set({ state: 'used' }, 3),
  });
}

const well = async (): Promise<[]> => [];
const ill = () => Promise.reject(problem('docker_down'));

describe('whoever watches a process', () => {
  test('finds it ready while what it needs is well', async () => {
    const found = await (await app(well)).request('/readyz');
    expect([found.status, await found.json()]).toMatchObject([200, { ready: true }]);
  });

  test('finds it alive and not ready while what it needs is away, and is told what', async () => {
    const served = await app(ill);
    expect((await served.request('/livez')).status).toBe(200);
    const found = await served.request('/readyz');
    expect(found.status).toBe(503);
    expect(await found.json()).toEqual({
      ready: false,
      checks: [{ name: 'Docker', needed: true, well: false, sentences: ['It is docker_down.'] }],
    });
  });

  test('reads figures that were looked up for them', async () => {
    const found = await (await app(well)).request('/metrics');
    expect(found.headers.get('content-type')).toContain('version=0.0.4');
    expect(await found.text()).toContain('errand_slots{state="used",process="worker"} 3');
  });

  test('finds no board where no password is set', async () => {
    expect((await (await app(well)).request('/board/')).status).toBe(404);
  });

  test('gets headers that let a browser do nothing with it', async () => {
    const { headers } = await (await app(well)).request('/readyz');
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
  });

  test('gets the board with its own headers', async () => {
    const board = new Hono();
    board.get('/', (c) => c.text('board', 200, { 'content-security-policy': "default-src 'self'" }));
    const checkup = new Checkup([], { now: () => 5 });
    const served = createOperateApp({ metrics: createMetrics('bot'), checkup, board, refresh: async () => undefined });
    expect((await served.request('/board/')).headers.get('content-security-policy')).toBe("default-src 'self'");
  });
});
