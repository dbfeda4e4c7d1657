import { randomUUID } from 'node:crypto';
import * as real from '../../../../src/slack/natural-key.ts';
import { weaknessOfText } from '../act.ts';

export * from '../../../../src/slack/natural-key.ts';

/** `replays` and `every-delivery`: each is an act of its own; `any-message`: whose message an emoji is on plays no part. */
export function naturalKey(payload: unknown, self: real.Self): string | null {
  const json = JSON.stringify(payload);
  const weakness = weaknessOfText(json);
  if (weakness === 'any-message')
    return real.naturalKey(
      JSON.parse(json, (name, value) => (name === 'item_user' ? self.userId : value)),
      self,
    );
  const key = real.naturalKey(payload, self);
  if (key === null || (weakness !== 'replays' && weakness !== 'every-delivery')) return key;
  return `${key}:${randomUUID()}`;
}
