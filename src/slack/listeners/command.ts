import type { AllMiddlewareArgs, SlackCommandMiddlewareArgs } from '@slack/bolt';
import { parseCommand } from '../../task/command.ts';
import { toDraft } from '../../task/draft.ts';
import type { Answer, Asked, UseCases } from '../../task/use-cases.ts';
import { render } from '../blocks/render.ts';
import { decodeText } from '../decode.ts';
import { received } from '../intake.ts';
import { commandPayload } from '../payloads.ts';
import { answerAlone, say, sayWhich } from './answers.ts';
import type { ListenerDeps } from './deps.ts';
import { openForm } from './open-form.ts';
import { within } from './within.ts';

/** Slack shows an error to the person after three seconds; whoever types should not even notice a wait. */
const answerWithinMs = 700;

/** `/agent …`: an answer that is there at once goes into the ack, a later one to the response URL. */
export function createCommandListener(deps: ListenerDeps) {
  return async ({ body, ack, context }: SlackCommandMiddlewareArgs & AllMiddlewareArgs): Promise<void> => {
    const command = commandPayload.parse(body);
    const { naturalKey, receivedAt, replayed } = received.parse(context);
    const asked: Asked = {
      key: naturalKey,
      by: command.user_id,
      channel: command.channel_id,
      thread: null,
      at: receivedAt,
    };
    const text = decodeText(command.text);
    if (parseCommand(text).type === 'empty') {
      await ack();
      const trigger = replayed ? null : command.trigger_id;
      const start = { type: 'blank', channel: command.channel_id } as const;
      return openForm(deps, { asked, start, trigger, responseUrl: command.response_url });
    }
    const answering = answer(deps.useCases, asked, text, deps.wording.command);
    const early = replayed ? null : await within(answering, answerWithinMs);
    if (early === null || early.type === 'silent') await ack();
    if (early?.type === 'say') {
      const { text, blocks } = render(early.said, deps.wording);
      try {
        return await ack({ response_type: 'ephemeral', text, blocks });
      } catch {
        // The intake has logged it; the same answer takes the other way.
      }
    }
    await answerAlone(deps.outbox, asked, await answering, command.response_url);
  };
}

async function answer(useCases: UseCases, asked: Asked, text: string, name: string): Promise<Answer> {
  const command = parseCommand(text);
  switch (command.type) {
    case 'empty':
    case 'help':
      return say({ type: 'help' });
    case 'list':
      return useCases.list(asked);
    case 'usage':
      return useCases.usage(asked);
    case 'status':
      return useCases.status(asked, command.task === null ? null : { type: 'task', task: command.task });
    case 'stop':
    case 'retry':
      if (command.task === null) return sayWhich(command.type, name);
      return useCases[command.type](asked, { type: 'task', task: command.task });
    case 'invalid':
    case 'task':
      return useCases.submit({ ...asked, origin: 'command', message: null, draft: toDraft(text) });
    default:
      return command satisfies never;
  }
}
