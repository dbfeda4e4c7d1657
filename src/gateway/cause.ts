/** What broke, in a word or a few: a system error's code, else its message. */
export function toCause(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
}
