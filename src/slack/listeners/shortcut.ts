import type {
  AllMiddlewareArgs,
  MessageShortcut as BoltMessageShortcut,
  GlobalShortcut,
  SlackShortcutMiddlewareArgs,
} from '@slack/bolt';
import type { Asked } from '../../task/use-cases.ts';
import { decodeText, splitMention } from '../decode.ts';
import { directTo, toMs } from '../ids.ts';
import { received } from '../intake.ts';
import { globalShortcut, type MessageShortcut, messageShortcut } from '../payloads.ts';
import { answerAlone } from './answers.ts';
import type { ListenerDeps } from './deps.ts';
import { openForm } from './open-form.ts';

/** The callback ids of the manifest's shortcuts. */
export const shortcutIds = { newTask: 'task_new', fromMessage: 'task_from_message', stop: 'task_stop' } as const;

type Global = SlackShortcutMiddlewareArgs<GlobalShortcut> & AllMiddlewareArgs;
type OnMessage = SlackShortcutMiddlewareArgs<BoltMessageShortcut> & AllMiddlewareArgs;

/** “New agent task”, from anywhere: a blank form. */
export function createNewTaskListener(deps: ListenerDeps) {
  return async ({ body, ack, context }: Global): Promise<void> => {
    await ack();
    const { user, trigger_id } = globalShortcut.parse(body);
    const { naturalKey, receivedAt, replayed } = received.parse(context);
    const asked: Asked = { key: naturalKey, by: user.id, channel: directTo(user.id), thread: null, at: receivedAt };
    const trigger = replayed ? null : trigger_id;
    await openForm(deps, { asked, start: { type: 'blank', channel: null }, trigger, responseUrl: null });
  };
}

/** “Send to agent”, on a message: a form that holds its words. */
export function createFromMessageListener(deps: ListenerDeps) {
  return async ({ body, ack, context }: OnMessage): Promise<void> => {
    await ack();
    const shortcut = messageShortcut.parse(body);
    const { naturalKey, replayed } = received.parse(context);
    const { channel, message, response_url: responseUrl } = shortcut;
    const thread = message.thread_ts ?? message.ts;
    await openForm(deps, {
      asked: { ...actOf(shortcut), key: naturalKey },
      start: {
        type: 'message',
        about: { channel: channel.id, message: message.ts, thread },
        text: wordsOf(shortcut, deps.self.userId),
      },
      trigger: replayed ? null : shortcut.trigger_id,
      responseUrl,
    });
  };
}

/** “Stop agent task”, on any message of a task's thread. */
export function createStopListener(deps: ListenerDeps) {
  return async ({ body, ack, context }: OnMessage): Promise<void> => {
    await ack();
    const shortcut = messageShortcut.parse(body);
    const { naturalKey } = received.parse(context);
    const asked = { ...actOf(shortcut), key: naturalKey };
    const { channel, message } = shortcut;
    const target = { type: 'message', channel: channel.id, ts: message.thread_ts ?? message.ts } as const;
    await answerAlone(deps.outbox, asked, await deps.useCases.stop(asked, target), shortcut.response_url);
  };
}

function actOf({ user, channel, message, action_ts }: MessageShortcut): Omit<Asked, 'key'> {
  return { by: user.id, channel: channel.id, thread: message.thread_ts ?? null, at: toMs(action_ts) };
}

/** What the message says; most apps put it into attachments. */
function wordsOf({ message }: MessageShortcut, self: string): string {
  const { text, attachments } = message;
  const words = text.trim() === '' ? attachments.map((each) => each.text ?? each.fallback ?? '').join('\n\n') : text;
  return decodeText(splitMention(words, self).rest).trim();
}
