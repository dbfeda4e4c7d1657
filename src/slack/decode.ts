import { visible } from '../task/visible.ts';

/**
 * Turns a text as Slack sends it into what the person saw: `<…>` tokens first, then `&lt;` and `&gt;`, and `&amp;` last, so that
 * nothing a person typed is read as a token. People stay ids where Slack gives no name. What nobody could see is left out.
 */
export function decodeText(raw: string): string {
  return visible(
    raw
      .replaceAll(/<([^<>\n]+)>/g, (_, token: string) => decodeToken(token))
      .replaceAll('&lt;', '<')
      .replaceAll('&gt;', '>')
      .replaceAll('&amp;', '&'),
  );
}

function decodeToken(token: string): string {
  const bar = token.indexOf('|');
  const target = bar === -1 ? token : token.slice(0, bar);
  const label = bar === -1 ? '' : token.slice(bar + 1);
  if (target.startsWith('@')) return label === '' ? target : `@${label.replace(/^@/, '')}`;
  if (target.startsWith('#')) return label === '' ? target : `#${label.replace(/^#/, '')}`;
  if (target.startsWith('!subteam^')) return label === '' ? `@${target.slice('!subteam^'.length)}` : label;
  if (target.startsWith('!date^')) return label;
  if (target.startsWith('!')) return `@${target.slice(1)}`;
  return decodeLink(target, label);
}

/** Slack links what looks like a host by itself: `README.md` comes as `<http://README.md|README.md>`. */
function decodeLink(url: string, label: string): string {
  if (label === '') return url;
  const bare = url.replace(/^(?:https?:\/\/|mailto:|tel:)/, '').replace(/\/$/, '');
  return bare === label.replace(/\/$/, '') || url === label ? label : `${label} (${url})`;
}

/** The text without the leading mention of Errand, and whether it was mentioned at all. */
export function splitMention(raw: string, errand: string): { mentioned: boolean; rest: string } {
  const mention = new RegExp(`<@${errand}(?:\\|[^>]*)?>`);
  const mentioned = mention.test(raw);
  return { mentioned, rest: raw.replace(new RegExp(`^\\s*${mention.source}[\\s:,]*`), '') };
}
