/** Runs one piece of work at a time for each key, over all processes. */
export interface Turns {
  /**
   * Runs `work` when its turn has come, and hands on what it comes to. Whoever dies in their turn holds it for half a minute at most.
   * Throws `Problem` while the store is away.
   */
  inTurn<Result>(key: string, work: () => Promise<Result>): Promise<Result>;
}
