/**
 * Like `Promise.all`, but settles only when all of them have, so that none still works in a folder that is about to go, and
 * throws the first failure in their order rather than in time.
 */
export async function together<const Work extends readonly Promise<unknown>[]>(
  ...work: Work
): Promise<{ -readonly [Index in keyof Work]: Awaited<Work[Index]> }> {
  await Promise.allSettled(work);
  return Promise.all(work);
}
