import { readdir, stat, truncate } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { narrate } from '../../src/app/narrate.ts';
import { openRedis, waitForRedis } from '../../src/store/connection.ts';
import { checkStore } from '../../src/store/consistency/check-store.ts';
import { bringUpToDate } from '../../src/store/migrate.ts';
import { createStore } from '../../src/store/store.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import * as example from '../task/example.ts';

async function open(server: TestRedis) {
  const redis = openRedis(server.url, { name: 'test', onError: () => undefined });
  await waitForRedis(redis, 5_000);
  return redis;
}

/** The file that Redis appends to just now. */
async function appendedTo(server: TestRedis): Promise<string> {
  const folder = join(dirname(server.url), 'appendonlydir');
  const name = (await readdir(folder)).find((each) => each.endsWith('.incr.aof'));
  return join(folder, name ?? '');
}

// A crash in a write leaves half of it at the end of the file.
it('a store whose last writes were cut off anywhere is as it was before them, and nothing in it is wrong', async () => {
  await using server = await startRedis();
  const redis = await open(server);
  const store = createStore(redis, { narrate, clock: { now: () => Date.now() } });
  await bringUpToDate(redis);
  const id = example.taskId();
  const task = example.task();
  await store.inbox.put('one', { text: 'request' });
  await store.tasks.create(task, narrate(task, { type: 'task_created', at: 1 }, task));
  await store.inbox.settle('one');
  const sound = (await stat(await appendedTo(server))).size;
  const run = example.runId(1);
  await store.tasks.apply(id, { at: 2, type: 'run_started', run, number: 1, engine: example.engine });
  await store.tasks.apply(id, { at: 3, type: 'message_added', message: example.message(4) });
  const lane = await store.outbox.take(id);
  for (const row of lane?.rows ?? []) if (lane) await store.outbox.delivered(lane, row, null);
  await store.tasks.apply(id, { at: 4, type: 'stopped', by: example.alice });
  redis.disconnect();
  await server.stop('SIGKILL');
  const file = await appendedTo(server);
  const { size } = await stat(file);
  // Each cut is into what the one before left.
  const cuts = Array.from({ length: 8 }, (_, at) => Math.floor(size - ((size - sound) * (at + 1)) / 8 + (at % 3)));
  for (const cut of cuts) {
    await truncate(file, Math.min(cut, (await stat(file)).size));
    await server.start();
    const again = await open(server);
    expect({ cut, flaws: await checkStore(again) }).toEqual({ cut, flaws: [] });
    expect((await createStore(again, { narrate, clock: { now: () => 0 } }).tasks.find(id))?.id).toBe(id);
    again.disconnect();
    await server.stop('SIGKILL');
  }
});
