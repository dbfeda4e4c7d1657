import { setTimeout as delay } from 'node:timers/promises';

/** Null when the answer takes longer, or fails: a failure is the later wait's to report. */
export async function within<Value>(answering: Promise<Value>, limitMs: number): Promise<Value | null> {
  const cancel = new AbortController();
  const tooLate = delay(limitMs, null, { signal: cancel.signal }).catch(() => null);
  try {
    return await Promise.race([answering.catch(() => null), tooLate]);
  } finally {
    cancel.abort();
  }
}
