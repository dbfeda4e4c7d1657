import type { AllMiddlewareArgs, SlackEventMiddlewareArgs } from '@slack/bolt';
import type { Answer, Asked } from '../../task/use-cases.ts';
import { emojiName } from '../emoji.ts';
import { toMs } from '../ids.ts';
import { received } from '../intake.ts';
import { type Reaction, reactionEvent } from '../payloads.ts';
import { answerAlone } from './answers.ts';
import type { ListenerDeps } from './deps.ts';

type Args = SlackEventMiddlewareArgs<'reaction_added'> | SlackEventMiddlewareArgs<'reaction_removed'>;

/** Start, approve, stop and retry by emoji; taking the approval off again takes it back. */
export function createReactionListener(deps: ListenerDeps) {
  return async ({ event, context }: Args & AllMiddlewareArgs): Promise<void> => {
    const reaction = reactionEvent.parse(event);
    const { naturalKey } = received.parse(context);
    const { channel, ts } = reaction.item;
    const asked: Asked = { key: naturalKey, by: reaction.user, channel, thread: null, at: toMs(reaction.event_ts) };
    const answer = await act(deps, asked, reaction);
    if (isStart(deps, reaction)) {
      await answerAlone(deps.outbox, { ...asked, thread: await deps.threadOf(channel, ts) }, answer);
      return;
    }
    // People put these emoji on each other's messages too: on one that isn't Errand's, a refusal would come out of nowhere.
    if (answer.type === 'silent' || reaction.item_user !== deps.self.userId) return;
    await answerAlone(deps.outbox, { ...asked, thread: await deps.threadOf(channel, ts) }, answer);
  };
}

function isStart({ self }: ListenerDeps, { type, reaction }: Reaction): boolean {
  return type === 'reaction_added' && emojiName(reaction) === self.emoji.start;
}

async function act(deps: ListenerDeps, asked: Asked, reaction: Reaction): Promise<Answer> {
  const { useCases, self } = deps;
  if (isStart(deps, reaction)) return useCases.start({ ...asked, message: reaction.item.ts });
  const { channel, ts } = reaction.item;
  const name = emojiName(reaction.reaction);
  if (name === self.emoji.approve) {
    return reaction.type === 'reaction_added'
      ? useCases.approve({ ...asked, message: ts, via: 'reaction' })
      : useCases.unapprove({ ...asked, message: ts });
  }
  const target = { type: 'message', channel, ts } as const;
  if (name === self.emoji.stop) return useCases.stop(asked, target);
  return name === self.emoji.retry ? useCases.retry(asked, target) : { type: 'silent' };
}
