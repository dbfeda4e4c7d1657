import { h } from './dom.js';
import { emoji, withCharacters } from './emoji.js';
import { store } from './store.js';

const entities = (text) => text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');

/**
 * A link, if its address is one that a click may follow. Those to this workspace's own forge open in the page.
 * @param {string} url @param {...import('./dom.js').Child} label
 */
export function link(url, ...label) {
  let target;
  try {
    target = new URL(url, location.origin);
  } catch {
    return h('span', null, ...label);
  }
  if (!['http:', 'https:', 'mailto:'].includes(target.protocol)) return h('span', null, ...label);
  const inside = target.origin === location.origin;
  return h('a', { href: target.href, target: inside ? null : '_blank', rel: 'noopener noreferrer' }, ...label);
}

/** Somebody's name as a mention. @param {string} id */
export function mention(id) {
  const user = store.user(id);
  const own = id === store.me;
  return h('span', { class: own ? 'mention mention-me' : 'mention' }, `@${user?.real_name ?? 'somebody'}`);
}

function channelMention(id, label) {
  const channel = store.channel(id);
  return h('a', { class: 'mention', href: `#${id}` }, `#${channel?.name ?? (label || 'private-channel')}`);
}

function groupMention(id) {
  const group = store.state.userGroups.find((each) => each.id === id);
  const own = group?.users.includes(store.me);
  return h('span', { class: own ? 'mention mention-me' : 'mention' }, `@${group?.handle ?? 'group'}`);
}

/** Slack's date token, in the reader's own time. */
function date(token, fallback) {
  const [, seconds, format = ''] = token.split('^');
  const moment = new Date(Number(seconds) * 1000);
  const time = moment.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
  const short = moment.toLocaleDateString([], { day: 'numeric', month: 'short' });
  if (Number.isNaN(moment.getTime())) return fallback ?? '';
  const words = format
    .replaceAll(/\{time(_secs)?\}/g, time)
    .replaceAll(/\{date(_num|_short|_long)?(_pretty)?\}/g, short)
    .replaceAll('{ago}', time);
  return h('time', { datetime: moment.toISOString(), title: moment.toLocaleString() }, words);
}

function bracketed(token) {
  const at = token.indexOf('|');
  const target = at < 0 ? token : token.slice(0, at);
  const label = at < 0 ? undefined : entities(token.slice(at + 1));
  if (target.startsWith('@')) return mention(target.slice(1));
  if (target.startsWith('#')) return channelMention(target.slice(1), label);
  if (target.startsWith('!subteam^')) return groupMention(target.slice(9));
  if (target.startsWith('!date^')) return date(target, label);
  if (target.startsWith('!')) return h('span', { class: 'mention mention-me' }, `@${target.slice(1)}`);
  return link(entities(target), label || entities(target));
}

const inlinePattern =
  /(<[^<>\n]+>|`[^`\n]+`|(?<![\w*])\*(?=\S)[^*\n]*?[^\s*]\*(?![\w*])|(?<![\w~])~(?=\S)[^~\n]*?\S~(?![\w~])|(?<![\w_])_(?=\S)[^_\n]*?\S_(?![\w_])|:[a-z0-9_+'-]+(?:::skin-tone-[2-6])?:)/g;
const tags = { '*': 'strong', _: 'em', '~': 's' };

/** One line of mrkdwn. @param {string} text @returns {(string | Node)[]} */
function inline(text) {
  return text.split(inlinePattern).flatMap((part) => {
    if (part === '') return [];
    if (part.startsWith('<')) return [bracketed(part.slice(1, -1))];
    if (/^`.+`$/s.test(part))
      return [
        h(
          'code',
          null,
          entities(part.slice(1, -1).replaceAll(/<([^<>|]+)(?:\|([^<>]*))?>/g, (_, url, label) => label || url)),
        ),
      ];
    const tag = part.length > 2 && part.at(0) === part.at(-1) ? tags[part.at(0) ?? ''] : undefined;
    if (tag !== undefined) return [h(tag, null, inline(part.slice(1, -1)))];
    if (/^:[a-z0-9_+':-]+:$/.test(part)) return [emoji(part.slice(1, -1))];
    return withCharacters(entities(part));
  });
}

/** Slack's mrkdwn: code fences, quotes, and lines. @param {string} text */
export function mrkdwn(text) {
  return text.split(/(```[\s\S]*?```)/g).flatMap((part) => {
    if (part.startsWith('```') && part.length >= 6) {
      const code = entities(
        part
          .slice(3, -3)
          .replace(/^\n|\n$/g, '')
          .replaceAll(/<([^<>|]+)(?:\|([^<>]*))?>/g, (_, url, label) => label || url),
      );
      return [codeBlock(code)];
    }
    return lines(part.replace(/^\n{1,2}/, ''));
  });
}

const languages =
  /^(sh|bash|shell|zsh|diff|json|yaml|toml|sql|html|css|jsx?|tsx?|javascript|typescript|py|python|rb|ruby|go|rust|java|kotlin|swift|c|cpp|php)\n/;

/** Slack knows no languages: one typed after a fence is its block's first line. Here it becomes a label. */
function codeBlock(text) {
  const language = languages.exec(text)?.[1];
  const code = language === undefined ? text : text.slice(language.length + 1);
  return h('pre', { 'data-language': language }, h('code', null, code));
}

function lines(text) {
  const out = [];
  let quote = null;
  const all = text.split('\n');
  for (const [index, raw] of all.entries()) {
    const quoted = /^(?:&gt;|>) ?/.exec(raw);
    if (quoted !== null) {
      if (quote === null) {
        quote = h('blockquote', null);
        out.push(quote);
      } else quote.append(h('br'));
      quote.append(...inline(raw.slice(quoted[0].length)));
      continue;
    }
    const afterQuote = quote !== null;
    quote = null;
    if (index > 0 && !afterQuote) out.push(h('br'));
    out.push(...inline(raw));
  }
  return out;
}

/** A text object of Block Kit. @param {{ type: string, text: string } | undefined} value */
export function textObject(value) {
  if (value === undefined || value === null) return [];
  if (value.type === 'mrkdwn') return mrkdwn(value.text);
  return value.text
    .split(/(:[a-z0-9_+'-]+:)/g)
    .flatMap((part) => (/^:[a-z0-9_+'-]+:$/.test(part) ? [emoji(part.slice(1, -1))] : withCharacters(part)));
}

/** A `rich_text` block or a part of one. */
export function richText(value) {
  const parts = value.elements ?? [];
  switch (value.type) {
    case 'rich_text':
      return parts.flatMap(richText);
    case 'rich_text_section':
      return [h('div', { class: 'rich' }, parts.flatMap(richText))];
    case 'rich_text_list':
      return [
        h(
          value.style === 'ordered' ? 'ol' : 'ul',
          { class: `indent-${value.indent ?? 0}` },
          parts.map((part) => h('li', null, part.elements.flatMap(richText))),
        ),
      ];
    case 'rich_text_quote':
      return [h('blockquote', null, parts.flatMap(richText))];
    case 'rich_text_preformatted':
      return [codeBlock(parts.map((part) => part.text ?? part.url ?? '').join(''))];
    case 'user':
      return [mention(value.user_id)];
    case 'channel':
      return [channelMention(value.channel_id)];
    case 'usergroup':
      return [groupMention(value.usergroup_id)];
    case 'broadcast':
      return [h('span', { class: 'mention mention-me' }, `@${value.range}`)];
    case 'emoji':
      return [emoji(value.name)];
    case 'link':
      return [link(value.url, value.text ?? value.url)];
    case 'date':
      return [date(`!date^${value.timestamp}^${value.format}`, value.fallback)];
    default:
      return [styled(value)];
  }
}

function styled({ text = '', style = {} }) {
  let node = document.createDocumentFragment();
  const broken = text.split('\n').flatMap((part, index) => [...(index > 0 ? [h('br')] : []), ...withCharacters(part)]);
  node.append(...broken);
  for (const [name, tag] of Object.entries({ code: 'code', bold: 'strong', italic: 'em', strike: 's' })) {
    if (style[name]) {
      const outer = h(tag);
      outer.append(node);
      node = outer;
    }
  }
  return node;
}
