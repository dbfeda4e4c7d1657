/** Remembers the newest `limit` values; what falls out is only asked for again. */
export function createRecent<Value>(limit: number): {
  get(key: string): Value | undefined;
  set(key: string, value: Value): void;
} {
  const values = new Map<string, Value>();
  return {
    get: (key) => values.get(key),
    set(key, value) {
      values.delete(key);
      values.set(key, value);
      const [oldest] = values.keys();
      if (values.size > limit && oldest !== undefined) values.delete(oldest);
    },
  };
}
