const prefix = 'typed:';
/** What the value of one of Slack's buttons holds. */
const valueChars = 2_000;

/** A text in a button's own value, where no store could keep it; null for a blank one, or one too long for it. */
export function typedValue(text: string): string | null {
  return text === '' || text.length + prefix.length > valueChars ? null : `${prefix}${text}`;
}

/** The text that a button's value holds; null where it names a kept draft. */
export function readTypedValue(value: string): string | null {
  return value.startsWith(prefix) ? value.slice(prefix.length) : null;
}
