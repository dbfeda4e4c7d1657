import { addressPattern, defang, disarm, isKnown } from './links.ts';
import { plain, quieten } from './plain.ts';

/**
 * What an agent wrote, made safe for a markdown block: nobody is mentioned, no channel is called, links lead only to `hosts`
 * (other addresses are shown in a form that is none, in code too), nothing invisible is left, and the text is at most `limit`
 * characters, cut between paragraphs with open code fences closed.
 */
export function agentMarkdown(text: string, options: { limit: number; hosts: readonly string[] }): string {
  const { hosts } = options;
  const linked = eachPart(plain(text), (part, isCode) => (isCode ? defang(part, hosts) : withoutLinks(part, hosts)));
  return cutBlocks(withoutMentions(linked).trim(), options.limit);
}

/** What a program printed, for a fenced block: its lines as they are, but no mention, no live address, no end of the fence. */
export function printedLines(text: string, hosts: readonly string[]): string {
  return withoutMentions(defang(plain(text), hosts)).replaceAll('```', "'''");
}

/** People read the name behind a mention; whatever else looks like one, or is put together from several, is no token any more. */
function withoutMentions(text: string): string {
  const plainly = text
    .replaceAll(/<!(?:channel|here|everyone)(?:\|[^<>]*)?>/gi, (token) => token.replaceAll(/[<!>]|\|.*/g, ''))
    .replaceAll(/<!subteam\^([A-Z0-9]+)(?:\|[^<>]*)?>/g, '$1')
    .replaceAll(/<!date\^[^<>|]*\|([^<>]*)>/g, '$1')
    .replaceAll(/<[@#]([A-Z0-9]+)(?:\|[^<>]*)?>/g, '$1')
    .replaceAll(/<(?=[\s\\]*[!@#])/g, '‹')
    .replaceAll(/&(?=#\d|#x)/gi, '&amp;');
  return quieten(plainly);
}

/** Applies `change` to each piece of prose and of code: fenced blocks and inline code. */
function eachPart(text: string, change: (part: string, isCode: boolean) => string): string {
  const code = /^(`{3,}|~{3,})[^\n]*\n[\s\S]*?(?:^\1[`~]*[ \t]*$|$(?![\s\S]))|(`+)(?!`)[^\n]*?[^`]\2(?!`)/gm;
  let safe = '';
  let from = 0;
  for (const match of text.matchAll(code)) {
    safe += change(text.slice(from, match.index), false) + change(match[0], true);
    from = match.index + match[0].length;
  }
  return safe + change(text.slice(from), false);
}

/** In one pass, so that what one form leaves is never read as another: a picture, an address in angle brackets, a link, a bare address. */
const links = new RegExp(
  [
    String.raw`!\[(?<alt>[^\]\n]*)\]\([^)\n]*\)`,
    String.raw`<(?<angle>[a-z][a-z0-9+.-]*:[^<>|\s]+)(?:\|(?<name>[^<>\n]*))?>`,
    String.raw`\[(?<label>[^\]\n]*)\]\(\s*<?(?<target>[^\s)>]+)>?(?:\s[^)\n]*)?\)`,
    `(?<bare>${addressPattern})`,
  ].join('|'),
  'gi',
);

function withoutLinks(prose: string, hosts: readonly string[]): string {
  return prose.replaceAll(links, (...found) => {
    const groups: Partial<Record<string, string>> = found.at(-1);
    const { alt, angle, name = '', label = '', target, bare } = groups;
    if (alt !== undefined) return defang(alt, hosts);
    if (bare !== undefined) return shown(bare, hosts);
    return link(angle ?? target ?? '', angle === undefined ? label : name, hosts);
  });
}

function link(url: string, label: string, hosts: readonly string[]): string {
  const words = defang(label, hosts);
  if (isKnown(url, hosts)) return label === '' ? url : `[${words}](${url})`;
  // A path or an anchor leads nowhere from a chat.
  if (!/^[a-z][a-z0-9+.-]*:/i.test(url)) return words === '' ? defang(url, hosts) : words;
  return label === '' || label === url ? inCode(disarm(url)) : `${words} (${inCode(disarm(url))})`;
}

function shown(url: string, hosts: readonly string[]): string {
  const safe = defang(url, hosts);
  return safe === url ? url : inCode(safe);
}

function inCode(text: string): string {
  return `\`${text.replaceAll('`', '%60')}\``;
}

/** Keeps whole paragraphs while they fit; the first that doesn't is cut between lines, or within one when it stands alone. */
function cutBlocks(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const room = limit - '\n```\n\n…'.length;
  let kept = '';
  let fence: string | null = null;
  for (const line of text.split('\n')) {
    if (kept.length + line.length + 1 > room) break;
    const mark: string | undefined = /^\s*(`{3,}|~{3,})/.exec(line)?.[1];
    if (mark !== undefined) fence = fence === null ? mark : mark.startsWith(fence) ? null : fence;
    kept += `${line}\n`;
  }
  if (kept.trim() === '') return `${text.slice(0, room).replace(/[\ud800-\udbff]$/, '')}…`;
  if (fence !== null) return `${kept}${fence}\n\n…`;
  const paragraphs = kept.lastIndexOf('\n\n');
  return `${(paragraphs > kept.length / 2 ? kept.slice(0, paragraphs) : kept).trimEnd()}\n\n…`;
}
