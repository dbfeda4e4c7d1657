/**
 * Lets through `perMinute` calls in the long run and `capacity` at once, or this process's share of that. Times are epoch
 * milliseconds, passed in.
 */
export class Bucket {
  readonly #capacity: number;
  readonly #perMs: number;
  readonly #processes: () => number;
  #tokens: number;
  #at = 0;

  constructor(options: { capacity: number; perMinute: number }, processes: () => number = () => 1) {
    this.#capacity = options.capacity;
    this.#perMs = options.perMinute / 60_000;
    this.#processes = processes;
    this.#tokens = Math.max(1, options.capacity / processes());
  }

  /** Milliseconds until a call may go while `reserve` more stay for others; 0 is now. Takes nothing. */
  waitMs(now: number, reserve = 0): number {
    this.#refill(now);
    const missing = 1 + Math.min(reserve, this.#room - 1) - this.#tokens;
    return missing <= 0 ? 0 : Math.ceil((missing * this.#processes()) / this.#perMs);
  }

  take(now: number): void {
    this.#refill(now);
    this.#tokens -= 1;
  }

  /** At least one, or nothing would ever go. */
  get #room(): number {
    return Math.max(1, this.#capacity / this.#processes());
  }

  #refill(now: number): void {
    const more = (Math.max(0, now - this.#at) * this.#perMs) / this.#processes();
    this.#tokens = Math.min(this.#room, this.#tokens + more);
    this.#at = Math.max(this.#at, now);
  }
}
