import { createRunQueue } from '../../src/queue/run-queue.ts';

/** A worker process that takes one job, says so, and is busy with it until it is sent anything. */
const [url = '', instance = ''] = process.argv.slice(2);
const ended = new AbortController();
process.once('message', () => {
  process.disconnect();
  ended.abort();
});

await using queue = createRunQueue({ url, instance, onError: () => undefined });
await queue.work(
  'run',
  async (_job, signal) => {
    process.send?.('taken');
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
  },
  { concurrency: 1, signal: ended.signal },
);
