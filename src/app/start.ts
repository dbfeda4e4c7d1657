import { type Draft, toDraft } from '../task/draft.ts';
import { fileAlone } from '../task/files.ts';
import { toTitle } from '../task/policy.ts';
import type { ThreadMessage } from '../task/ports/thread-reader.ts';
import type { Task } from '../task/task.ts';
import type { Answer, UseCases } from '../task/use-cases.ts';
import type { BotDeps } from './deps.ts';
import { giveBack } from './give-back.ts';
import { mayAsk, maySteer, say, silent } from './people.ts';
import { reply } from './reply.ts';
import { accept } from './submit.ts';
import { attributed } from './thread-before.ts';

type Start = Parameters<UseCases['start']>[0];

/**
 * Makes a task of a message that somebody marked; they are the requester, and vouch for this one message. A colleague's words are
 * then the request, with their name beside it. Words of guests, bots and strangers, which anybody outside may have written, stay
 * context: the request is to see to them. What else stands in the thread is context as for a mention. In a task's thread a marked
 * message is one more instruction, from whoever marked it.
 */
export async function start(deps: BotDeps, asked: Start): Promise<Answer> {
  const { member, failure } = await mayAsk(deps, asked.by);
  if (failure !== null) return say(failure);
  const message = await deps.threads.message(asked.channel, asked.message);
  if (message === null) return say(unreadable);
  if (message.text.trim() === '') return say((message.files ?? []).length > 0 ? fileAlone : wordless);
  const { draft, title, text } = await toRequest(deps, asked, message, member.name);
  const known = await deps.store.findByThread(asked.channel, message.thread);
  if (known !== undefined) return intoTask(deps, asked, known, message, text);
  const request = { ...asked, thread: message.thread, draft, title };
  const accepted = await accept(deps, { ...request, origin: 'message', originKey: originOf(asked), picked: true });
  if (accepted.type === 'refused') return giveBack(deps, request, draft, accepted);
  return accepted.created ? silent : alreadyIn(asked, accepted.task);
}

async function toRequest(
  deps: BotDeps,
  asked: Start,
  { author, name, text, thread }: ThreadMessage,
  by: string,
): Promise<{ draft: Draft; title: string; text: string }> {
  const about = { channel: asked.channel, message: asked.message, thread };
  const more = { channel: asked.channel, about };
  const spoken = toDraft(text, more);
  const title = toTitle(spoken.goal === '' ? text : spoken.goal);
  if (author === asked.by) return { draft: spoken, title, text: spoken.goal };
  const writer = author === null ? null : await deps.directory.member(author);
  if (writer?.type === 'member') {
    return { draft: spoken, title, text: attributed(spoken.goal, writer.name, by) };
  }
  const goal = `See to what ${writer?.name ?? name} wrote, which stands in the context: find out what is wrong or wanted there, and do it in this repository.`;
  return { draft: toDraft(goal, more), title, text: goal };
}

/** One message makes one task by its mark, whoever sets it. */
function originOf({ channel, message }: Start): string {
  return `start:${channel}:${message}`;
}

async function intoTask(
  deps: BotDeps,
  asked: Start,
  task: Task,
  { thread, author, name, text: said, files }: ThreadMessage,
  text: string,
): Promise<Answer> {
  const own = `${asked.channel}:${asked.message}`;
  const isRequest = task.origin.key === originOf(asked);
  if (isRequest || task.spec.some(({ key, trust }) => key === own && trust === 'steering')) {
    return alreadyIn(asked, task);
  }
  if (!(await maySteer(deps, task, asked.by))) {
    return say({
      sentence: `Only <@${task.requester}> and the people listed for it steer task ${task.id}.`,
      next: 'Ask one of them in its thread.',
    });
  }
  // Apps' messages are in no spec yet; of one that is, nothing comes of this.
  const context = { key: own, message: asked.message, trust: 'context', text: said, at: asked.at } as const;
  const message = { ...context, author: author ?? asked.by, authorName: name };
  await deps.store.apply(task.id, { type: 'message_added', message, at: deps.clock.now() });
  const added = await reply(deps, { ...asked, thread, text, files, chatter: false }, `marked:${own}`);
  return added.type === 'no_task' ? silent : added;
}

/** Silent for the very act that started it, which may come twice; everybody else learns that it is under way. */
function alreadyIn(asked: Start, task: Task): Answer {
  if (task.requester === asked.by && task.spec.some(({ at }) => at === asked.at)) return silent;
  return say({
    sentence: `Task ${task.id} already works on this message; <@${task.requester}> asked for it.`,
    next: 'Reply in its thread to add something.',
  });
}

const unreadable = {
  sentence: 'Errand could not find the message that you marked.',
  next: 'It may be deleted, or stand where Errand is not invited.',
};

const wordless = {
  sentence: 'The message that you marked has no words and no files.',
  next: 'Write what should be done, and mention Errand there.',
};
