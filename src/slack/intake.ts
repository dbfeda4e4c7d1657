import type { App, ReceiverEvent } from '@slack/bolt';
import { z } from 'zod';
import type { Clock } from '../task/ports/clock.ts';
import type { Inbox } from '../task/ports/inbox.ts';
import { Problem } from '../task/problem.ts';
import type { Log } from './log.ts';
import { naturalKey, type Self } from './natural-key.ts';
import { isOwnWorkspace } from './own-workspace.ts';
import { fieldChange, suggestionRequest } from './payloads.ts';

/** What a listener learns of the act beside Slack's payload. */
export const received = z.object({
  naturalKey: z.string(),
  /** When Errand stored it, epoch milliseconds. */
  receivedAt: z.number(),
  /** Set when it comes from the inbox rather than from Slack: nobody waits for the ack any more. */
  replayed: z.boolean(),
});
export type Received = z.infer<typeof received>;

const envelope = z.object({ at: z.number(), body: z.record(z.string(), z.unknown()) });

export interface IntakeOptions {
  readonly inbox: Inbox;
  readonly self: Self;
  readonly teamId: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Answers a person whose act could not be stored, in the ack; false for what can only be left to Slack to send again. */
  readonly refuse: (event: ReceiverEvent) => Promise<boolean>;
  /** Told of each act that could not be stored. */
  readonly missed?: () => void;
  /** Tells a person that their act was given up after too many attempts. */
  readonly giveUp: (body: unknown, received: Received) => Promise<void>;
}

export interface Intake {
  /** Consumes again what was stored more than `olderThanMs` ago and never dealt with; asked while it does so, it shares that round. */
  replay(olderThanMs: number): Promise<void>;
  /** Settles when nothing is being consumed. */
  idle(): Promise<void>;
}

type Claimed = Awaited<ReturnType<Inbox['unsettled']>>[number];

/** An act that failed this often fails for its own sake, unless something outside is away. */
const maxAttempts = 5;
/** One that ends its process is not known to have failed: what an outage before this start has cost it is forgiven up to here. */
const maxUnseenAttempts = 50;
/** For so long an act waits for what is away; later its sender hardly means it any more. */
const longestOutageMs = 60 * 60_000;

/**
 * Stores each act before Slack gets its 200, drops what was stored before, and settles it once the listeners are done. Bolt acks
 * an event before any listener runs, so its way in is wrapped; that serves HTTP and Socket Mode alike.
 */
export function storeFirst(app: Pick<App, 'processEvent'>, options: IntakeOptions): Intake {
  const { inbox, self, teamId, clock, log } = options;
  const consume = app.processEvent.bind(app);
  const inFlight = new Map<string, Promise<void>>();
  /** How acts failed in this process: whether another try may go better. */
  const failed = new Map<string, 'passing' | 'lasting'>();

  async function handle(event: ReceiverEvent, act: Received): Promise<void> {
    const customProperties = { ...event.customProperties, ...act };
    const handled = consume({ ...event, customProperties })
      .then(() => inbox.settle(act.naturalKey))
      .then(() => void failed.delete(act.naturalKey))
      .catch((error: unknown) => {
        failed.set(act.naturalKey, isPassing(error) ? 'passing' : 'lasting');
        log.error({ act: act.naturalKey, err: error }, 'An act from Slack failed and will be tried again');
      })
      .finally(() => inFlight.delete(act.naturalKey));
    inFlight.set(act.naturalKey, handled);
    await handled;
  }

  app.processEvent = async (event) => {
    if (!isOwnWorkspace(event.body, teamId)) {
      log.warn({ team: event.body.team_id }, 'What another workspace sent is left alone');
      return event.ack();
    }
    // What only changes an open form is worth nothing later, so it is not stored.
    if ([suggestionRequest, fieldChange].some((each) => each.safeParse(event.body).success)) return consume(event);
    const key = naturalKey(event.body, self);
    if (key === null) return event.ack();
    const at = clock.now();
    const fresh = await inbox.put(key, { at, body: withoutToken(event.body) }).catch(async (error: unknown) => {
      log.error({ act: key, err: error }, 'An act from Slack could not be stored');
      options.missed?.();
      // Without an ack Slack sends events again; what it sends only once is given back to the person.
      if (await options.refuse(event)) return null;
      throw error;
    });
    if (fresh === null) return undefined;
    if (!fresh) return event.ack();
    const ack = ackOnce(event.ack, (error) => log.warn({ act: key, err: error }, 'An ack did not reach Slack'));
    await handle({ ...event, ack: ack.send }, { naturalKey: key, receivedAt: at, replayed: false });
    return ack.ensure();
  };

  async function again({ key, envelope: stored, attempts }: Claimed): Promise<void> {
    if (inFlight.has(key)) return;
    const { at, body } = envelope.parse(stored);
    const act = { naturalKey: key, receivedAt: at, replayed: true };
    if (isDue(attempts, clock.now() - at, failed.get(key))) {
      log.error({ act: key, attempts }, 'An act from Slack failed too often and is given up');
      await options.giveUp(body, act);
      await inbox.settle(key);
      failed.delete(key);
    } else {
      await handle({ body, ack: async () => undefined }, act);
    }
  }

  async function sweep(olderThanMs: number): Promise<void> {
    const begunAt = clock.now();
    const seen = new Set<string>();
    while (true) {
      // One at a time: what waited here for its turn, another sweep would take for left behind. What comes due meanwhile is the next one's.
      const [next] = await inbox.unsettled(olderThanMs + clock.now() - begunAt, 1);
      if (next === undefined || seen.has(next.key)) return;
      seen.add(next.key);
      await again(next);
    }
  }

  let sweeping: Promise<void> | undefined;
  return {
    replay(olderThanMs) {
      sweeping ??= sweep(olderThanMs).finally(() => {
        sweeping = undefined;
      });
      return sweeping;
    },
    async idle() {
      await Promise.all(inFlight.values());
    },
  };
}

/** Whether an act is given up, after so many attempts and so long. */
function isDue(attempts: number, ageMs: number, failure: 'passing' | 'lasting' | undefined): boolean {
  if (failure === 'passing') return ageMs > longestOutageMs;
  return attempts > (failure === 'lasting' ? maxAttempts : maxUnseenAttempts);
}

/** The store, Slack or GitHub is away; Bolt wraps what listeners throw. */
function isPassing(error: unknown): boolean {
  if (error instanceof Problem) return error.retry;
  return error instanceof Error && 'original' in error && isPassing(error.original);
}

/** The body without Slack's old verification token, which is a secret of sorts. */
function withoutToken({ token: _, ...body }: Record<string, unknown>): Record<string, unknown> {
  return body;
}

/** The act is stored, so a lost ack is no failure of it; an answer that should have gone with the ack is: that one throws. */
function ackOnce(ack: ReceiverEvent['ack'], lost: (error: unknown) => void) {
  let sent = false;
  const send: ReceiverEvent['ack'] = async (response) => {
    if (sent) return;
    sent = true;
    try {
      await ack(response);
    } catch (error) {
      lost(error);
      if (response !== undefined) throw error;
    }
  };
  return { send, ensure: () => send() };
}
