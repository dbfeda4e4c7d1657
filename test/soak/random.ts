/** Numbers from 0 to 1 that a seed decides, by Mulberry32: whoever names it again gets the same soak. */
export type Random = () => number;

export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** One of the values, each as often as its weight is of all. Throws when there is none. */
export function pick<Value>(random: Random, weighted: readonly (readonly [weight: number, value: Value])[]): Value {
  const sum = weighted.reduce((total, [weight]) => total + weight, 0);
  let left = random() * sum;
  for (const [weight, value] of weighted) {
    left -= weight;
    if (left < 0) return value;
  }
  const last = weighted.at(-1);
  if (last === undefined) throw new Error('Nothing to pick from');
  return last[1];
}
