import type { Clock } from '../../task/ports/clock.ts';
import { bucketsFor } from './tiers.ts';

export interface RateLimiter {
  /** Seconds after which the call may be tried again, or null when it may be made now. */
  take(method: string, args: Readonly<Record<string, unknown>>): number | null;
}

/** A call's worth, less what adding up fractions of it loses. */
const whole = 1 - 1e-9;

/** Slack's tiers as token buckets. `scale` multiplies what they allow; `off` allows everything. */
export function createRateLimiter(options: { clock: Clock; scale: number | 'off' }): RateLimiter {
  const { clock, scale } = options;
  const levels = new Map<string, { left: number; at: number }>();
  return {
    take(method, args) {
      if (scale === 'off') return null;
      const now = clock.now();
      const drawn = bucketsFor(method, args).map(([key, bucket]) => {
        const size = Math.max(1, bucket.size * scale);
        const perMs = bucket.perMs * scale;
        const level = levels.get(key) ?? { left: size, at: now };
        const left = Math.min(size, level.left + (now - level.at) * perMs);
        return { key, left, waitMs: left >= whole ? 0 : (1 - left) / perMs };
      });
      const waitMs = Math.max(0, ...drawn.map((each) => each.waitMs));
      for (const { key, left } of drawn) levels.set(key, { left: waitMs === 0 ? left - 1 : left, at: now });
      return waitMs === 0 ? null : Math.ceil(waitMs / 1000);
    },
  };
}
