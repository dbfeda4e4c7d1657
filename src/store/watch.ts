import { Cluster } from 'ioredis';
import type { Connection } from './connection.ts';

/**
 * Calls back with each message of a channel until the signal aborts, on a connection of its own. Pub/sub forgets who was away:
 * after each (re)connection everything in `missed` is called back as well.
 */
export async function watch(
  redis: Connection,
  channel: string,
  missed: () => Promise<readonly string[]>,
  changed: (name: string) => void,
  signal: AbortSignal,
): Promise<void> {
  if (signal.aborted) return;
  const failed = (error: unknown) => {
    if (!signal.aborted) redis.emit('error', error instanceof Error ? error : new Error(String(error)));
  };
  const subscriber = openSubscriber(redis);
  subscriber.on('error', failed);
  subscriber.on('message', (_channel, name) => changed(name));
  subscriber.on('ready', () => {
    subscriber
      .subscribe(channel)
      .then(missed)
      .then((names) => names.forEach(changed))
      .catch((error) => {
        failed(error);
        // Without an answer nobody knows whether the subscription holds; a new connection starts over.
        if (!signal.aborted) subscriber.disconnect(true);
      });
  });
  const aborted = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  subscriber.connect().catch(failed);
  await aborted;
  subscriber.disconnect();
}

function openSubscriber(redis: Connection): Connection {
  const options = { enableOfflineQueue: true, lazyConnect: true };
  // The client of a cluster has a connection for this, and takes up its subscriptions by itself where nodes come and go.
  if (redis instanceof Cluster) return redis.duplicate([], options);
  return redis.duplicate({ ...options, maxRetriesPerRequest: null, autoResubscribe: false });
}
