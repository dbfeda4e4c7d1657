import type { About, Draft, Field } from './draft.ts';
import type { OfferedFile } from './files.ts';
import type { BranchName, ChannelId, MessageTs, TaskId, UserId } from './ids.ts';
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

/** What a form is to begin with: nothing, a text, a message that somebody picked, or what was refused before. */
export type FormStart =
  | { readonly type: 'blank'; readonly channel: ChannelId | null }
  | { readonly type: 'typed'; readonly text: string; readonly channel: ChannelId | null }
  | { readonly type: 'message'; readonly about: About; readonly text: string }
  | { readonly type: 'kept'; readonly draft: string }
  /** An open form whose repository was changed: only what depends on that is chosen anew. */
  | { readonly type: 'changed'; readonly draft: Draft };

/** What a form offers, and what it holds when it opens. */
export interface Form {
  readonly draft: Draft;
  /** Repositories and groups of them that may be chosen; empty where nothing is known. */
  readonly repositories: readonly string[];
  /** The base branch of a repository that has another than its default, where only one can be chosen. */
  readonly usualBase: BranchName | null;
  /** Agents that could run now, the one that is taken where nobody chooses first. */
  readonly agents: readonly string[];
  /** The task in whose thread the picked message stands: the form then adds to it. */
  readonly task: TaskId | null;
}

/** Accepted, or the field that a refusal is about; the answer says the same beside the form, with all that was typed. */
export type Submitted =
  | { readonly type: 'accepted' }
  | { readonly type: 'refused'; readonly field: Field; readonly text: string; readonly answer: Answer };

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
      readonly origin: 'command' | 'mention' | 'message';
      readonly message: MessageTs | null;
      readonly draft: Draft;
      /** What was attached to the message. */
      readonly files?: readonly OfferedFile[] | undefined;
    },
  ): Promise<Answer>;
  /** Starts a task from a message that somebody marked; the same message starts one task, whoever marks it and however often. */
  start(asked: Asked & { readonly message: MessageTs }): Promise<Answer>;
  /** What the form is to show. An answer instead where this person may not ask, or may not see that draft. */
  form(asked: Asked, start: FormStart): Promise<{ readonly type: 'form'; readonly form: Form } | Answer>;
  /** A form that was sent; `form` is its own id: sent twice it makes one task. */
  submitForm(asked: Asked & { readonly form: string; readonly draft: Draft }): Promise<Submitted>;
  /** Sends a refused draft again, with the repository that it lacked. */
  resend(asked: Asked, draft: string, repository: string): Promise<Answer>;
  /** Keeps what somebody typed where nothing could be asked of it yet, and offers it again beside a sentence. */
  giveBack(asked: Asked, start: FormStart, failure: { sentence: string; next: string }): Promise<Answer>;
  /** Repositories and groups whose name holds these letters, at most a hundred. */
  findRepositories(typed: string): readonly string[];
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
      readonly files?: readonly OfferedFile[] | undefined;
    },
  ): Promise<Answer | { readonly type: 'no_task' }>;
  stop(asked: Asked, target: Target): Promise<Answer>;
  retry(asked: Asked, target: Target): Promise<Answer>;
  /** One task, or, without a target, those that still need somebody. */
  status(asked: Asked, target: Target | null): Promise<Answer>;
  list(asked: Asked): Promise<Answer>;
  /** What was spent today, beside the limits, and in the last seven days. */
  usage(asked: Asked): Promise<Answer>;
  /** The approval emoji or button on `message`; silent when that is no gate. */
  approve(asked: Asked & { readonly message: MessageTs; readonly via: 'reaction' | 'button' }): Promise<Answer>;
  /** The button on `message` that has GitHub's workflows run on what it is the gate of; silent when that is no gate. */
  runCi(asked: Asked & { readonly message: MessageTs }): Promise<Answer>;
  /** The button that opens a host, which a run of this task was refused, for this task alone. */
  allowHost(asked: Asked & { readonly task: TaskId; readonly host: string }): Promise<Answer>;
  /** The approval emoji taken off `message` again. */
  unapprove(asked: Asked & { readonly message: MessageTs }): Promise<Answer>;
  /** The button that has work pushed although it holds what looks like a secret; silent when `message` shows no such work. */
  pushAnyway(asked: Asked & { readonly message: MessageTs }): Promise<Answer>;
  /** A button under a question; an answer in words comes as a `reply`. */
  answer(
    asked: Asked & { readonly message: MessageTs; readonly question: string; readonly text: string },
  ): Promise<Answer>;
}
