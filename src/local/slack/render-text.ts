import { z } from 'zod';
import { toEmojiCharacter } from './emoji.ts';
import type { LooseObject, Workspace } from './workspace.ts';

const Loose = z.record(z.string(), z.unknown());

type Names = Pick<Workspace, 'users' | 'channels' | 'userGroups'>;

/** Slack's mrkdwn as a person reads it: names instead of ids, link texts with their address, emoji as characters. */
export function readMrkdwn(text: string, names: Names): string {
  return withEmoji(text.replaceAll(/<([^<>]+)>/g, (_whole, token: string) => readToken(token, names)))
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
}

function readToken(token: string, names: Names): string {
  const [target = '', label] = token.split('|');
  if (target.startsWith('@')) return `@${userName(target.slice(1), names)}`;
  if (target.startsWith('#'))
    return `#${names.channels.find((each) => each.id === target.slice(1))?.name ?? label ?? '?'}`;
  if (target.startsWith('!subteam^')) {
    return `@${names.userGroups.find((each) => each.id === target.slice('!subteam^'.length))?.handle ?? 'group'}`;
  }
  if (target.startsWith('!date^')) return label ?? target;
  if (target.startsWith('!')) return `@${target.slice(1)}`;
  return label === undefined || label === '' ? target : `${label} (${target})`;
}

function userName(id: string, names: Names): string {
  return names.users.find((each) => each.id === id)?.real_name ?? id;
}

function withEmoji(text: string): string {
  return text.replaceAll(/:([a-z0-9_+'-]+(?:::skin-tone-[2-6])?):/g, (_whole, name: string) => toEmojiCharacter(name));
}

/** Any text object, mrkdwn or plain. */
export function readTextObject(value: unknown, names: Names): string {
  const parsed = Loose.safeParse(value);
  if (!parsed.success) return '';
  const text = String(parsed.data.text ?? '');
  return parsed.data.type === 'mrkdwn' ? readMrkdwn(text, names) : withEmoji(text);
}

/** A `rich_text` block, or any part of one. */
export function readRichText(value: LooseObject, names: Names): string {
  const parts = objects(value.elements);
  switch (value.type) {
    case 'rich_text':
      return parts.map((part) => readRichText(part, names)).join('\n');
    case 'rich_text_list':
      return parts
        .map((part, index) => `${value.style === 'ordered' ? `${index + 1}.` : '•'} ${readRichText(part, names)}`)
        .join('\n');
    case 'rich_text_quote':
      return prefixed(parts.map((part) => readRichText(part, names)).join(''), '> ');
    case 'rich_text_preformatted':
      return `\`\`\`\n${parts.map((part) => readRichText(part, names)).join('')}\n\`\`\``;
    case 'rich_text_section':
      return parts.map((part) => readRichText(part, names)).join('');
    case 'user':
      return `@${userName(String(value.user_id), names)}`;
    case 'channel':
      return readToken(`#${value.channel_id}`, names);
    case 'usergroup':
      return readToken(`!subteam^${value.usergroup_id}`, names);
    case 'broadcast':
      return `@${value.range}`;
    case 'emoji':
      return toEmojiCharacter(String(value.name));
    case 'link':
      return value.text === undefined ? String(value.url) : `${value.text} (${value.url})`;
    case 'date':
      return String(value.fallback ?? value.timestamp);
    default:
      return String(value.text ?? '');
  }
}

export function prefixed(text: string, prefix: string): string {
  return text
    .split('\n')
    .map((line) => `${prefix}${line}`.trimEnd())
    .join('\n');
}

export function objects(value: unknown): LooseObject[] {
  const parsed = z.array(Loose).safeParse(value);
  return parsed.success ? parsed.data : [];
}
