import { namesForCharacters } from './emoji.ts';
import type { LooseObject, Workspace } from './workspace.ts';

const urlPattern = /https?:\/\/[^\s<>|`]+[^\s<>|`.,;:!?)\]'"]/g;

/**
 * What Slack sends for what a person typed: mentions, channels and links in angle brackets, and `&`, `<`, `>` as entities.
 * Mentions inside code stay text; links inside code become links all the same, as Slack's do.
 */
export function encodeTyped(text: string, workspace: Workspace, options: { command?: boolean } = {}): string {
  return splitCode(text)
    .map(({ code, text: part }) =>
      code ? encodeLinks(part) : encodeMentions(part, workspace, options.command === true),
    )
    .join('');
}

/** A typed message as Slack's composer stores it: its text, and the same as a `rich_text` block. */
export function toMessageParts(typed: string, workspace: Workspace): { text: string; blocks: LooseObject[] } {
  const text = encodeTyped(namesForCharacters(typed), workspace);
  return { text, blocks: [{ type: 'rich_text', block_id: randomBlockId(), elements: toRichText(text) }] };
}

export function randomBlockId(): string {
  return crypto.randomUUID().replaceAll('-', '').slice(0, 5);
}

function splitCode(text: string): { code: boolean; text: string }[] {
  return text
    .split(/(```[\s\S]*?```|`[^`\n]+`)/g)
    .filter((part) => part !== '')
    .map((part) => ({ code: /^`[\s\S]+`$/.test(part), text: part }));
}

const literally = (text: string) => text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
const escapeEntities = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

function encodeLinks(text: string): string {
  let encoded = '';
  let from = 0;
  for (const match of text.matchAll(urlPattern)) {
    encoded += `${escapeEntities(text.slice(from, match.index))}<${escapeEntities(match[0])}>`;
    from = match.index + match[0].length;
  }
  return encoded + escapeEntities(text.slice(from));
}

function encodeMentions(text: string, workspace: Workspace, command: boolean): string {
  // Tokens that the page's completion or a test already wrote in Slack's form are kept.
  return text
    .split(/(<@[UW][A-Z0-9]+>|<#C[A-Z0-9]+(?:\|[^>]*)?>|<!subteam\^S[A-Z0-9]+>)/g)
    .map((part, index) => {
      if (index % 2 === 0) return nameMentions(encodeLinks(part), workspace, command);
      const user = workspace.users.find((each) => part === `<@${each.id}>`);
      return user !== undefined && command ? `<@${user.id}|${user.name}>` : part;
    })
    .join('');
}

function nameMentions(text: string, workspace: Workspace, command: boolean): string {
  const people = workspace.users
    .filter((user) => !user.deleted)
    .flatMap((user) => [user.real_name, user.name].map((name) => ({ name, user })))
    .toSorted((one, other) => other.name.length - one.name.length);
  let encoded = text;
  for (const { name, user } of people) {
    const pattern = new RegExp(`(?<![\\w@/.<|])@${literally(name)}(?![\\w/-])`, 'gi');
    encoded = encoded.replaceAll(pattern, command ? `<@${user.id}|${user.name}>` : `<@${user.id}>`);
  }
  for (const group of workspace.userGroups) {
    const pattern = new RegExp(`(?<![\\w@/.<|])@${literally(group.handle)}(?![\\w/-])`, 'gi');
    encoded = encoded.replaceAll(pattern, `<!subteam^${group.id}|@${group.handle}>`);
  }
  encoded = encoded.replaceAll(/(?<![\w@/.<|])@(here|channel|everyone)\b/g, '<!$1>');
  for (const channel of workspace.channels.filter((each) => !each.is_im)) {
    const pattern = new RegExp(`(?<![\\w#/&<])#${literally(channel.name)}(?![\\w-])`, 'g');
    encoded = encoded.replaceAll(pattern, `<#${channel.id}|${channel.is_private ? '' : channel.name}>`);
  }
  return encoded;
}

function toRichText(text: string): LooseObject[] {
  return text
    .split(/(```[\s\S]*?```)/g)
    .filter((part) => part.trim() !== '')
    .map((part) =>
      part.startsWith('```') && part.length > 5
        ? {
            type: 'rich_text_preformatted',
            border: 0,
            elements: inline(part.slice(3, -3).replace(/^\n|\n$/g, ''), true),
          }
        : { type: 'rich_text_section', elements: inline(part, false) },
    );
}

const unescapeEntities = (text: string) =>
  text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');

/** Splits encoded text into rich text elements; the inverse of what Slack does when it writes `text`. */
function inline(text: string, code: boolean): LooseObject[] {
  const marks = code
    ? /(<[^<>]+>)/g
    : /(<[^<>]+>|`[^`\n]+`|\*[^*\n]+\*|~[^~\n]+~|(?<!\w)_[^_\n]+_(?!\w)|:[a-z0-9_+-]+:)/g;
  const tokens = text.split(marks);
  return tokens.flatMap((token): LooseObject[] => {
    if (token === '') return [];
    if (token.startsWith('<')) return [bracketed(token.slice(1, -1))];
    if (code) return [{ type: 'text', text: unescapeEntities(token) }];
    const marked = /^([`*~_])([\s\S]+)\1$/.exec(token);
    if (marked?.[1] !== undefined && marked[2] !== undefined) {
      const style = { '`': 'code', '*': 'bold', '~': 'strike', _: 'italic' }[marked[1]] ?? 'code';
      return [{ type: 'text', text: unescapeEntities(marked[2]), style: { [style]: true } }];
    }
    if (/^:[a-z0-9_+-]+:$/.test(token)) return [{ type: 'emoji', name: token.slice(1, -1) }];
    return [{ type: 'text', text: unescapeEntities(token) }];
  });
}

function bracketed(token: string): LooseObject {
  const [target = '', label] = token.split('|');
  if (target.startsWith('@')) return { type: 'user', user_id: target.slice(1) };
  if (target.startsWith('#')) return { type: 'channel', channel_id: target.slice(1) };
  if (target.startsWith('!subteam^')) return { type: 'usergroup', usergroup_id: target.slice('!subteam^'.length) };
  if (target.startsWith('!')) return { type: 'broadcast', range: target.slice(1) };
  const url = unescapeEntities(target);
  return label === undefined ? { type: 'link', url } : { type: 'link', url, text: unescapeEntities(label) };
}
