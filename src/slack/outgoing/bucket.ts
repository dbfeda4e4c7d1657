/** Lets through `perMinute` calls in the long run and `capacity` at once. Times are epoch milliseconds, passed in. */
export class Bucket {
  readonly #capacity: number;
  readonly #perMs: number;
  #tokens: number;
  #at = 0;

  constructor(options: { capacity: number; perMinute: number }) {
    this.#capacity = options.capacity;
    this.#perMs = options.perMinute / 60_000;
    this.#tokens = options.capacity;
  }

  /** Milliseconds until a call may go while `reserve` more stay for others; 0 is now. Takes nothing. */
  waitMs(now: number, reserve = 0): number {
    this.#refill(now);
    const missing = 1 + reserve - this.#tokens;
    return missing <= 0 ? 0 : Math.ceil(missing / this.#perMs);
  }

  take(now: number): void {
    this.#refill(now);
    this.#tokens -= 1;
  }

  #refill(now: number): void {
    this.#tokens = Math.min(this.#capacity, this.#tokens + Math.max(0, now - this.#at) * this.#perMs);
    this.#at = Math.max(this.#at, now);
  }
}
