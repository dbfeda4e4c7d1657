import type { AllMiddlewareArgs, SlackEventMiddlewareArgs } from '@slack/bolt';
import { type Command, parseCommand } from '../../task/command.ts';
import { toDraft } from '../../task/draft.ts';
import { fileAlone } from '../../task/files.ts';
import type { MessageTs } from '../../task/ids.ts';
import { speaksToErrand } from '../../task/text.ts';
import type { Answer, Asked, Target } from '../../task/use-cases.ts';
import { decodeText, splitMention } from '../decode.ts';
import { toMs } from '../ids.ts';
import { received } from '../intake.ts';
import { type Message, messageEvent } from '../payloads.ts';
import { answerAlone, say, sayWhich } from './answers.ts';
import type { ListenerDeps } from './deps.ts';

type Args = SlackEventMiddlewareArgs<'message'> | SlackEventMiddlewareArgs<'app_mention'>;

/** A mention, a direct message, or a reply in a thread. Slack sends a mention twice, as two types of event: both come here. */
export function createMessageListener(deps: ListenerDeps) {
  return async ({ event, context }: Args & AllMiddlewareArgs): Promise<void> => {
    const message = messageEvent.parse(event);
    const { naturalKey } = received.parse(context);
    const thread = message.thread_ts === message.ts ? null : (message.thread_ts ?? null);
    const asked: Asked = {
      key: naturalKey,
      by: message.user,
      channel: message.channel,
      thread,
      at: toMs(message.ts),
    };
    // While a request is read, with all that is attached to it, its thread is no task's yet: a reply waits for it to be one.
    await deps.turns.inTurn(`${message.channel}:${thread ?? message.ts}`, async () => {
      const answer = thread === null ? await start(deps, asked, message) : await converse(deps, asked, message, thread);
      await answerAlone(deps.outbox, asked, answer);
    });
  };
}

/** A mention or direct message that stands alone: a verb, or a new task. */
async function start(deps: ListenerDeps, asked: Asked, message: Message): Promise<Answer> {
  const command = parseCommand(spokenTo(deps, message));
  if ((command.type === 'stop' || command.type === 'retry') && command.task === null) {
    return sayWhich(command.type, deps.wording.command);
  }
  return act(deps, asked, message, command, null);
}

/** A message in a thread: of a task, it steers; otherwise only a mention counts. */
async function converse(deps: ListenerDeps, asked: Asked, message: Message, thread: MessageTs): Promise<Answer> {
  const { mentioned } = splitMention(message.text, deps.self.userId);
  const command = parseCommand(spokenTo(deps, message));
  const here: Target = { type: 'message', channel: message.channel, ts: thread };
  const justFiles = command.type === 'empty' && message.files.length > 0;
  const isVerb = command.type !== 'task' && command.type !== 'invalid' && !justFiles;
  // Whoever writes in a direct message writes to Errand.
  const addressed = mentioned || message.channel_type === 'im';
  if (addressed && isVerb) return act(deps, asked, message, command, here);
  const replied = await deps.useCases.reply({
    ...asked,
    thread,
    message: message.ts,
    text: spokenTo(deps, message),
    files: message.files,
    chatter: !speaksToErrand(message.text, deps.self.userId),
  });
  if (replied.type !== 'no_task') return replied;
  return addressed ? act(deps, asked, message, command, null) : { type: 'silent' };
}

/** What was said to Errand. */
function spokenTo({ self }: ListenerDeps, { text }: Message): string {
  return decodeText(splitMention(text, self.userId).rest).trim();
}

async function act(
  deps: ListenerDeps,
  asked: Asked,
  message: Message,
  command: Command,
  here: Target | null,
): Promise<Answer> {
  const { useCases } = deps;
  switch (command.type) {
    case 'empty':
    case 'help':
      return say(message.files.length > 0 ? { type: 'sentence', ...fileAlone, kept: null } : { type: 'help' });
    case 'list':
      return useCases.list(asked);
    case 'usage':
      return useCases.usage(asked);
    case 'status':
      return useCases.status(asked, command.task === null ? here : { type: 'task', task: command.task });
    case 'stop':
    case 'retry': {
      const target = command.task === null ? here : ({ type: 'task', task: command.task } as const);
      return target === null ? { type: 'silent' } : useCases[command.type](asked, target);
    }
    case 'invalid':
    case 'task': {
      const origin = message.channel_type === 'im' ? 'message' : 'mention';
      const { channel, ts, files } = message;
      const about = { channel, message: ts, thread: asked.thread ?? ts };
      const draft = toDraft(spokenTo(deps, message), { channel, about });
      return deps.whileReading(channel, about.thread, () =>
        useCases.submit({ ...asked, origin, message: ts, draft, files }),
      );
    }
    default:
      return command satisfies never;
  }
}
