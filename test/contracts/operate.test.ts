import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBoard } from '../../src/operate/board.ts';
import { Checkup } from '../../src/operate/checkup.ts';
import { createMetrics } from '../../src/operate/metrics.ts';
import { serveOperate } from '../../src/operate/server.ts';
import { openBoardQueues } from '../../src/queue/board-queues.ts';
import { createRunQueue } from '../../src/queue/run-queue.ts';
import { createFigures, createHealthNotes } from '../../src/store/health.ts';
import { createKeys } from '../../src/store/keys.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { engine, taskId } from '../task/example.ts';

let server: TestRedis;
let redis: Redis;

beforeAll(async () => {
  server = await startRedis({ maxmemory: '64mb' });
  redis = new Redis(server.url);
});

afterAll(async () => {
  redis.disconnect();
  await server[Symbol.asyncDispose]();
});

describe('what processes say of themselves', () => {
  const note = { process: 'worker', id: 'worker:1', host: 'one', troubles: [] } as const;
  const docker = { code: 'docker_down', sentence: 'Docker does not answer.', since: 5 };

  it('is the last that each said, with the time of the store', async () => {
    const notes = createHealthNotes(redis, createKeys('notes-1'));
    await notes.leave(note);
    await notes.leave({ ...note, troubles: [docker] });
    const { now, notes: found } = await notes.all();
    expect(found).toEqual([{ ...note, troubles: [docker], at: expect.any(Number) }]);
    expect(now - (found[0]?.at ?? 0)).toBeLessThan(60_000);
  });

  it('is nothing of who withdrew it, or has been silent for a day', async () => {
    const keys = createKeys('notes-2');
    const notes = createHealthNotes(redis, keys);
    await notes.leave(note);
    await notes.leave({ ...note, id: 'worker:2' });
    await notes.leave({ ...note, id: 'worker:3' });
    await notes.withdraw('worker:1');
    await redis.zadd(`${keys.prefix}health:heard`, Date.now() - 25 * 3_600_000, 'worker:2');
    await notes.leave({ ...note, id: 'worker:3' });
    expect((await notes.all()).notes.map(({ id }) => id)).toEqual(['worker:3']);
    expect(await redis.hlen(keys.healthNotes)).toBe(1);
  });

  it('is left out where another version said it in another shape', async () => {
    const keys = createKeys('notes-3');
    const notes = createHealthNotes(redis, keys);
    await notes.leave(note);
    await redis.hset(keys.healthNotes, 'worker:1', '{"mood":"fine"}');
    expect((await notes.all()).notes).toEqual([]);
  });
});

it('the store says what it holds, and how much it may', async () => {
  const keys = createKeys('figures');
  await redis.zadd(keys.dirtyLanes, 1, 't000001', 2, 't000002');
  await redis.zadd(keys.inboxUnsettled, 1, 'act');
  const figures = await createFigures(redis, keys)();
  expect(figures).toMatchObject({ undelivered: 2, unsettled: 1, limitBytes: 64 * 2 ** 20 });
  expect(figures.usedBytes).toBeGreaterThan(100_000);
});

describe('over HTTP', () => {
  const checkup = new Checkup([], { now: () => Date.now() });
  const serve = (board: Parameters<typeof serveOperate>[0]['board'], port = 0) =>
    serveOperate({
      host: '127.0.0.1',
      port,
      metrics: createMetrics('bot'),
      checkup,
      board,
      refresh: async () => undefined,
    });

  it('shows the jobs of the queues to who knows the password, with all that its page needs', async () => {
    await using queue = createRunQueue({ url: server.url, onError: () => undefined });
    await queue.wake({ type: 'merge', task: taskId('t00000b') }, { delayMs: 60_000 });
    await using opened = openBoardQueues({
      url: server.url,
      hosts: async () => [{ engine, name: 'one' }],
      onError: () => undefined,
    });
    const password = 'a password of some length';
    const board = createBoard({ at: '/board', queues: opened.list, password, onRefused: () => undefined });
    await using served = await serve(board);
    const ask = (path: string, word = password) =>
      fetch(`http://127.0.0.1:${served.port}/board${path}`, {
        headers: { authorization: `Basic ${btoa(`x:${word}`)}` },
      });
    expect((await ask('/api/queues', 'guess')).status).toBe(401);
    const jobs = await (await ask('/api/queues?activeQueue=merge&status=delayed&page=1')).text();
    expect(jobs).toContain('t00000b');
    expect(jobs).toContain('run on one');
    const page = await (await ask('/')).text();
    const [, script = ''] = /src="(static\/js\/main[^"]+)"/.exec(page) ?? [];
    expect((await ask(`/${script}`)).headers.get('content-type')).toContain('javascript');
  });

  it('says what Node knows of the process, too', async () => {
    await using served = await serve(null);
    expect(await (await fetch(`http://127.0.0.1:${served.port}/metrics`)).text()).toContain(
      'process_cpu_seconds_total',
    );
  });

  it('tells which port is taken', async () => {
    await using served = await serve(null);
    await expect(serve(null, served.port)).rejects.toMatchObject({ failure: { code: 'port_taken' } });
  });
});
