import type { Outbox } from '../../task/ports/outbox.ts';
import type { Said } from '../../task/said.ts';
import type { Answer, Asked } from '../../task/use-cases.ts';

/** Stores an answer for delivery to the person alone; nothing for silence. Repeating it repeats nothing in Slack. */
export async function answerAlone(
  outbox: Outbox,
  asked: Asked,
  answer: Answer,
  responseUrl: string | null = null,
): Promise<void> {
  if (answer.type === 'silent') return;
  await outbox.add([
    {
      lane: `answer:${asked.key}`,
      key: 'answer',
      effect: {
        type: 'ephemeral',
        channel: asked.channel,
        thread: asked.thread,
        user: asked.by,
        said: answer.said,
        responseUrl,
      },
    },
  ]);
}

export function say(said: Said): Answer {
  return { type: 'say', said };
}

/** `stop` and `retry` outside a thread say nothing of which task is meant. */
export function sayWhich(verb: 'stop' | 'retry', commandName: string): Answer {
  return say({
    type: 'sentence',
    sentence: `Which task should I ${verb}?`,
    next: `Write ${commandName} ${verb} and its id; ${commandName} list shows the ids.`,
    kept: null,
  });
}
