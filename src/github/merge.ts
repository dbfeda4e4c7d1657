import { RequestError } from 'octokit';
import type { RepositoryName, Sha } from '../task/ids.ts';
import { Problem } from '../task/problem.ts';
import type { Client } from './client.ts';
import { isAmbiguous, wordsOf } from './problems.ts';
import { toSha, toView } from './views.ts';

export interface MergeOrder {
  readonly repository: RepositoryName;
  readonly number: number;
  readonly head: Sha;
  readonly method: 'merge' | 'squash' | 'rebase';
  readonly title: string;
  readonly message: string;
}

/**
 * Merges exactly `head`. Where GitHub refuses, or its answer is lost, the pull request is asked first: what is merged already counts as
 * done, whoever did it. Nothing is sent twice.
 */
export async function mergePull(client: Client, order: MergeOrder): Promise<Sha> {
  const { repository, number, head, method } = order;
  const attempted = `Merging pull request #${number} of ${repository} at ${head.slice(0, 7)}`;
  return client.call(
    repository,
    attempted,
    async (rest, target) => {
      const named = { ...target, pull_number: number };
      try {
        const words = method === 'rebase' ? {} : { commit_title: order.title, commit_message: order.message };
        const { data } = await rest.pulls.merge({ ...named, sha: head, merge_method: method, ...words });
        return toSha(data.sha);
      } catch (error) {
        if (!isAmbiguous(error) && !(error instanceof RequestError && [405, 409, 422].includes(error.status)))
          throw error;
        const view = toView((await rest.pulls.get(named)).data);
        if (view.state === 'merged' && view.commit !== null) return view.commit;
        throw refusal(error, attempted, view.head === head);
      }
    },
    'write',
  );
}

function refusal(error: unknown, attempted: string, sameHead: boolean): unknown {
  if (!(error instanceof RequestError) || isAmbiguous(error)) return error;
  const words = wordsOf(error);
  if (!sameHead) {
    const failure = {
      code: 'head_moved',
      sentence: `${attempted} was refused: something was pushed to the branch since the approval.`,
      next: 'Approve the new head.',
    };
    return new Problem(failure, { cause: error });
  }
  const failure = {
    code: 'merge_refused',
    sentence: `${attempted} was refused by GitHub: ${words}.`,
    next: 'Look at what is missing on GitHub, then approve again.',
  };
  return new Problem(failure, { retry: error.status === 409 || /base branch was modified/i.test(words), cause: error });
}
