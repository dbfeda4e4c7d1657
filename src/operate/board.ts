import { createHash, timingSafeEqual } from 'node:crypto';
import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { HonoAdapter } from '@bull-board/hono';
import { serveStatic } from '@hono/node-server/serve-static';
import type { Queue } from 'bullmq';
import { Hono } from 'hono';
import { basicAuth } from 'hono/basic-auth';
import { secureHeaders } from 'hono/secure-headers';

/** Machines come and go. */
const queuesKnownForMs = 5_000;

/** Whoever guesses has so many tries in a minute, together. */
const triesAMinute = 10;

/**
 * Bull Board over the queues, for whoever knows the password, under any name. It shows and changes nothing: jobs are wake-ups, and what is to
 * become of a task is said in Slack. `at` is where it is mounted. Nothing of it is fetched from elsewhere.
 */
export function createBoard(options: {
  readonly at: string;
  /** Asked anew each time that somebody looks, at most every few seconds. */
  readonly queues: () => Promise<readonly { readonly queue: Queue; readonly title: string }[]>;
  readonly password: string;
  readonly onRefused: () => void;
  readonly now?: () => number;
}): Hono {
  const { at, queues, password, onRefused, now = Date.now } = options;
  const wanted = digest(password);
  let wrong: number[] = [];
  const board = new Hono();
  board.use(
    secureHeaders({
      contentSecurityPolicy: {
        defaultSrc: ["'self'"],
        // Its own styles stand in its page.
        styleSrc: ["'self'", "'unsafe-inline'"],
        imgSrc: ["'self'", 'data:'],
        frameAncestors: ["'none'"],
        formAction: ["'none'"],
        objectSrc: ["'none'"],
      },
    }),
  );
  board.use(async (c, next) => {
    wrong = wrong.filter((time) => now() - time < 60_000);
    if (wrong.length >= triesAMinute) return c.text('Too many wrong passwords; try again in a minute.\n', 429);
    return next();
  });
  board.use(
    basicAuth({
      realm: 'Errand',
      verifyUser: (_name, given) => {
        const right = timingSafeEqual(digest(given), wanted);
        if (!right) {
          wrong.push(now());
          onRefused();
        }
        return right;
      },
    }),
  );
  board.use(async (c, next) => {
    if (c.req.method === 'GET' || c.req.method === 'HEAD') return next();
    return c.text('This board shows and changes nothing.\n', 405);
  });
  const adapter = new HonoAdapter(serveStatic);
  adapter.setBasePath(at);
  const { replaceQueues } = createBullBoard({
    queues: [],
    serverAdapter: adapter,
    options: { uiConfig: { boardTitle: 'Errand', hideDocsLink: true } },
  });
  let knownUntil = Number.NEGATIVE_INFINITY;
  board.use('/api/*', async (_c, next) => {
    if (now() >= knownUntil) {
      const shown = await queues();
      replaceQueues(
        shown.map(({ queue, title }) => new BullMQAdapter(queue, { readOnlyMode: true, displayName: title })),
      );
      knownUntil = now() + queuesKnownForMs;
    }
    return next();
  });
  board.route('/', adapter.registerPlugin());
  return board;
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
