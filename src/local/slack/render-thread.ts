import { toEmojiCharacter } from './emoji.ts';
import { readBlocks } from './render-blocks.ts';
import { prefixed, readMrkdwn } from './render-text.ts';
import type { WorkspaceStore } from './store.ts';
import type { Ephemeral, LooseObject, Message, StoredFile, Workspace } from './workspace.ts';

/** A thread and what only some see of it. */
export interface ThreadContent {
  readonly messages: readonly Message[];
  readonly ephemerals: readonly Ephemeral[];
  readonly names: Pick<Workspace, 'users' | 'channels' | 'userGroups'>;
  readonly files?: readonly StoredFile[];
}

/** A thread as plain text, the way a person reads it: who, what the blocks say, what was reacted. Pure. */
export function threadToText(content: ThreadContent): string {
  const { names } = content;
  const name = (id: string) => names.users.find((user) => user.id === id)?.real_name ?? id;
  const said = (text: string, blocks: readonly LooseObject[] | undefined) =>
    blocks === undefined || blocks.length === 0 ? readMrkdwn(text, names) : readBlocks(blocks, names);
  const messages = content.messages.map((message) => {
    const edited = message.edited === undefined ? '' : ' (edited)';
    const reactions = message.reactions.map(
      (each) => `${toEmojiCharacter(each.name)} ${each.users.map(name).join(', ')}`,
    );
    const words = said(message.text, message.blocks);
    const attached = (message.files ?? []).map((id) => {
      const file = content.files?.find((each) => each.id === id);
      return file === undefined ? '  [a deleted file]' : `  [${file.name}, ${file.size} bytes]`;
    });
    const lines = [`${name(message.user)}${edited}:`, ...(words === '' ? [] : [prefixed(words, '  ')]), ...attached];
    return { ts: message.ts, lines: [...lines, ...(reactions.length > 0 ? [`  {${reactions.join(' · ')}}`] : [])] };
  });
  const ephemerals = content.ephemerals.map((each) => ({
    ts: each.ts,
    lines: [
      `${each.from === 'app' ? 'Errand' : 'Slackbot'}, only to ${name(each.user)}:`,
      prefixed(said(each.text, each.blocks), '  '),
    ],
  }));
  return `${[...messages, ...ephemerals]
    .toSorted((one, other) => Number(one.ts) - Number(other.ts))
    .map((each) => each.lines.join('\n'))
    .join('\n\n')}\n`;
}

/** One stored thread as text; `as` leaves out what that person doesn't see. */
export function renderThread(store: WorkspaceStore, thread: { channel: string; ts: string; as?: string }): string {
  const root = store.message(thread.channel, thread.ts);
  return threadToText({
    messages: [...(root ? [root] : []), ...store.replies(thread.channel, thread.ts)],
    ephemerals: store.ephemerals.filter(
      (each) =>
        each.channel === thread.channel &&
        each.thread_ts === thread.ts &&
        (thread.as === undefined || each.user === thread.as),
    ),
    names: store.workspace,
    files: store.workspace.files,
  });
}
