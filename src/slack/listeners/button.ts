import type { AllMiddlewareArgs, BlockAction, SlackActionMiddlewareArgs } from '@slack/bolt';
import { z } from 'zod';
import { parseTaskId } from '../../task/ids.ts';
import type { Answer, Asked, Target } from '../../task/use-cases.ts';
import { actionIds } from '../blocks/parts.ts';
import { toMs } from '../ids.ts';
import { received } from '../intake.ts';
import { buttonPress, type Press } from '../payloads.ts';
import { answerAlone } from './answers.ts';
import type { ListenerDeps } from './deps.ts';

const chosen = z.object({ question: z.string(), answer: z.string() });

/** Stop, retry, approve, and the answers under a question. The ack is empty: what comes of it shows in the thread. */
export function createButtonListener(deps: ListenerDeps) {
  return async ({ body, ack, context }: SlackActionMiddlewareArgs<BlockAction> & AllMiddlewareArgs): Promise<void> => {
    await ack();
    const press = buttonPress.parse(body);
    const { naturalKey } = received.parse(context);
    const asked: Asked = {
      key: naturalKey,
      by: press.user.id,
      channel: press.channel.id,
      thread: press.message.thread_ts ?? null,
      at: toMs(press.actions.action_ts),
    };
    await answerAlone(deps.outbox, asked, await act(deps, asked, press), press.response_url);
  };
}

async function act({ useCases }: ListenerDeps, asked: Asked, press: Press): Promise<Answer> {
  const { action_id, value } = press.actions;
  const message = press.message.ts;
  const task = parseTaskId(value);
  const target: Target =
    task === undefined ? { type: 'message', channel: asked.channel, ts: message } : { type: 'task', task };
  if (action_id === actionIds.stop) return useCases.stop(asked, target);
  if (action_id === actionIds.retry) return useCases.retry(asked, target);
  if (action_id === actionIds.approve) return useCases.approve({ ...asked, message, via: 'button' });
  const { question, answer } = chosen.parse(JSON.parse(value));
  return useCases.answer({ ...asked, message, question, text: answer });
}
