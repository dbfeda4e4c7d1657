import { HttpError } from './errors.ts';

/**
 * How many calls an hour are answered; all tokens here count together. What had not changed since it was asked for is not counted. The
 * limit is what GitHub has for apps of its larger customers.
 */
export class Rate {
  limit = 15_000;
  #used = 0;
  #reset = 0;
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Counts a call. Throws GitHub's 403 once the hour's are used up. */
  spend(): void {
    if (this.#now() >= this.#reset) {
      this.#reset = Math.ceil((this.#now() + 1) / 3_600_000) * 3_600_000;
      this.#used = 0;
    }
    if (this.#used >= this.limit) {
      throw new HttpError(403, 'API rate limit exceeded for user ID 7.', {
        docs: 'https://docs.github.com/rest/overview/rate-limits-for-the-rest-api',
      });
    }
    this.#used += 1;
  }

  giveBack(): void {
    this.#used = Math.max(0, this.#used - 1);
  }

  view(): { limit: number; remaining: number; used: number; reset: number } {
    const remaining = this.limit - this.#used;
    return { limit: this.limit, remaining, used: this.#used, reset: this.#reset / 1_000 };
  }
}
