import { isOver } from '../task/parts.ts';
import type { Failure, Task } from '../task/task.ts';
import { currentRun } from '../task/transition.ts';
import type { Answer, Asked, Target, UseCases } from '../task/use-cases.ts';
import { attest } from './attest.ts';
import type { BotDeps } from './deps.ts';
import { crowdedRefusal, floodRefusal } from './flood.ts';
import { channelRefusal, maySteer, say, silent } from './people.ts';
import { followUpRefusal } from './spending.ts';

/** The task that is meant; a target that is no task's is a sentence rather than silence. */
export async function findTarget(deps: BotDeps, target: Target): Promise<Task | undefined> {
  if (target.type === 'task') return deps.store.find(target.task);
  const delivered = await deps.outbox.findMessage(target.channel, target.ts);
  const lane = delivered === undefined ? undefined : await deps.store.find(delivered.lane as Task['id']);
  return lane ?? deps.store.findByThread(target.channel, target.ts);
}

/** Ends what runs or waits, by the requester or whoever may steer. The worker kills the process; the work is kept on the branch. */
export async function stop(deps: BotDeps, asked: Asked, target: Target): Promise<Answer> {
  const found = await allowed(deps, asked, target, 'stop');
  if ('answer' in found) return found.answer;
  const { task } = found;
  const run = currentRun(task.run);
  // A stop that was meant for an earlier run must not end a newer one.
  if (run !== undefined && run.startedAt > asked.at + clockSlackMs) return silent;
  const stopped = await deps.store.apply(task.id, { type: 'stopped', by: asked.by, at: deps.clock.now() });
  if (stopped.type === 'applied') return silent;
  return say({ sentence: `Nothing of task ${task.id} is running.`, next: `See ${deps.policy.command} list.` });
}

const clockSlackMs = 2_000;

/** Queues an ended task again with its whole spec. */
export async function retry(deps: BotDeps, asked: Asked, target: Target): Promise<Answer> {
  const found = await allowed(deps, asked, target, 'retry');
  if ('answer' in found) return found.answer;
  const { task } = found;
  if (isOver(task)) {
    return say({
      sentence: `Task ${task.id} has ended.`,
      next: 'Reply in its thread to start a task that continues it.',
    });
  }
  const refused = task.run.type === 'idle' ? await retryRefusal(deps, asked, task) : null;
  if (refused !== null) return say(refused);
  const retried = await deps.store.apply(task.id, { type: 'retried', by: asked.by, at: deps.clock.now() });
  if (retried.task?.run.type === 'queued') {
    await attest(deps, task.requester);
    await deps.queue.wake({ type: 'run', task: task.id });
  }
  if (retried.type === 'applied' || retried.task?.run.type === 'queued') return silent;
  return say({ sentence: `Task ${task.id} is still at work.`, next: 'Stop it first, or wait for its end.' });
}

async function retryRefusal(deps: BotDeps, asked: Asked, task: Task): Promise<Failure | null> {
  return (
    (await channelRefusal(deps, task.origin.channel)) ??
    (await followUpRefusal(deps, task)) ??
    (await floodRefusal(deps, asked)) ??
    (await crowdedRefusal(deps, task.requester, task.id))
  );
}

type Found = { readonly task: Task } | { readonly answer: Answer };

async function allowed(deps: BotDeps, asked: Asked, target: Target, verb: string): Promise<Found> {
  const task = await findTarget(deps, target);
  if (task === undefined) return { answer: unknownTask(deps, target) };
  // Who asked for something may always end it.
  if ((verb === 'stop' && asked.by === task.requester) || (await maySteer(deps, task, asked.by))) return { task };
  deps.log.warn({ task: task.id, person: asked.by, code: `may_not_${verb}` }, 'Refused');
  return {
    answer: say({
      sentence: `Only <@${task.requester}> and the people listed for it may ${verb} task ${task.id}.`,
      next: 'Ask one of them in its thread.',
    }),
  };
}

export function unknownTask(deps: BotDeps, target: Target): Answer {
  const sentence = target.type === 'task' ? `There is no task ${target.task}.` : 'This message belongs to no task.';
  return say({ sentence, next: `${deps.policy.command} list shows the tasks there are.` });
}

type AnswerAct = Parameters<UseCases['answer']>[0];

/** A button under a question. A question that was answered or expired meanwhile is said so. */
export async function answer(deps: BotDeps, asked: AnswerAct): Promise<Answer> {
  const found = await allowed(deps, asked, { type: 'message', channel: asked.channel, ts: asked.message }, 'answer');
  if ('answer' in found) return found.answer;
  const run = currentRun(found.task.run);
  const given =
    run === undefined
      ? undefined
      : await deps.store.apply(found.task.id, {
          type: 'answer_given',
          run: run.id,
          question: asked.question,
          by: asked.by,
          answer: asked.text,
          at: deps.clock.now(),
        });
  if (given?.type === 'applied') return silent;
  return say({ sentence: 'This question is no longer open.', next: 'Reply in the thread to say more.' });
}
