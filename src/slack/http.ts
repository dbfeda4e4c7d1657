import type { IncomingMessage, ServerResponse } from 'node:http';
import { HTTPReceiver } from '@slack/bolt';
import { Problem } from '../task/problem.ts';
import { type Log, toSlackLogger } from './log.ts';

export interface HttpMode {
  readonly type: 'http';
  readonly signingSecret: string;
  readonly port: number;
  /** What else comes in at this port, by path. */
  readonly beside?: Readonly<Record<string, (request: IncomingMessage, response: ServerResponse) => void>>;
}

/**
 * The way in for what Slack sends over HTTP. Bolt refuses with 401 what is not signed by this app's secret over this very body, or is
 * older than five minutes; what is signed and comes again is known by its natural key.
 */
export function createHttpReceiver(mode: HttpMode, log: Log): HTTPReceiver {
  return new HTTPReceiver({
    signingSecret: mode.signingSecret,
    endpoints: ['/slack/events'],
    logger: toSlackLogger(log, 'http'),
    // What could not be stored was logged; the answer makes Slack send it again. True ends Bolt's wait for an ack.
    processEventErrorHandler: async ({ response }) => {
      if (!response.headersSent) response.writeHead(503).end();
      return true;
    },
    customRoutes: [
      ...Object.entries(mode.beside ?? {}).map(([path, handler]) => ({ path, method: ['POST'], handler })),
      {
        path: '/healthz',
        method: ['GET'],
        handler: (_, response) => {
          response.writeHead(200, { 'content-type': 'text/plain' });
          response.end('ok\n');
        },
      },
    ],
  });
}

/** Settles with the port. Throws `Problem` when it is taken. */
export async function listen(http: HTTPReceiver, port: number): Promise<number> {
  try {
    const address = (await http.start(port)).address();
    return typeof address === 'object' && address !== null ? address.port : port;
  } catch (error) {
    throw new Problem(
      {
        code: 'port_taken',
        sentence: `Errand could not listen on port ${port} for Slack.`,
        next: 'Set PORT to a free one.',
      },
      { cause: error },
    );
  }
}
