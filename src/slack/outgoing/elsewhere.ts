import type { ChannelId, UserId } from '../../task/ids.ts';
import type { Effect, OutboxRow, Said } from '../../task/said.ts';
import type { UpdateKind } from './pace.ts';

/**
 * What whoever asked is told alone where the place that it was for takes no more messages: what their task came to, and what it wants of
 * them. Null for what is of use in its thread only.
 */
export function toDirect(row: {
  readonly lane: string;
  readonly key: string;
  readonly effect: Extract<Effect, { type: 'message' }>;
}): OutboxRow | null {
  const { channel, said } = row.effect;
  const shown = shownAlone(said);
  if (shown === null || !('task' in said)) return null;
  return directRow(row, { channel, user: said.task.requester, said: shown });
}

/** The same words, as a direct message. Its row has a key of its own: adding it twice adds it once. */
export function directRow(
  { lane, key }: { readonly lane: string; readonly key: string },
  { channel, user, said }: { readonly channel: ChannelId; readonly user: UserId; readonly said: Said },
): OutboxRow {
  return { lane, key: `${key}:direct`, effect: { type: 'direct', channel, user, said } };
}

function shownAlone(said: Said): Said | null {
  switch (said.type) {
    case 'result':
      return { ...said, gate: { type: 'elsewhere' } };
    case 'ending':
    case 'merged':
    case 'question':
    case 'hold':
      return said;
    case 'root':
      return {
        type: 'sentence',
        sentence: `Task ${said.task.id} is accepted, but Slack takes no messages of mine where you asked for it.`,
        next: 'What it comes to is told here.',
        kept: null,
      };
    default:
      return null;
  }
}

/** Whether a message that somebody deleted, or that Slack lets nobody change any more, is said anew rather than left as it is. */
export function isSaidAnew(said: Said, standing: 'gone' | 'closed'): boolean {
  if (standing === 'gone') return said.type !== 'plan' && !isProgress(said);
  if (said.type === 'result') return !['merging', 'merged', 'replaced'].includes(said.gate.type);
  if (said.type === 'hold') return said.state.type === 'open';
  return said.type === 'blocked';
}

/** Whether it shows no more than how something goes, and no change of it. */
export function isProgress(said: Said): boolean {
  return updateKindOf(said) !== 'state';
}

/** A running root changes only in what the agent is at, and a waiting one in how many go before it. */
export function updateKindOf(said: Said): UpdateKind {
  if (said.type === 'plan') return said.state === 'running' ? 'progress' : 'state';
  if (said.type !== 'root') return 'state';
  const { status } = said;
  if (status.word === 'Queued') return (status.turn ?? null) === null ? 'state' : 'waiting';
  return status.word === 'Running' && status.activity !== null ? 'progress' : 'state';
}
