import { z } from 'zod';
import type { RepositoryName } from '../task/ids.ts';
import type { Clock } from '../task/ports/clock.ts';
import { Problem } from '../task/problem.ts';
import type { Client } from './client.ts';
import { limitedProblem, usedUpUntil } from './limits.ts';

export const readyMutation = `mutation ($id: ID!) {
  markPullRequestReadyForReview(input: { pullRequestId: $id }) { pullRequest { isDraft } }
}`;

/**
 * Marks a draft as ready for review; nothing is asked where it is that already. This is the one call over GraphQL: REST can open a draft
 * and can't end one.
 */
export async function markReady(
  client: Client,
  clock: Clock,
  repository: RepositoryName,
  number: number,
): Promise<void> {
  const attempted = `Marking pull request #${number} of ${repository} as ready for review`;
  await client.call(
    repository,
    attempted,
    async (rest, target, octokit) => {
      const { data } = await rest.pulls.get({ ...target, pull_number: number });
      if (data.draft !== true) return;
      await octokit.graphql(readyMutation, { id: data.node_id }).catch((error: unknown) => {
        throw refusal(attempted, error, clock.now());
      });
    },
    'write',
  );
}

/** GraphQL refuses with a 200 and a list of errors; its limit is one of them, and counted beside that of REST. */
function refusal(attempted: string, error: unknown, now: number): unknown {
  const { success, data } = refused.safeParse(error);
  if (!success) return error;
  if (data.errors.some(({ type }) => type === 'RATE_LIMITED')) {
    const until = usedUpUntil(data.headers, now) ?? now + limitMs;
    return limitedProblem(attempted, 'primary', until, error);
  }
  const words = data.errors.map(({ message }) => message.replace(/\.$/, '')).join('; ');
  return new Problem(
    {
      code: 'draft_kept',
      sentence: `${attempted} was refused by GitHub: ${words.slice(0, 300)}.`,
      next: 'Mark it as ready for review on GitHub, then approve again.',
    },
    { cause: error },
  );
}

const limitMs = 60_000;

const refused = z.object({
  errors: z.array(z.object({ message: z.string(), type: z.string().optional() })).min(1),
  headers: z.record(z.string(), z.union([z.string(), z.number()]).optional()).default({}),
});
