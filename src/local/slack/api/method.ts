import { z } from 'zod';
import type { Events } from '../events.ts';
import type { Exchange } from '../exchange.ts';
import type { Files } from '../files.ts';
import { limits } from '../limits.ts';
import { Refused } from '../refused.ts';
import type { WorkspaceStore } from '../store.ts';
import { checkMessageBlocks } from '../validate.ts';
import type { Channel, LooseObject } from '../workspace.ts';

/** What every Web API method may use. */
export interface Api {
  readonly store: WorkspaceStore;
  readonly events: Events;
  readonly exchange: Exchange;
  readonly files: Files;
  readonly publicUrl: () => string;
  readonly openSocket: () => string | null;
  readonly agentSessions: boolean;
  /** Whether the app has subscribed to events of this type. */
  readonly hears: (event: string) => boolean;
}

export interface Method {
  /** Which token it wants. */
  readonly token: 'bot' | 'app';
  /** Whether an accepted call is written to the ledger. */
  readonly writes: boolean;
  run(api: Api, args: LooseObject): LooseObject;
}

/** Declares a method with the arguments that it takes; `missing` says which error stands for an absent one. */
export function method<Shape extends z.ZodRawShape>(options: {
  token?: 'bot' | 'app';
  writes?: boolean;
  args: Shape;
  missing?: Readonly<Record<string, string>>;
  run: (api: Api, args: z.infer<z.ZodObject<Shape>>) => LooseObject;
}): Method {
  const schema = z.object(options.args);
  return {
    token: options.token ?? 'bot',
    writes: options.writes ?? false,
    run(api, args) {
      const parsed = schema.safeParse(args);
      if (parsed.success) return options.run(api, parsed.data);
      const [issue] = parsed.error.issues;
      const name = String(issue?.path[0] ?? '');
      const messages = parsed.error.issues.map(
        (each) => `[ERROR] ${each.message} [json-pointer:/${each.path.join('/')}]`,
      );
      throw new Refused(options.missing?.[name] ?? 'invalid_arguments', { response_metadata: { messages } });
    },
  };
}

export const text = z.string().min(1);
/** Forms say `true` and `1`. */
export const flag = z.preprocess(
  (value) => (value === 'true' || value === '1' ? true : value === 'false' || value === '0' ? false : value),
  z.boolean(),
);
export const count = z.coerce.number().int().min(1).max(1000);

/** The conversation, if the bot can see it. Throws what Slack says otherwise. */
export function seenChannel(api: Api, id: string): Channel {
  const channel = api.store.channel(id);
  if (channel === undefined) throw new Refused('channel_not_found');
  const hidden = channel.is_private && !channel.members.includes(api.store.bot.id);
  if (hidden) throw new Refused('channel_not_found');
  return channel;
}

/** The conversation, if the bot is in it. */
export function joinedChannel(api: Api, id: string): Channel {
  const channel = seenChannel(api, id);
  if (!channel.members.includes(api.store.bot.id)) throw new Refused('not_in_channel');
  return channel;
}

/** The conversation, if the bot may write there; a person's id opens the direct conversation. */
export function writableChannel(api: Api, id: string): Channel {
  const user = /^[UW]/.test(id) ? api.store.user(id) : undefined;
  if (user !== undefined && !user.deleted && !user.is_bot) return api.store.direct(user.id, api.store.bot.id);
  const channel = joinedChannel(api, id);
  if (channel.is_archived) throw new Refused('is_archived');
  return channel;
}

const looseBlocks = z.array(z.record(z.string(), z.unknown()));
export const Attachments = z.array(z.record(z.string(), z.unknown()));

/** Checks blocks as Slack does and fills in the ids that were left out. */
export function acceptBlocks(blocks: unknown): LooseObject[] | undefined {
  if (blocks === undefined || blocks === null) return undefined;
  const problem = checkMessageBlocks(blocks);
  if (problem !== null) {
    const extra = problem.messages.length > 0 ? { response_metadata: { messages: problem.messages } } : {};
    throw new Refused(problem.error, { ...extra, ...(problem.messages.length > 0 && { errors: problem.messages }) });
  }
  return looseBlocks.parse(blocks).map(withIds);
}

/** Slack names what was left unnamed: each block, and each element that can be pressed. */
export function withIds(block: LooseObject): LooseObject {
  return {
    ...namedActions(block),
    block_id: typeof block.block_id === 'string' && block.block_id !== '' ? block.block_id : shortId(),
  };
}

const pressable =
  /^(button|overflow|.*_select|checkboxes|radio_buttons|datepicker|timepicker|datetimepicker|.*_input|feedback_buttons|icon_button)$/;

function namedActions(value: LooseObject): LooseObject {
  const entries = Object.entries(value).map(([key, each]): [string, unknown] => [key, namedAction(each)]);
  const named = Object.fromEntries(entries);
  const type = value.type;
  const unnamed = typeof value.action_id !== 'string' || value.action_id === '';
  return typeof type === 'string' && pressable.test(type) && unnamed ? { ...named, action_id: shortId() } : named;
}

function namedAction(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(namedAction);
  const parsed = z.record(z.string(), z.unknown()).safeParse(value);
  return parsed.success ? namedActions(parsed.data) : value;
}

function shortId(): string {
  return crypto.randomUUID().replaceAll('-', '').slice(0, 5);
}

/** What Slack does to a text that is too long to post: it cuts it and says so. */
export function cutText(value: string): { text: string; warning: LooseObject } {
  const characters = Array.from(value);
  if (characters.length <= limits.postTextChars) return { text: value, warning: {} };
  return {
    text: characters.slice(0, limits.postTextChars).join(''),
    warning: {
      warning: 'message_truncated',
      response_metadata: {
        warnings: ['message_truncated'],
        messages: ['[WARN] Your message was truncated but still posted'],
      },
    },
  };
}

/** One page of a list, with Slack's cursor. */
export function paged<Item>(
  items: readonly Item[],
  cursor: string | undefined,
  limit: number,
): { page: Item[]; next: string } {
  const from =
    cursor === undefined || cursor === ''
      ? 0
      : Number(Buffer.from(cursor, 'base64').toString('utf8').replace('from:', ''));
  if (!Number.isInteger(from) || from < 0) throw new Refused('invalid_cursor');
  const end = from + limit;
  const next = end < items.length ? Buffer.from(`from:${end}`).toString('base64') : '';
  return { page: items.slice(from, end), next };
}
