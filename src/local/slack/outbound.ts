import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { Ack, Delivery, Retry } from './delivery.ts';
import type { Faults, PayloadKind } from './faults.ts';
import type { LooseObject } from './workspace.ts';

/** One payload on its way to the app, with how it went. */
export interface DeliveryRecord {
  readonly id: string;
  readonly kind: PayloadKind;
  readonly payload: LooseObject;
  tries: number;
  acked: boolean;
}

export interface Outbound {
  /** Delivers an event in the background, three more times until it is acknowledged. */
  event(payload: LooseObject): void;
  /** Delivers a command or an interaction once. */
  interactive(kind: 'slash_commands' | 'interactive', payload: LooseObject): Promise<Ack>;
  /** Delivers something again that was delivered before, as a retry; false when it is unknown. */
  redeliver(id: string): boolean;
  readonly records: readonly DeliveryRecord[];
  /** Settles when nothing is on its way (retries that wait for their time aside). */
  idle(): Promise<void>;
}

const keptRecords = 1000;
const heldMs = 1000;

export function createOutbound(options: {
  delivery: Delivery;
  faults: Faults;
  retryDelaysMs: readonly number[];
  signal: AbortSignal;
}): Outbound {
  const { delivery, faults, retryDelaysMs, signal } = options;
  const records: DeliveryRecord[] = [];
  const flying = new Set<Promise<unknown>>();
  let release: (() => void) | null = null;

  function track<Result>(promise: Promise<Result>): Promise<Result> {
    flying.add(promise);
    void promise.finally(() => flying.delete(promise)).catch(ignoreAbort);
    return promise;
  }

  function keep(kind: PayloadKind, payload: LooseObject): DeliveryRecord {
    const event = payload.event_id ?? payload.trigger_id;
    const record = { id: typeof event === 'string' ? event : randomUUID(), kind, payload, tries: 0, acked: false };
    records.push(record);
    if (records.length > keptRecords) records.shift();
    return record;
  }

  async function send(record: DeliveryRecord, retry: Retry | null): Promise<Ack> {
    const effect = faults.forDelivery(record.kind);
    record.tries += 1;
    if (effect?.type === 'lose') return { ok: false, reason: 'timeout', noRetry: false };
    if (effect?.type === 'delay') await wait(effect.ms, undefined, { signal });
    if (effect?.type === 'out_of_order') await held();
    const sending = delivery.send(record.kind, record.payload, retry);
    if (effect?.type !== 'out_of_order') letGo();
    const more = effect?.type === 'twice' ? 1 : effect?.type === 'everywhere' ? delivery.ways - 1 : 0;
    for (let n = 0; n < more; n++) void track(delivery.send(record.kind, record.payload, retry));
    const ack = await sending;
    if (effect?.type === 'drop_ack') return { ok: false, reason: 'timeout', noRetry: false };
    record.acked ||= ack.ok;
    return ack;
  }

  async function held(): Promise<void> {
    letGo();
    const { promise, resolve } = Promise.withResolvers<void>();
    release = resolve;
    await Promise.race([promise, wait(heldMs, undefined, { signal })]);
  }

  function letGo(): void {
    release?.();
    release = null;
  }

  async function sendEvent(record: DeliveryRecord): Promise<void> {
    let ack = await track(send(record, null));
    for (const [index, delayMs] of retryDelaysMs.entries()) {
      if (ack.ok || ack.noRetry) return;
      await wait(delayMs, undefined, { signal });
      ack = await track(send(record, { num: index + 1, reason: ack.reason }));
    }
  }

  return {
    records,
    event: (payload) => void sendEvent(keep('events_api', payload)).catch(ignoreAbort),
    interactive: (kind, payload) => track(send(keep(kind, payload), null)),
    redeliver(id) {
      const record = records.findLast((each) => each.id === id);
      if (record === undefined) return false;
      void track(send(record, { num: record.tries, reason: 'timeout' })).catch(ignoreAbort);
      return true;
    },
    async idle() {
      while (flying.size > 0) await Promise.allSettled([...flying]);
    },
  };
}

/** The server's end interrupts every wait; nothing else may be lost here. */
function ignoreAbort(error: unknown): void {
  if (!(error instanceof Error && error.name === 'AbortError')) throw error;
}
