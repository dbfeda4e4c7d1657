import type { AllMiddlewareArgs, SlackEventMiddlewareArgs } from '@slack/bolt';
import type { Asked } from '../../task/use-cases.ts';
import { toMs } from '../ids.ts';
import { received } from '../intake.ts';
import { sessionStopped } from '../payloads.ts';
import { answerAlone } from './answers.ts';
import type { ListenerDeps } from './deps.ts';

type Args = SlackEventMiddlewareArgs<'agent_session_stopped'>;

/** Slack's own Stop: like any stop, of the task whose thread it was pressed in. Slack leaves the session's state to the app. */
export function createNativeStopListener({ useCases, outbox }: ListenerDeps) {
  return async ({ event, context }: Args & AllMiddlewareArgs): Promise<void> => {
    const { channel, user, thread_ts: thread, event_ts } = sessionStopped.parse(event);
    const { naturalKey } = received.parse(context);
    const asked: Asked = { key: naturalKey, by: user, channel, thread, at: toMs(event_ts) };
    await answerAlone(outbox, asked, await useCases.stop(asked, { type: 'message', channel, ts: thread }));
  };
}
