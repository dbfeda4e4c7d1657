import { z } from 'zod';

const times = z.number().int().min(1).default(1);

/** What to do wrong next, and how often; faults of one kind are used up in the order they were set. */
export const Fault = z.discriminatedUnion('on', [
  z.object({
    on: z.literal('call'),
    /** A Web API method, `response_url`, or `*`. */
    method: z.string(),
    times,
    effect: z.discriminatedUnion('type', [
      z.object({ type: z.literal('error'), error: z.string() }),
      z.object({ type: z.literal('status'), status: z.number().int().min(400).max(599) }),
      z.object({ type: z.literal('rate_limited'), retryAfterS: z.number().int().min(0) }),
      /** Neither done nor answered. */
      z.object({ type: z.literal('hang') }),
      /** Done, and the connection cut before the answer. */
      z.object({ type: z.literal('lost_answer') }),
    ]),
  }),
  z.object({
    on: z.literal('delivery'),
    kind: z.enum(['events_api', 'slash_commands', 'interactive', '*']),
    times,
    effect: z.discriminatedUnion('type', [
      z.object({ type: z.literal('twice') }),
      /** To every connection at once; over HTTP, twice at once. */
      z.object({ type: z.literal('everywhere') }),
      /** Held until the next payload has been sent, or for a second. */
      z.object({ type: z.literal('out_of_order') }),
      z.object({ type: z.literal('delay'), ms: z.number().int().min(0) }),
      /** The app got it, its acknowledgement is lost on the way. */
      z.object({ type: z.literal('drop_ack') }),
      /** The app never gets it. */
      z.object({ type: z.literal('lose') }),
    ]),
  }),
]);
export type Fault = z.infer<typeof Fault>;
export type CallEffect = Extract<Fault, { on: 'call' }>['effect'];
export type DeliveryEffect = Extract<Fault, { on: 'delivery' }>['effect'];
export type PayloadKind = 'events_api' | 'slash_commands' | 'interactive';

export interface Faults {
  add(fault: Fault): void;
  clear(): void;
  forCall(method: string): CallEffect | null;
  forDelivery(kind: PayloadKind): DeliveryEffect | null;
}

export function createFaults(initial: readonly Fault[]): Faults {
  let pending = initial.map((fault) => ({ fault, left: fault.times }));
  const use = <Found>(match: (fault: Fault) => Found | null): Found | null => {
    for (const entry of pending) {
      const found = match(entry.fault);
      if (found === null) continue;
      entry.left -= 1;
      pending = pending.filter((each) => each.left > 0);
      return found;
    }
    return null;
  };
  return {
    add: (fault) => void pending.push({ fault, left: fault.times }),
    clear: () => {
      pending = [];
    },
    forCall: (method) =>
      use((fault) => (fault.on === 'call' && (fault.method === method || fault.method === '*') ? fault.effect : null)),
    forDelivery: (kind) =>
      use((fault) => (fault.on === 'delivery' && (fault.kind === kind || fault.kind === '*') ? fault.effect : null)),
  };
}
