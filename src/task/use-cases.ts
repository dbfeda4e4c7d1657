import type { TaskCommand } from './command.ts';
import type { ChannelId, MessageTs, TaskId, UserId } from './ids.ts';
import type { Said } from './said.ts';

/** One person's act in Slack. `key` is its natural key: one act has one effect however often Slack repeats it. */
export interface Asked {
  readonly key: string;
  readonly by: UserId;
  readonly channel: ChannelId;
  /** The thread it was said in; null outside threads, and always for a slash command. */
  readonly thread: MessageTs | null;
  /** When the person acted, epoch milliseconds: an old stop must not end a newer run. */
  readonly at: number;
}

/** The task that is meant: by its id, or by a message of its thread (the root, or one that Errand delivered). */
export type Target =
  | { readonly type: 'task'; readonly task: TaskId }
  | { readonly type: 'message'; readonly channel: ChannelId; readonly ts: MessageTs };

/** What the person alone is told, as an ephemeral message. What a whole thread is told goes through the outbox. */
export type Answer = { readonly type: 'silent' } | { readonly type: 'say'; readonly said: Said };

/**
 * What people can do. Each call may come again with the same key, after a crash, and then changes nothing twice.
 * A rejected promise leaves the act unsettled, and it is tried again.
 */
export interface UseCases {
  /**
   * Starts a task. `message` is the person's own message, which becomes the thread's root (mentions and direct messages); null for
   * a slash command, whose root Errand posts. `asked.thread` is set when the mention stood in a thread: what was said there is context.
   */
  submit(
    asked: Asked & {
      readonly origin: 'command' | 'mention' | 'message' | 'form';
      readonly message: MessageTs | null;
      readonly command: TaskCommand;
    },
  ): Promise<Answer>;
  /**
   * A message in a thread. `chatter` is true for thanks, emoji, and words to somebody else: after a run it starts nothing.
   * `no_task` when the thread is no task's.
   */
  reply(
    asked: Asked & {
      readonly thread: MessageTs;
      readonly message: MessageTs;
      readonly text: string;
      readonly chatter: boolean;
    },
  ): Promise<Answer | { readonly type: 'no_task' }>;
  stop(asked: Asked, target: Target): Promise<Answer>;
  retry(asked: Asked, target: Target): Promise<Answer>;
  /** One task, or, without a target, those that still need somebody. */
  status(asked: Asked, target: Target | null): Promise<Answer>;
  list(asked: Asked): Promise<Answer>;
  /** The approval emoji or button on `message`; silent when that is no gate. */
  approve(asked: Asked & { readonly message: MessageTs; readonly via: 'reaction' | 'button' }): Promise<Answer>;
  /** The approval emoji taken off `message` again. */
  unapprove(asked: Asked & { readonly message: MessageTs }): Promise<Answer>;
  /** A button under a question; an answer in words comes as a `reply`. */
  answer(
    asked: Asked & { readonly message: MessageTs; readonly question: string; readonly text: string },
  ): Promise<Answer>;
}
