/** Names of the reactions that mean something, without colons and skin tones. */
export interface EmojiNames {
  readonly approve: string;
  readonly stop: string;
  readonly retry: string;
  readonly start: string;
}

export const defaultEmoji: EmojiNames = {
  approve: 'white_check_mark',
  stop: 'octagonal_sign',
  retry: 'repeat',
  start: 'robot_face',
};

/** Slack sends one name of several for the same picture; configurations use any, colons and pictures included. */
const aliases: Readonly<Record<string, string>> = {
  thumbsup: '+1',
  thumbsdown: '-1',
  robot: 'robot_face',
  stop_sign: 'octagonal_sign',
  '✅': 'white_check_mark',
  '🛑': 'octagonal_sign',
  '🔁': 'repeat',
  '🤖': 'robot_face',
  '👍': '+1',
  '🚢': 'ship',
  '🚀': 'rocket',
};

/** What Slack draws in several skin tones; of everything else a toned name is another emoji, and means nothing here. */
const toned: ReadonlySet<string> = new Set(
  '+1 -1 clap fist hand handshake metal muscle ok_hand point_up pray punch raised_hand raised_hands saluting_face v wave writing_hand'.split(
    ' ',
  ),
);

/** The name by which Slack reports a reaction: `:+1::skin-tone-3:`, `thumbsup` and `👍` are all `+1`. */
export function emojiName(written: string): string {
  const name = written
    .trim()
    .replaceAll(/^:|:$/g, '')
    .replaceAll(/[\u{1f3fb}-\u{1f3ff}\ufe0f]/gu, '')
    .toLowerCase();
  const [base = '', tone] = name.split(/::(?=skin-tone-[2-6]$)/);
  const canonical = aliases[base] ?? base;
  return tone === undefined || toned.has(canonical) ? canonical : name;
}

/** Names as people write them in a configuration, as Slack reports them. */
export function toEmojiNames(written: EmojiNames): EmojiNames {
  const { approve, stop, retry, start } = written;
  return { approve: emojiName(approve), stop: emojiName(stop), retry: emojiName(retry), start: emojiName(start) };
}
