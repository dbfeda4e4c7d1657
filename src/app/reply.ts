import { maxContextChars, maxContextMessages, maxSpecChars } from '../task/intake.ts';
import { isOver } from '../task/parts.ts';
import { closedChannel, shellScript } from '../task/policy.ts';
import type { Failure, SpecMessage, Task } from '../task/task.ts';
import type { Answer, UseCases } from '../task/use-cases.ts';
import { attest } from './attest.ts';
import type { BotDeps } from './deps.ts';
import { crowdedRefusal, floodRefusal } from './flood.ts';
import { channelRefusal, maySteer, say, silent } from './people.ts';
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
  if (!steers && isFull(task.spec)) {
    deps.log.warn({ task: task.id, person: asked.by }, 'Left out of the context: it is full');
    return silent;
  }
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
      text: steers ? asked.text : asked.text.slice(0, maxContextChars),
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
  if (steers && !asked.chatter) {
    const held = await refusal(deps, task, { ...asked, key });
    if (held !== null) return say(held, asked.text);
  }
  if (task.agent === 'shell' && steers && shellScript(asked.text) === null) {
    return asked.chatter ? silent : say(scriptMissing('reply'), asked.text);
  }
  if (startsAnew) {
    if (!steers) return silent;
    const spent = await spendingRefusal(deps, { person: asked.by, name: member.name, agent: task.agent });
    if (spent !== null) return say(spent, asked.text);
    const refused = await continueTask(deps, task, asked.thread, await toMessage());
    return refused === null ? silent : say(refused, asked.text);
  }
  if (steers && task.run.type === 'idle') {
    const spent = await followUpRefusal(deps, task);
    if (spent !== null) return say(spent, asked.text);
  }
  const message = await toMessage();
  const added = await deps.store.apply(task.id, { type: 'message_added', message, at: deps.clock.now() });
  // A refused duplicate wakes too: the first delivery may have died between the two steps.
  if (added.task?.run.type === 'queued') {
    await attest(deps, task.requester);
    await deps.queue.wake({ type: 'run', task: task.id });
  }
  return silent;
}

/** Why an instruction is not taken here and now. */
async function refusal(deps: BotDeps, task: Task, asked: Reply & { key: string }): Promise<Failure | null> {
  const { run, spec, requester, origin } = task;
  // Who reads the channel may have changed since the task began.
  const elsewhere =
    run.type === 'idle' ? await channelRefusal(deps, origin.channel) : closedChannel(deps.policy, origin.channel);
  if (elsewhere !== null) return elsewhere;
  if (spec.reduce((sum, { text }) => sum + text.length, asked.text.length) > maxSpecChars) return tooLong;
  const flooded = await floodRefusal(deps, asked);
  if (flooded !== null || run.type !== 'idle') return flooded;
  return crowdedRefusal(deps, requester, task.id);
}

const tooLong = {
  code: 'spec_full',
  sentence: 'More words than this task has got already can’t be given to an agent.',
  next: 'Send it as a new task.',
};

function isFull(spec: Task['spec']): boolean {
  return spec.filter(({ trust }) => trust === 'context').length >= maxContextMessages;
}
