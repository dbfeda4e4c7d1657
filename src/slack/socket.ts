import { type App, type Receiver, SocketModeReceiver } from '@slack/bolt';
import { type ConnectionOptions, clientOptions } from './connection.ts';
import type { Link } from './keep-connected.ts';
import { toSlackLogger } from './log.ts';

export interface SocketOptions extends Omit<ConnectionOptions, 'botToken'> {
  readonly appToken: string;
  /** An undici dispatcher for the WebSocket, where a proxy or certificates call for one. */
  readonly dispatcher?: ConstructorParameters<typeof SocketModeReceiver>[0]['dispatcher'];
}

type SocketClient = SocketModeReceiver['client'];

const connectWithinMs = 15_000;
/** A peer that is gone never says goodbye; the library would wait half a minute for it. */
const closeWithinMs = 1_000;

/** Bolt's way in over any number of connections, each of which is opened anew once it was lost. */
export interface SocketReceiver extends Receiver {
  /** Settles when Slack said hello; rejects with the library's errors. */
  open(): Promise<Link>;
}

/**
 * The library's own reconnecting waits five seconds at each of Slack's routine refreshes, and ends for good when one attempt fails,
 * so it is off, and each connection has a client of its own: none is left in a state that a failure brought it to.
 */
export function createSocketReceiver(options: SocketOptions): SocketReceiver {
  let bolt: App | undefined;
  return {
    init(app) {
      bolt = app;
    },
    start: async () => undefined,
    stop: async () => undefined,
    open() {
      const receiver = new SocketModeReceiver({
        appToken: options.appToken,
        autoReconnectEnabled: false,
        logger: toSlackLogger(options.log, 'socket-mode'),
        installerOptions: { clientOptions: clientOptions(options, 0) },
        ...(options.dispatcher === undefined ? {} : { dispatcher: options.dispatcher }),
      });
      if (bolt !== undefined) receiver.init(bolt);
      return connect(receiver.client);
    },
  };
}

async function connect(client: SocketClient): Promise<Link> {
  const lost = new Promise<void>((resolve) => client.once('disconnected', () => resolve()));
  const starting = client.start();
  const tooLong = Promise.withResolvers<never>();
  const timer = setTimeout(() => tooLong.reject(unsaid()), connectWithinMs);
  try {
    await Promise.race([starting, tooLong.promise]);
    return { lost, close: () => close(client, lost) };
  } catch (error) {
    // Nobody waits for it any more, whatever it still comes to.
    starting.then(() => client.disconnect()).catch(() => undefined);
    void close(client, lost);
    throw error ?? unsaid();
  } finally {
    clearTimeout(timer);
  }
}

async function close(client: SocketClient, lost: Promise<void>): Promise<void> {
  const end = () => client.disconnect().catch(() => undefined);
  // Asked a second time, the library waits no longer for the other side.
  const force = setTimeout(end, closeWithinMs);
  void end();
  await lost.finally(() => clearTimeout(force));
}

function unsaid(): Error {
  return new Error('the connection was closed before Slack said hello');
}
