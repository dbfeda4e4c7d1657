import { plain } from './plain.ts';

/**
 * What an agent wrote, made safe for a markdown block: nobody is mentioned, no channel is called, links lead only to `hosts`
 * (others are shown as code, which can be read and not clicked), nothing invisible is left, and the text is at most `limit`
 * characters, cut between paragraphs with open code fences closed.
 */
export function agentMarkdown(text: string, options: { limit: number; hosts: readonly string[] }): string {
  const safe = outsideCode(withoutMentions(plain(text)), (prose) => withoutLinks(prose, options.hosts));
  return cutBlocks(safe.trim(), options.limit);
}

function withoutMentions(text: string): string {
  return text
    .replaceAll(/<!(?:channel|here|everyone)(?:\|[^>]*)?>/gi, (token) => token.replaceAll(/[<!>]|\|.*/g, ''))
    .replaceAll(/<!subteam\^([A-Z0-9]+)(?:\|[^>]*)?>/g, '$1')
    .replaceAll(/<!date\^[^>|]*\|([^>]*)>/g, '$1')
    .replaceAll(/<[@#]([A-Z0-9]+)(?:\|[^>]*)?>/g, '$1')
    .replaceAll(/(?<![\w.])@(channel|here|everyone)\b/gi, '$1');
}

/** Applies `change` to everything that is neither a fenced block nor inline code. */
function outsideCode(text: string, change: (prose: string) => string): string {
  const code = /^(`{3,}|~{3,})[^\n]*\n[\s\S]*?(?:^\1[`~]*[ \t]*$|$(?![\s\S]))|(`+)(?!`)[^\n]*?[^`]\2(?!`)/gm;
  let safe = '';
  let from = 0;
  for (const match of text.matchAll(code)) {
    safe += change(text.slice(from, match.index)) + match[0];
    from = match.index + match[0].length;
  }
  return safe + change(text.slice(from));
}

function withoutLinks(prose: string, hosts: readonly string[]): string {
  return prose
    .replaceAll(/!\[([^\]\n]*)\]\([^)\n]*\)/g, '$1')
    .replaceAll(/<([a-z][a-z0-9+.-]*:[^<>|\s]+)(?:\|([^<>\n]*))?>/gi, (_, url: string, label: string | undefined) =>
      link(url, label ?? '', hosts),
    )
    .replaceAll(/(?<!`)\[([^\]\n]*)\]\(\s*<?([^\s)>]+)>?(?:\s[^)\n]*)?\)/g, (_, label: string, url: string) =>
      link(url, label, hosts),
    )
    .replaceAll(/(?<![`(\]\w/])[a-z][a-z0-9+.-]*:\/\/[^\s<>`)\]]+/gi, (url) =>
      isKnown(url, hosts) ? url : `\`${url}\``,
    );
}

function link(url: string, label: string, hosts: readonly string[]): string {
  if (isKnown(url, hosts)) return label === '' ? url : `[${label}](${url})`;
  // A path or an anchor leads nowhere from a chat.
  if (!/^[a-z][a-z0-9+.-]*:/i.test(url)) return label === '' ? url : label;
  return label === '' || label === url ? `\`${url}\`` : `${label} (\`${url}\`)`;
}

function isKnown(url: string, hosts: readonly string[]): boolean {
  const parsed = URL.parse(url);
  return parsed !== null && ['https:', 'http:'].includes(parsed.protocol) && hosts.includes(parsed.host);
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
