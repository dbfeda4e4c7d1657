import { setTimeout as delay } from 'node:timers/promises';
import { SocketModeReceiver } from '@slack/bolt';
import { type ConnectionOptions, clientOptions, refusedToken } from './connection.ts';
import { type Log, toSlackLogger } from './log.ts';

export interface SocketOptions extends Omit<ConnectionOptions, 'botToken'> {
  readonly appToken: string;
  /** An undici dispatcher for the WebSocket, where a proxy or certificates call for one. */
  readonly dispatcher?: ConstructorParameters<typeof SocketModeReceiver>[0]['dispatcher'];
}

type SocketClient = SocketModeReceiver['client'];

const connectWithinMs = 15_000;
const longestPauseMs = 30_000;

/**
 * The library's own reconnecting waits five seconds at each of Slack's routine refreshes, and ends for good when one attempt fails,
 * so it is off: `keepConnected` does it.
 */
export function createSocketReceiver(options: SocketOptions): SocketModeReceiver {
  return new SocketModeReceiver({
    appToken: options.appToken,
    autoReconnectEnabled: false,
    logger: toSlackLogger(options.log, 'socket-mode'),
    installerOptions: { clientOptions: clientOptions(options, 0) },
    ...(options.dispatcher === undefined ? {} : { dispatcher: options.dispatcher }),
  });
}

/**
 * Connects, and settles when Slack said hello; throws `Problem` when it refuses. From then on only `signal` ends the connection;
 * `ended` settles when it has.
 */
export async function keepConnected(
  client: SocketClient,
  options: { apiUrl: string; log: Log; signal: AbortSignal },
): Promise<{ ended: Promise<void> }> {
  const { log, signal } = options;
  let connection = await connect(client).catch((error: unknown) => {
    throw refusedToken('SLACK_APP_TOKEN', options.apiUrl, error);
  });
  return { ended: stayConnected() };

  async function stayConnected(): Promise<void> {
    for (let failures = 0; ; ) {
      if (await endedFirst(connection.lost, signal)) break;
      try {
        connection = await connect(client);
        log.info({}, 'Connected to Slack again over Socket Mode');
        failures = 0;
      } catch (error) {
        log.error({ err: error, failures }, 'Slack could not be reached over Socket Mode, trying again');
        const pause = Math.min(500 * 2 ** failures++, longestPauseMs);
        await delay(pause, undefined, { signal }).catch(() => undefined);
      }
    }
    await client.disconnect();
  }
}

async function connect(client: SocketClient): Promise<{ lost: Promise<void> }> {
  const lost = new Promise<void>((resolve) => client.once('disconnected', () => resolve()));
  const tooLong = setTimeout(() => client.disconnect(), connectWithinMs);
  try {
    await client.start();
    return { lost };
  } catch (error) {
    throw error ?? new Error('the connection was closed before Slack said hello');
  } finally {
    clearTimeout(tooLong);
  }
}

/** Whether the signal aborted before the connection was lost. */
async function endedFirst(lost: Promise<void>, signal: AbortSignal): Promise<boolean> {
  const aborted = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
  await Promise.race([lost, aborted]);
  return signal.aborted;
}
