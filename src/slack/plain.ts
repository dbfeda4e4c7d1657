import { visible } from '../task/visible.ts';
import { defang } from './links.ts';

/** Text that somebody else wrote, without what could change how the text around it reads, or what nobody can see. */
export const plain = visible;

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

/** A text that calls no whole channel, however it is read. */
export function quieten(text: string): string {
  return text.replaceAll(/(?<![\w.])@(?=(?:channel|here|everyone)\b)/gi, '(at) ');
}

/** What an agent wrote, on one line of a mrkdwn field: `oneLine`, its addresses outside `hosts` disarmed, then escaped. */
export function escapeAgent(text: string, limit: number, hosts: readonly string[]): string {
  return escapeMrkdwn(oneLine(quieten(defang(plain(text), hosts)), limit));
}

/** The same on several lines, cut to `limit` once it is escaped. */
export function escapeAgentText(text: string, limit: number, hosts: readonly string[]): string {
  return escapeWithin(quieten(defang(plain(text), hosts)).trim(), limit);
}

/** `escapeAgent` for a field that shows its text as it is, as a button does: what looks like a mention there is none, nor looks like one. */
export function agentLabel(text: string, limit: number, hosts: readonly string[]): string {
  return oneLine(quieten(defang(plain(text), hosts)), limit).replaceAll(/<(?=[!@#]|[a-z][a-z0-9+.-]*:)/gi, '‹');
}

/** `escapeMrkdwn` for Errand's own sentences, which name people as `<@U…>` and channels as `<#C…>`. Only where that notifies nobody. */
export function escapeExceptPeople(text: string): string {
  // What stands in code was quoted from somewhere.
  return escapeMrkdwn(text).replaceAll(/`[^`]*`|&lt;(@[UW][A-Z0-9]+|#[CG][A-Z0-9]+)&gt;/g, (found, id) =>
    id === undefined ? found : `<${id}>`,
  );
}
