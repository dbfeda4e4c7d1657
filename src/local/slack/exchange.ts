import { randomUUID } from 'node:crypto';
import type { Clock } from '../../task/ports/clock.ts';
import { limits } from './limits.ts';

/** What a response_url answers for. */
export interface ResponseTarget {
  readonly user: string;
  readonly channel: string;
  readonly threadTs: string | null;
  /** The message that the pressed button is in; null for a command. */
  readonly original: { readonly ts: string; readonly ephemeral: boolean } | null;
}

export interface Trigger {
  readonly user: string;
  readonly viewId: string | null;
  /** Where the person was, which forms can prefill. */
  readonly conversation: string | null;
}

/** Hands out what an interaction may be answered with: a trigger for three seconds, once; a URL for half an hour, five times. */
export interface Exchange {
  newTrigger(trigger: Trigger): string;
  useTrigger(id: string): Trigger | 'invalid_trigger_id' | 'expired_trigger_id' | 'exchanged_trigger_id';
  newResponseUrl(target: ResponseTarget): string;
  useResponseUrl(token: string): ResponseTarget | 'expired_url' | 'used_url';
}

export function createExchange(options: { clock: Clock; publicUrl: () => string; teamId: string }): Exchange {
  const { clock, publicUrl, teamId } = options;
  const triggers = new Map<string, { trigger: Trigger; at: number; used: boolean }>();
  const urls = new Map<string, { target: ResponseTarget; at: number; uses: number }>();
  return {
    newTrigger(trigger) {
      const id = `${clock.now()}.${triggers.size + 1}.${randomUUID().replaceAll('-', '')}`;
      triggers.set(id, { trigger, at: clock.now(), used: false });
      return id;
    },
    useTrigger(id) {
      const known = triggers.get(id);
      if (known === undefined) return 'invalid_trigger_id';
      if (known.used) return 'exchanged_trigger_id';
      if (clock.now() - known.at > limits.triggerMs) return 'expired_trigger_id';
      known.used = true;
      return known.trigger;
    },
    newResponseUrl(target) {
      const token = randomUUID().replaceAll('-', '');
      urls.set(token, { target, at: clock.now(), uses: 0 });
      return `${publicUrl()}/commands/${teamId}/${urls.size}/${token}`;
    },
    useResponseUrl(token) {
      const known = urls.get(token);
      if (known === undefined || clock.now() - known.at > limits.responseUrlMs) return 'expired_url';
      if (known.uses >= limits.responseUrlUses) return 'used_url';
      known.uses += 1;
      return known.target;
    },
  };
}
