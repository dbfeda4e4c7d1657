/** Names of the reactions that mean something, without colons and skin tones. */
export interface EmojiNames {
  readonly approve: string;
  readonly stop: string;
  readonly retry: string;
}

export const defaultEmoji: EmojiNames = { approve: 'white_check_mark', stop: 'octagonal_sign', retry: 'repeat' };

/** Slack sends one name of several for the same picture; configurations use any, colons and pictures included. */
const aliases: Readonly<Record<string, string>> = {
  thumbsup: '+1',
  thumbsdown: '-1',
  stop_sign: 'octagonal_sign',
  '✅': 'white_check_mark',
  '🛑': 'octagonal_sign',
  '🔁': 'repeat',
  '👍': '+1',
  '🚢': 'ship',
  '🚀': 'rocket',
};

/** The name by which Slack reports a reaction: `:+1::skin-tone-3:`, `thumbsup` and `👍` are all `+1`. */
export function emojiName(written: string): string {
  const name = written
    .trim()
    .replaceAll(/^:|:$/g, '')
    .replace(/::skin-tone-\d$/, '')
    .replaceAll(/[\u{1f3fb}-\u{1f3ff}\ufe0f]/gu, '')
    .toLowerCase();
  return aliases[name] ?? name;
}

/** Names as people write them in a configuration, as Slack reports them. */
export function toEmojiNames(written: EmojiNames): EmojiNames {
  return { approve: emojiName(written.approve), stop: emojiName(written.stop), retry: emojiName(written.retry) };
}
