import { createRunQueue } from '../../src/queue/run-queue.ts';

/** A worker process that takes one job, says so, and never ends it. */
const [url = '', instance = ''] = process.argv.slice(2);
await createRunQueue({ url, instance, onError: () => undefined }).work(
  'run',
  () => {
    process.send?.('taken');
    return new Promise(() => undefined);
  },
  { concurrency: 1, signal: new AbortController().signal },
);
