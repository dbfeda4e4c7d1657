import { z } from 'zod';
import { Refused } from '../refused.ts';
import { botSees, toWireFile } from '../wire-file.ts';
import type { Message, StoredFile } from '../workspace.ts';
import { type Api, acceptBlocks, count, type Method, method, paged, text, writableChannel } from './method.ts';

function seen(api: Api, id: string): StoredFile {
  const file = api.store.file(id);
  if (file === undefined || !botSees(api.store, file)) throw new Refused('file_not_found');
  return file;
}

const structured = <Schema extends z.ZodType>(schema: Schema) =>
  z.preprocess((value) => (typeof value === 'string' ? parseJson(value) : value), schema);

export const files: Readonly<Record<string, Method>> = {
  'files.info': method({
    args: { file: text },
    missing: { file: 'file_not_found' },
    run(api, args) {
      const file = seen(api, args.file);
      const paging = { count: 100, total: 0, page: 1, pages: 0 };
      return { file: toWireFile(api.store, file), comments: [], paging, response_metadata: { next_cursor: '' } };
    },
  }),
  'files.list': method({
    args: { channel: text.optional(), user: text.optional(), count: count.optional(), page: count.optional() },
    run(api, args) {
      const found = api.store.workspace.files
        .filter((file) => botSees(api.store, file) && (args.user === undefined || file.user === args.user))
        .map((file) => toWireFile(api.store, file))
        .filter((file) => args.channel === undefined || JSON.stringify(file).includes(`"${args.channel}"`));
      const size = args.count ?? 100;
      const from = ((args.page ?? 1) - 1) * size;
      const paging = { count: size, total: found.length, page: args.page ?? 1, pages: Math.ceil(found.length / size) };
      return { files: paged(found.slice(from), undefined, size).page, paging };
    },
  }),
  'files.delete': method({
    writes: true,
    args: { file: text },
    missing: { file: 'file_not_found' },
    run(api, args) {
      const file = seen(api, args.file);
      if (file.user !== api.store.bot.id) throw new Refused('cant_delete_file');
      api.store.removeFile(file.id);
      return {};
    },
  }),
  'files.getUploadURLExternal': method({
    args: { filename: text, length: z.coerce.number().int().min(1) },
    run(api, args) {
      const upload = { user: api.store.bot.id, name: args.filename, length: args.length };
      const { id, ticket } = api.files.reserve(upload);
      return { upload_url: `${api.publicUrl()}/upload/v1/${ticket}`, file_id: id };
    },
  }),
  'files.completeUploadExternal': method({
    writes: true,
    args: {
      files: structured(z.array(z.object({ id: z.string(), title: z.string().optional() })).min(1)),
      channel_id: text.optional(),
      initial_comment: z.string().optional(),
      blocks: z.unknown().optional(),
      thread_ts: text.optional(),
    },
    run(api, args) {
      const { store } = api;
      const channel = args.channel_id === undefined ? null : writableChannel(api, args.channel_id);
      if (channel !== null && args.thread_ts !== undefined && store.message(channel.id, args.thread_ts) === undefined)
        throw new Refused('invalid_thread_ts');
      const blocks = acceptBlocks(args.blocks);
      const taken = args.files.map(({ id, title }) => {
        const file = api.files.filled(id);
        if (file === undefined) throw new Refused('file_not_found');
        return { ...file, title: title ?? file.title };
      });
      for (const file of taken) store.putFile(file);
      if (channel !== null) {
        const message: Message = {
          type: 'message',
          subtype: 'file_share',
          channel: channel.id,
          ts: store.nextTs(),
          user: store.bot.id,
          team: store.workspace.team.id,
          bot_id: store.bot.bot_id ?? '',
          app_id: store.workspace.appId,
          text: args.initial_comment ?? '',
          ...(blocks && { blocks }),
          ...(args.thread_ts !== undefined && { thread_ts: args.thread_ts }),
          reactions: [],
          files: taken.map(({ id }) => id),
        };
        store.putMessage(message);
        api.events.posted(message);
      }
      return { files: taken.map((file) => toWireFile(store, file)) };
    },
  }),
};

function parseJson(value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    return undefined;
  }
}
