import { randomUUID } from 'node:crypto';
import * as real from '../../../../../src/slack/natural-key.ts';
import { broken } from '../../armed.ts';

export * from '../../../../../src/slack/natural-key.ts';

/** `no-natural-key`: each delivery is an act of its own. */
export function naturalKey(...given: Parameters<typeof real.naturalKey>): string | null {
  const key = real.naturalKey(...given);
  return key !== null && broken() === 'no-natural-key' ? `${key}:${randomUUID()}` : key;
}
