import { z } from 'zod';
import { limits } from '../limits.ts';
import { Refused } from '../refused.ts';
import { toWireMessage } from '../wire.ts';
import type { LooseObject, Message } from '../workspace.ts';
import {
  type Api,
  Attachments,
  acceptBlocks,
  cutText,
  flag,
  joinedChannel,
  type Method,
  method,
  text,
  writableChannel,
} from './method.ts';

const Metadata = z.object({ event_type: z.string().min(1), event_payload: z.record(z.string(), z.unknown()) });
const content = {
  text: z.string().optional(),
  markdown_text: z.string().max(limits.markdownChars).optional(),
  blocks: z.unknown().optional(),
  attachments: Attachments.optional(),
};
const channel = { channel: text };
const message = { channel: text, ts: text };
const unfurl = { unfurl_links: flag.optional(), unfurl_media: flag.optional() };
const noChannel = { channel: 'channel_not_found' };
const noMessage = { channel: 'channel_not_found', ts: 'message_not_found' };

function toContent(args: {
  text?: string | undefined;
  markdown_text?: string | undefined;
  blocks?: unknown;
  attachments?: LooseObject[] | undefined;
}) {
  if (args.markdown_text !== undefined && (args.text !== undefined || args.blocks !== undefined)) {
    throw new Refused('markdown_text_conflict');
  }
  const blocks = acceptBlocks(
    args.markdown_text === undefined ? args.blocks : [{ type: 'markdown', text: args.markdown_text }],
  );
  const said = args.markdown_text ?? args.text ?? '';
  if (said === '' && (blocks?.length ?? 0) === 0 && (args.attachments?.length ?? 0) === 0) throw new Refused('no_text');
  return { said, blocks, attachments: args.attachments };
}

function checkThread(api: Api, channelId: string, threadTs: string | undefined): void {
  if (threadTs === undefined) return;
  const root = api.store.message(channelId, threadTs);
  // A reply's own ts is no thread; Slack would make an orphan of it.
  if (root === undefined || (root.thread_ts !== undefined && root.thread_ts !== root.ts))
    throw new Refused('thread_not_found');
}

function ownMessage(api: Api, channelId: string, ts: string, refusal: string): Message {
  const found = api.store.message(joinedChannel(api, channelId).id, ts);
  if (found === undefined) throw new Refused('message_not_found');
  if (found.user !== api.store.bot.id) throw new Refused(refusal);
  return found;
}

export const chat: Readonly<Record<string, Method>> = {
  'chat.postMessage': method({
    writes: true,
    args: {
      ...channel,
      ...content,
      ...unfurl,
      thread_ts: text.optional(),
      reply_broadcast: flag.optional(),
      metadata: Metadata.optional(),
    },
    missing: { ...noChannel, metadata: 'invalid_metadata_format', attachments: 'invalid_attachments' },
    run(api, args) {
      const { store } = api;
      const { said, blocks, attachments } = toContent(args);
      const target = writableChannel(api, args.channel);
      checkThread(api, target.id, args.thread_ts);
      const cut = cutText(said);
      const posted: Message = {
        type: 'message',
        channel: target.id,
        ts: store.nextTs(),
        user: store.bot.id,
        team: store.workspace.team.id,
        bot_id: store.bot.bot_id ?? '',
        app_id: store.workspace.appId,
        text: cut.text,
        reactions: [],
        ...(args.thread_ts !== undefined && { thread_ts: args.thread_ts }),
        ...(args.reply_broadcast === true && { subtype: 'thread_broadcast' }),
        ...(blocks && { blocks }),
        ...(attachments && { attachments }),
        ...(args.metadata && { metadata: args.metadata }),
        ...(args.unfurl_links !== undefined && { unfurl_links: args.unfurl_links }),
        ...(args.unfurl_media !== undefined && { unfurl_media: args.unfurl_media }),
      };
      store.putMessage(posted);
      store.setStatus(target.id, args.thread_ts ?? '', '');
      api.events.posted(posted);
      return {
        channel: target.id,
        ts: posted.ts,
        message: toWireMessage(store, posted, { metadata: true }),
        ...cut.warning,
      };
    },
  }),
  'chat.update': method({
    writes: true,
    args: { ...message, ...content, metadata: Metadata.optional(), reply_broadcast: flag.optional() },
    missing: { ...noMessage, metadata: 'invalid_metadata_format', attachments: 'invalid_attachments' },
    run(api, args) {
      const { store } = api;
      if (Array.from(args.text ?? '').length > limits.updateTextChars) throw new Refused('msg_too_long');
      const { said, blocks, attachments } = toContent(args);
      const before = ownMessage(api, args.channel, args.ts, 'cant_update_message');
      const { blocks: _blocks, attachments: _attachments, edited: _edited, ...kept } = before;
      const after: Message = {
        ...kept,
        text: args.text === undefined && args.markdown_text === undefined ? before.text : said,
        ...(blocks && { blocks }),
        ...(attachments && { attachments }),
        ...(args.metadata && { metadata: args.metadata }),
        // With blocks Slack shows no "(edited)".
        ...(!blocks && { edited: { user: store.bot.id, ts: store.nextTs() } }),
      };
      store.putMessage(after);
      api.events.changed(before, after);
      return {
        channel: after.channel,
        ts: after.ts,
        text: after.text,
        message: toWireMessage(store, after, { metadata: true }),
      };
    },
  }),
  'chat.delete': method({
    writes: true,
    args: message,
    missing: noMessage,
    run(api, args) {
      const { store } = api;
      const found = ownMessage(api, args.channel, args.ts, 'cant_delete_message');
      if (store.replies(found.channel, found.ts).length === 0) store.removeMessage(found.channel, found.ts);
      else {
        const { blocks: _blocks, attachments: _attachments, metadata: _metadata, ...kept } = found;
        store.putMessage({ ...kept, subtype: 'tombstone', text: 'This message was deleted.', reactions: [] });
      }
      api.events.deleted(found);
      return { channel: found.channel, ts: found.ts };
    },
  }),
  'chat.postEphemeral': method({
    writes: true,
    args: { ...channel, ...content, user: text, thread_ts: text.optional() },
    missing: { ...noChannel, user: 'user_not_found' },
    run(api, args) {
      const { store } = api;
      const { said, blocks } = toContent(args);
      const target = joinedChannel(api, args.channel);
      if (target.is_archived) throw new Refused('is_archived');
      if (store.user(args.user) === undefined) throw new Refused('user_not_found');
      if (!target.members.includes(args.user)) throw new Refused('user_not_in_channel');
      checkThread(api, target.id, args.thread_ts);
      const cut = cutText(said);
      const ts = store.nextTs();
      store.putEphemeral({
        channel: target.id,
        ts,
        user: args.user,
        from: 'app',
        text: cut.text,
        ...(blocks && { blocks }),
        ...(args.thread_ts !== undefined && { thread_ts: args.thread_ts }),
      });
      return { message_ts: ts, ...cut.warning };
    },
  }),
  'chat.getPermalink': method({
    args: { channel: text, message_ts: text },
    missing: { channel: 'channel_not_found', message_ts: 'message_not_found' },
    run(api, args) {
      const target = joinedChannel(api, args.channel);
      const found = api.store.message(target.id, args.message_ts);
      if (found === undefined) throw new Refused('message_not_found');
      const inThread = found.thread_ts !== undefined && found.thread_ts !== found.ts;
      const query = inThread ? `?thread_ts=${found.thread_ts}&cid=${target.id}` : '';
      return {
        channel: target.id,
        permalink: `${api.publicUrl()}/archives/${target.id}/p${found.ts.replace('.', '')}${query}`,
      };
    },
  }),
};
