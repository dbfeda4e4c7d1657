import type { Parts } from './parts.ts';
import { type Passed, selfTest } from './self-test.ts';

/** Settles when the walls of this image's sandboxes hold, by a test or by one that still counts; throws `Problem` when they don't. */
export function checkWalls(parts: Parts, image: string): Promise<Passed> {
  return parts.guard.pass(image, () => parts.testing(() => selfTest(parts, image)));
}
