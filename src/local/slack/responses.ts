import { z } from 'zod';
import { type Api, acceptBlocks, cutText } from './api/method.ts';
import type { ResponseTarget } from './exchange.ts';
import { Refused } from './refused.ts';
import type { LooseObject, Message } from './workspace.ts';

const Response = z.object({
  text: z.string().optional(),
  blocks: z.unknown().optional(),
  response_type: z.enum(['ephemeral', 'in_channel']).optional(),
  replace_original: z.boolean().optional(),
  delete_original: z.boolean().optional(),
  thread_ts: z.string().optional(),
});

/**
 * What an app says through a response_url or in the body of a command's acknowledgement. It needs no membership, replaces or
 * deletes what the button was in, and can't turn what one person sees into what all see. Throws `Refused`.
 */
export function applyResponse(api: Api, target: ResponseTarget, body: LooseObject, method: string): void {
  const parsed = Response.safeParse(body);
  if (!parsed.success) throw new Refused('invalid_payload');
  const response = parsed.data;
  const { original } = target;
  const done = (ts: string) => api.store.record({ method, args: body, channel: target.channel, ts });
  if (response.delete_original === true && original !== null) {
    if (original.ephemeral) api.store.removeEphemeral(original.ts);
    else remove(api, target.channel, original.ts);
    done(original.ts);
    return;
  }
  const blocks = acceptBlocks(response.blocks);
  const { text } = cutText(response.text ?? '');
  if (text === '' && (blocks?.length ?? 0) === 0) throw new Refused('no_text');
  const content = { text, ...(blocks && { blocks }) };
  if (response.replace_original === true && original !== null) {
    replace(api, target, original, content);
    done(original.ts);
    return;
  }
  const threadTs = response.thread_ts ?? target.threadTs;
  const ts = api.store.nextTs();
  const thread = threadTs === null ? {} : { thread_ts: threadTs };
  if (response.response_type === 'in_channel' && original?.ephemeral !== true) {
    const message: Message = {
      type: 'message',
      channel: target.channel,
      ts,
      user: api.store.bot.id,
      team: api.store.workspace.team.id,
      bot_id: api.store.bot.bot_id ?? '',
      app_id: api.store.workspace.appId,
      reactions: [],
      ...content,
      ...thread,
    };
    api.store.putMessage(message);
    api.events.posted(message);
  } else {
    api.store.putEphemeral({ channel: target.channel, ts, user: target.user, from: 'app', ...content, ...thread });
  }
  done(ts);
}

type Content = { readonly text: string; readonly blocks?: LooseObject[] };

function replace(
  api: Api,
  target: ResponseTarget,
  original: NonNullable<ResponseTarget['original']>,
  content: Content,
) {
  if (original.ephemeral) {
    const shown = api.store.ephemerals.find((each) => each.ts === original.ts);
    const thread = shown?.thread_ts === undefined ? {} : { thread_ts: shown.thread_ts };
    api.store.putEphemeral({
      channel: target.channel,
      ts: original.ts,
      user: target.user,
      from: 'app',
      ...content,
      ...thread,
    });
    return;
  }
  const before = api.store.message(target.channel, original.ts);
  if (before === undefined) throw new Refused('message_not_found');
  const { blocks: _blocks, ...kept } = before;
  const after: Message = { ...kept, ...content };
  api.store.putMessage(after);
  api.events.changed(before, after);
}

function remove(api: Api, channel: string, ts: string): void {
  const message = api.store.message(channel, ts);
  if (message === undefined) throw new Refused('message_not_found');
  api.store.removeMessage(channel, ts);
  api.events.deleted(message);
}
