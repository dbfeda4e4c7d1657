import { splitKeys } from '../task/command.ts';
import type { OfferedFile } from '../task/files.ts';
import type { MessageTs } from '../task/ids.ts';
import { maxContextChars } from '../task/intake.ts';
import type { ThreadMessage } from '../task/ports/thread-reader.ts';
import { Problem } from '../task/problem.ts';
import type { Failure, SpecMessage } from '../task/task.ts';
import type { BotDeps } from './deps.ts';
import type { Request } from './request.ts';

/** Words that somebody else wrote, with their name beside them. */
export function attributed(text: string, writer: string | null, by: string): string {
  return writer === null ? text : `${text}\n\n(${writer} wrote this; ${by} asks for it.)`;
}

/** What stands in the thread beside the request, and what belongs to the request's own message. */
export interface Before {
  readonly context: readonly { readonly message: SpecMessage; readonly files: readonly OfferedFile[] }[];
  readonly files: readonly OfferedFile[];
  /** Who wrote the words of the request, where that is not the requester. */
  readonly writer: string | null;
}

export const nobodySpoke: Before = { context: [], files: [], writer: null };

/**
 * What was said in the thread beside the request: the requester's own words are the spec, everybody else's are context. A message
 * that was picked is context too, whoever wrote it, unless its words are the request. Why not, where the thread can't be read.
 */
export async function threadBefore(deps: BotDeps, asked: Request, thread: MessageTs): Promise<Before | Failure> {
  let messages: Awaited<ReturnType<BotDeps['threads']['thread']>>;
  try {
    messages = await deps.threads.thread(asked.channel, thread);
  } catch (error) {
    if (error instanceof Problem && !error.retry) return error.failure;
    throw error;
  }
  const nameOf = async ({ author, name }: ThreadMessage) =>
    author === null ? name : (await deps.directory.member(author)).name;
  const own = messages.find(({ ts }) => ts === asked.message);
  const picked = asked.picked === true ? own : undefined;
  const words = picked === undefined ? '' : splitKeys(picked.text).text;
  const { goal } = asked.draft;
  // One's own message may say more than the request: the mention that it begins with.
  const isRequest = words !== '' && (goal.includes(words) || (picked?.author === asked.by && words.includes(goal)));
  const spoken = messages.filter((each) => {
    if (each.text.trim() === '' && (each.files ?? []).length === 0) return false;
    return each === own ? picked !== undefined && !isRequest : !each.bot;
  });
  const context = spoken.slice(-50).map(async (each) => {
    const { author, ts, text, files = [] } = each;
    const message: SpecMessage = {
      key: each === picked ? `picked:${asked.channel}:${ts}` : `${asked.channel}:${ts}`,
      message: ts,
      author: author ?? asked.by,
      authorName: await nameOf(each),
      trust: author === asked.by && each !== picked ? 'steering' : 'context',
      text: author === asked.by && each !== picked ? text : text.slice(0, maxContextChars),
      at: Math.round(Number(ts) * 1000),
    };
    return { message, files };
  });
  return {
    context: await Promise.all(context),
    files: own === undefined || spoken.includes(own) ? [] : (own.files ?? []),
    writer: isRequest && picked !== undefined && picked.author !== asked.by ? await nameOf(picked) : null,
  };
}
