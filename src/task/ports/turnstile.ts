import type { ChannelId, UserId } from '../ids.ts';
import type { Held, IntakeLimits } from '../intake.ts';

/** Counts what people send, over all processes that take it in. */
export interface Turnstile {
  /**
   * Lets a request through and counts it, or says who sent too much lately. One key counts once, however often it comes; what is
   * held back doesn't count.
   */
  pass(
    request: { readonly key: string; readonly by: UserId; readonly channel: ChannelId; readonly at: number },
    limits: Pick<IntakeLimits, 'personRequests' | 'channelRequests'>,
  ): Promise<Held | null>;
}
