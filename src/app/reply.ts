import { isOver } from '../task/parts.ts';
import { shellScript } from '../task/policy.ts';
import type { SpecMessage } from '../task/task.ts';
import type { Answer, UseCases } from '../task/use-cases.ts';
import type { BotDeps } from './deps.ts';
import { maySteer, say, silent } from './people.ts';
import { scriptMissing } from './prompt.ts';
import { followUpRefusal, spendingRefusal } from './spending.ts';
import { continueTask } from './submit.ts';
import { attachments, leaveFiles, takeFiles } from './take-files.ts';

type Reply = Parameters<UseCases['reply']>[0];

/**
 * Takes a message of a task's thread into its spec: as an instruction from those who may steer, as untrusted context from
 * everybody else. After a merge or a close it starts a new task in the same thread. `key` tells apart what somebody made of a
 * message from the message itself.
 */
export async function reply(
  deps: BotDeps,
  asked: Reply,
  key = `${asked.channel}:${asked.message}`,
): Promise<Answer | { readonly type: 'no_task' }> {
  const task = await deps.store.findByThread(asked.channel, asked.thread);
  if (task === undefined) return { type: 'no_task' };
  const member = await deps.directory.member(asked.by);
  const steers = member.type === 'member' && (await maySteer(deps, task, asked.by));
  const offered = asked.files ?? [];
  const startsAnew = isOver(task) && task.run.type === 'idle';
  const toMessage = async (): Promise<SpecMessage> => {
    const taken = steers
      ? await takeFiles(deps, [{ key, files: offered }], startsAnew ? [] : task.spec)
      : leaveFiles(task.spec, offered);
    return {
      key,
      message: asked.message,
      author: asked.by,
      authorName: member.name,
      trust: steers ? 'steering' : 'context',
      text: asked.text,
      ...attachments(taken, key),
      ...(taken.leftOut === null ? {} : { leftOut: taken.leftOut }),
      at: asked.at,
    };
  };
  if (task.run.type === 'waiting' && steers && !asked.chatter) {
    const { run, question } = task.run;
    const given = await deps.store.apply(task.id, {
      type: 'answer_given',
      run: run.id,
      question: question.id,
      by: asked.by,
      answer: asked.text,
      at: deps.clock.now(),
    });
    // Somebody else was faster, or nobody was in time: then it is a reply like any other.
    if (given.type === 'applied' && offered.length === 0) return silent;
  }
  if (task.run.type === 'idle' && asked.chatter) return silent;
  if (task.agent === 'shell' && steers && shellScript(asked.text) === null) {
    return asked.chatter ? silent : say(scriptMissing('reply'), asked.text);
  }
  if (startsAnew) {
    if (!steers) return silent;
    const spent = await spendingRefusal(deps, { person: asked.by, name: member.name, agent: task.agent });
    if (spent !== null) return say(spent, asked.text);
    await continueTask(deps, task, asked.thread, await toMessage());
    return silent;
  }
  if (steers && task.run.type === 'idle') {
    const spent = await followUpRefusal(deps, task);
    if (spent !== null) return say(spent, asked.text);
  }
  const message = await toMessage();
  const added = await deps.store.apply(task.id, { type: 'message_added', message, at: deps.clock.now() });
  // A refused duplicate wakes too: the first delivery may have died between the two steps.
  if (added.task?.run.type === 'queued') await deps.queue.wake({ type: 'run', task: task.id });
  return silent;
}
