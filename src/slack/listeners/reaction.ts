import type { AllMiddlewareArgs, SlackEventMiddlewareArgs } from '@slack/bolt';
import type { Reacted } from '../../task/ports/reactions.ts';
import type { Answer, Asked } from '../../task/use-cases.ts';
import { emojiName } from '../emoji.ts';
import { toMs } from '../ids.ts';
import { type Received, received } from '../intake.ts';
import { coveredUntil } from '../look-up.ts';
import { type Reaction, reactionEvent } from '../payloads.ts';
import { answerAlone } from './answers.ts';
import type { ListenerDeps } from './deps.ts';
import { toBeOnRecord } from './on-record.ts';

type Args = SlackEventMiddlewareArgs<'reaction_added'> | SlackEventMiddlewareArgs<'reaction_removed'>;

/** Start, approve, stop and retry by emoji; taking the approval off again takes it back. */
export function createReactionListener(deps: ListenerDeps) {
  return async ({ event, context }: Args & AllMiddlewareArgs): Promise<void> => {
    const reaction = reactionEvent.parse(event);
    const act = received.parse(context);
    const { channel, ts } = reaction.item;
    const at = reaction.found_at ?? toMs(reaction.event_ts);
    const asked: Asked = { key: act.naturalKey, by: reaction.user, channel, thread: null, at };
    if (isStart(deps, reaction)) {
      // While a request is read, a reply to it waits for its task.
      const answer = await deps.turns.inTurn(`${channel}:${ts}`, () => deps.useCases.start({ ...asked, message: ts }));
      await answerAlone(deps.outbox, { ...asked, thread: await deps.threadOf(channel, ts) }, answer);
      return;
    }
    const reacted = { channel, message: ts, by: reaction.user, name: emojiName(reaction.reaction) };
    if (reaction.type === 'reaction_removed') await deps.reactions.forget(reacted);
    else if (!(await isNew(deps, reaction, reacted, act))) return;
    if (isDecision(deps, reaction)) await toBeOnRecord(deps.outbox, { channel, ts }, toMs(reaction.event_ts));
    const answer = await dealWith(deps, asked, reaction);
    // People put these emoji on each other's messages too: on one that isn't Errand's, a refusal would come out of nowhere.
    if (answer.type === 'silent' || reaction.item_user !== deps.self.userId) return;
    await answerAlone(deps.outbox, { ...asked, thread: await deps.threadOf(channel, ts) }, answer);
  };
}

/**
 * Notes a reaction, once: after a gap it is found by looking, and may be told by Slack besides. What comes from the inbox was noted by an
 * attempt that failed.
 */
async function isNew(
  { reactions }: ListenerDeps,
  { found_at: foundAt, event_ts }: Reaction,
  reacted: Reacted,
  { replayed }: Received,
): Promise<boolean> {
  if (foundAt !== undefined) return (await reactions.note(reacted, coveredUntil(foundAt))) || replayed;
  if (!replayed && (await reactions.covers(reacted, toMs(event_ts)))) return false;
  await reactions.note(reacted, toMs(event_ts));
  return true;
}

function isStart({ self }: ListenerDeps, { type, reaction }: Reaction): boolean {
  return type === 'reaction_added' && emojiName(reaction) === self.emoji.start;
}

/** Whether somebody decides on a message of Errand's own. */
function isDecision({ self }: ListenerDeps, { type, reaction, item_user: author }: Reaction): boolean {
  const { approve, stop, retry } = self.emoji;
  return type === 'reaction_added' && author === self.userId && [approve, stop, retry].includes(emojiName(reaction));
}

async function dealWith({ useCases, self }: ListenerDeps, asked: Asked, reaction: Reaction): Promise<Answer> {
  const { channel, ts } = reaction.item;
  const name = emojiName(reaction.reaction);
  const added = reaction.type === 'reaction_added';
  if (name === self.emoji.approve) {
    return added
      ? useCases.approve({ ...asked, message: ts, via: 'reaction' })
      : useCases.unapprove({ ...asked, message: ts });
  }
  const target = { type: 'message', channel, ts } as const;
  if (added && name === self.emoji.stop) return useCases.stop(asked, target);
  return added && name === self.emoji.retry ? useCases.retry(asked, target) : { type: 'silent' };
}
