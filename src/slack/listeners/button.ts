import type { AllMiddlewareArgs, BlockAction, SlackActionMiddlewareArgs } from '@slack/bolt';
import { z } from 'zod';
import { parseTaskId } from '../../task/ids.ts';
import type { Answer, Asked, FormStart, Target } from '../../task/use-cases.ts';
import { draftOfBlock } from '../blocks/again.ts';
import { actionIds } from '../blocks/parts.ts';
import { toMs } from '../ids.ts';
import { received } from '../intake.ts';
import { buttonPress, type Press } from '../payloads.ts';
import { takeBack } from '../response-url.ts';
import { answerAlone } from './answers.ts';
import type { ListenerDeps } from './deps.ts';
import { openForm } from './open-form.ts';
import { readTypedValue } from './typed.ts';

const chosen = z.object({ question: z.string(), answer: z.string() });

/** Stop, retry, approve, the answers under a question, and the ways out of a refusal. The ack is empty: what comes of it shows in the thread. */
export function createButtonListener(deps: ListenerDeps) {
  return async ({ body, ack, context }: SlackActionMiddlewareArgs<BlockAction> & AllMiddlewareArgs): Promise<void> => {
    await ack();
    const press = buttonPress.parse(body);
    const { naturalKey, replayed } = received.parse(context);
    const asked: Asked = {
      key: naturalKey,
      by: press.user.id,
      channel: press.channel.id,
      thread: press.message.thread_ts ?? null,
      at: toMs(press.actions.action_ts),
    };
    const { action_id, value } = press.actions;
    if (action_id === actionIds.form) {
      await openForm(deps, {
        asked,
        start: startOf(value, asked),
        trigger: replayed ? null : press.trigger_id,
        responseUrl: press.response_url,
        from: value === '' ? null : press.response_url,
      });
      return;
    }
    await answerAlone(deps.outbox, asked, await act(deps, asked, press), press.response_url);
    if (action_id === actionIds.repositoryChosen && press.response_url !== null) {
      await takeBack(press.response_url, deps.fetch).catch((error: unknown) =>
        deps.log.info({ act: asked.key, err: error }, 'A refusal stays although it was dealt with'),
      );
    }
  };
}

function startOf(value: string, { channel }: Asked): FormStart {
  if (value === '') return { type: 'blank', channel };
  const text = readTypedValue(value);
  return text === null ? { type: 'kept', draft: value } : { type: 'typed', text, channel };
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
  if (action_id === actionIds.runCi) return useCases.runCi({ ...asked, message });
  if (action_id === actionIds.pushAnyway) return useCases.pushAnyway({ ...asked, message });
  if (action_id === actionIds.repositoryChosen) {
    const { block_id, selected_option } = press.actions;
    return useCases.resend(asked, draftOfBlock(block_id), selected_option?.value ?? '');
  }
  if (actionIds.allowHost.test(action_id)) {
    const [, id = '', host = ''] = /^(\S+) (\S+)$/.exec(value) ?? [];
    const of = parseTaskId(id);
    return of === undefined ? { type: 'silent' } : useCases.allowHost({ ...asked, task: of, host });
  }
  const { question, answer } = chosen.parse(JSON.parse(value));
  return useCases.answer({ ...asked, message, question, text: answer });
}
