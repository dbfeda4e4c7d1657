import { stripVTControlCharacters } from 'node:util';

/**
 * Text that somebody else wrote, without what could change how the text around it reads: terminal colours, control characters,
 * zero-width characters and marks that turn the writing direction. Line breaks and tabs stay.
 */
export function plain(text: string): string {
  return stripVTControlCharacters(text)
    .replaceAll(/\r\n?/g, '\n')
    .replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (character) => (kept.has(character) ? character : ''));
}

/** Line breaks, tabs, and the joiner that many emoji and scripts need. */
const kept = new Set(['\n', '\t', '\u200d']);

/** One line of `plain` text, at most `limit` characters; a cut shows as `…`. */
export function oneLine(text: string, limit: number): string {
  return cut(plain(text).replaceAll(/\s+/g, ' ').trim(), limit);
}

/** At most `limit` characters, not ending inside a character pair; a cut shows as `…`. */
export function cut(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const kept = text.slice(0, limit - 1).replace(/[\ud800-\udbff]$/, '');
  return `${kept.trimEnd()}…`;
}

/** `plain` text for a mrkdwn field, where `<`, `>` and `&` would otherwise make mentions and links. */
export function escapeMrkdwn(text: string): string {
  return plain(text).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** `escapeMrkdwn` cut so that the escaped text stays within `limit` characters. */
export function escapeWithin(text: string, limit: number): string {
  const clean = plain(text);
  for (let length = Math.min(clean.length, limit); ; length = Math.floor(length * 0.9)) {
    const escaped = escapeMrkdwn(cut(clean, length));
    if (escaped.length <= limit) return escaped;
  }
}

/** `escapeMrkdwn` for Errand's own sentences, which name people as `<@U…>`. Only where naming them notifies nobody. */
export function escapeExceptPeople(text: string): string {
  return escapeMrkdwn(text).replaceAll(/&lt;@([UW][A-Z0-9]+)&gt;/g, '<@$1>');
}
