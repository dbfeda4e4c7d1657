import { WebAPIPlatformError, type WebClient } from '@slack/web-api';
import { z } from 'zod';
import type { Approvals } from '../task/ports/reactions.ts';
import { Problem } from '../task/problem.ts';
import { emojiName } from './emoji.ts';

/** Reactions as Slack shows them on a message; where there are many, `users` are not all of them. */
export const reactionsOf = z
  .object({
    reactions: z
      .array(z.object({ name: z.string(), users: z.array(z.string()).default([]), count: z.int().default(0) }))
      .default([]),
  })
  .transform(({ reactions }) => reactions.map((each) => ({ ...each, name: emojiName(each.name) })));

/** Asks Slack which approvals stand; `emoji` is the approving one, however it is written. */
export function createApprovals(reader: WebClient, emoji: string): Approvals {
  const wanted = emojiName(emoji);
  return {
    async stands(channel, message, by) {
      const answer = await reader.reactions.get({ channel, timestamp: message, full: true }).catch((cause: unknown) => {
        if (cause instanceof WebAPIPlatformError && cause.data.error === 'message_not_found') return null;
        throw unreachable(cause);
      });
      if (answer === null) return false;
      return reactionsOf.parse(answer.message ?? {}).some(({ name, users }) => name === wanted && users.includes(by));
    },
  };
}

function unreachable(cause: unknown): Problem {
  const found = cause instanceof WebAPIPlatformError ? `Slack answered ${cause.data.error}` : "Slack can't be reached";
  return new Problem(
    {
      code: 'approval_unseen',
      sentence: `Errand could not look up whether an approval stands: ${found}.`,
      next: 'Try again in a minute.',
    },
    { retry: true, cause },
  );
}
