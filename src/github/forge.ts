import { type Octokit, RequestError } from 'octokit';
import { parseBranchName, type RepositoryName, type Sha } from '../task/ids.ts';
import type { Forge } from '../task/ports/forge.ts';
import { Problem } from '../task/problem.ts';
import type { PullRequest } from '../task/task.ts';
import { findRefusal } from './branch-rules.ts';
import { type Client, createClient, type GithubOptions, type Target } from './client.ts';
import { gatherFacts } from './facts.ts';
import { judge } from './gates.ts';
import { markReady } from './mark-ready.ts';
import { mergePull } from './merge.ts';
import { spliced } from './own-part.ts';
import { isAmbiguous, wordsOf } from './problems.ts';
import { createRecent } from './recent.ts';
import { toPull, toSha, toView } from './views.ts';

export interface ForgeOptions extends GithubOptions {
  /** How long workflows get to report after a head was first seen. */
  readonly checksSettleMs?: number;
  /** One for all that ask with these credentials. */
  readonly client?: Client;
}

const maxTitleChars = 256;
const maxBodyChars = 65_000;

/** GitHub over REST, each call made once and decided on here. Every error of the outside world is a `Problem`. */
export function createForge(options: ForgeOptions): Forge {
  const { client = createClient(options), clock, checksSettleMs = 60_000 } = options;
  const seen = createRecent<number>(1_000);

  const headSeenForMs = (head: string) => {
    const since = seen.get(head) ?? clock.now();
    seen.set(head, since);
    return clock.now() - since;
  };

  return {
    async defaultBranch(repository) {
      return client.call(repository, `Looking up ${repository}`, async (rest, target) => {
        const { data } = await rest.repos.get({ ...target });
        const branch = parseBranchName(data.default_branch);
        if (branch === undefined) throw unusableBranch(repository, data.default_branch);
        const exists = await rest.repos.getBranch({ ...target, branch }).catch(absent);
        if (exists === undefined) throw empty(repository);
        return branch;
      });
    },

    identify(repository) {
      return client.call(repository, `Looking up ${repository}`, async (rest, target) => {
        return (await rest.repos.get({ ...target })).data.id;
      });
    },

    async openPull({ repository, base, branch, head, title, body, draft }) {
      const text = { title: title.slice(0, maxTitleChars), body: body.slice(0, maxBodyChars) };
      return client.call(
        repository,
        `Opening a pull request for \`${branch}\` in ${repository}`,
        async (rest, target) => {
          const find = async (): Promise<PullRequest | undefined> => {
            const { data } = await rest.pulls.list({
              ...target,
              head: `${target.owner}:${branch}`,
              state: 'all',
              per_page: 10,
            });
            const own = data.filter((each) => each.head.ref === branch);
            // Made of this very commit, and ended by a person before anybody here knew of it: a second one would be for nobody.
            const found = own.find(({ state }) => state === 'open') ?? own.find((each) => each.head.sha === head);
            if (found === undefined) return undefined;
            if (found.state === 'open' && found.base.ref !== base)
              await rest.pulls.update({ ...target, pull_number: found.number, base });
            return {
              ...toPull(found.number, found.html_url, found.head.sha),
              ...(draft && found.draft && { draft: 'draft' }),
            };
          };
          const open = await find();
          if (open !== undefined) return open;
          try {
            return await create(rest, { ...target, ...text, head: branch, base }, draft);
          } catch (error) {
            const unclear = isAmbiguous(error) || (error instanceof RequestError && error.status === 422);
            const made = unclear ? await find() : undefined;
            if (made !== undefined) return made;
            throw noPull(error, repository, branch);
          }
        },
        'write',
      );
    },

    async checkPush({ repository, ...pushed }) {
      const attempted = `Looking up the rules for \`${pushed.branch}\` in ${repository}`;
      const refused = await client.call(repository, attempted, async (_, target, octokit) =>
        findRefusal(octokit, target, pushed),
      );
      if (refused !== null) throw new Problem({ code: 'push_blocked', ...refused });
    },

    markReady: (repository, number) => markReady(client, clock, repository, number),

    async describePull(repository, number, body) {
      const describe = async (rest: Octokit['rest'], target: Target) => {
        const named = { ...target, pull_number: number };
        const { data } = await rest.pulls.get(named);
        await rest.pulls.update({ ...named, body: spliced(data.body, body).slice(0, maxBodyChars) });
      };
      await client.call(repository, `Describing pull request #${number} of ${repository}`, describe, 'write');
    },

    async findPull(repository, number) {
      return client.call(repository, `Looking up pull request #${number} of ${repository}`, async (rest, target) => {
        const { data } = await rest.pulls.get({ ...target, pull_number: number });
        const seen = toView(data);
        const own = seen.state === 'open' && data.head.repo?.full_name === data.base.repo.full_name;
        return own ? { ...seen, head: (await branchHead(rest, target, data.head.ref)) ?? seen.head } : seen;
      });
    },

    async mergeable(repository, number, head, expected) {
      const facts = await client.call(
        repository,
        `Looking up whether pull request #${number} of ${repository} can be merged`,
        (_, target, octokit) => gatherFacts(octokit, target, number, { headSeenForMs, now: () => clock.now() }),
      );
      return judge(facts, head, expected, checksSettleMs);
    },

    merge: (order) => mergePull(client, order),
  };
}

/** Private repositories of free plans have no drafts; a normal pull request is better than none. */
async function create(
  rest: Octokit['rest'],
  order: NonNullable<Parameters<Octokit['rest']['pulls']['create']>[0]>,
  draft: boolean,
): Promise<PullRequest> {
  const made = await rest.pulls.create({ ...order, draft }).catch((error: unknown) => {
    const unsupported = error instanceof RequestError && error.status === 422 && /draft/i.test(wordsOf(error));
    if (!draft || !unsupported) throw error;
    return null;
  });
  const { data } = made ?? (await rest.pulls.create(order));
  const pull = toPull(data.number, data.html_url, data.head.sha);
  if (!draft) return pull;
  return { ...pull, draft: made === null ? 'unsupported' : 'draft' };
}

/** Where the branch is: its pull request lags behind a push, and would show a commit that was left behind as a new one. */
async function branchHead(rest: Octokit['rest'], target: Target, branch: string): Promise<Sha | undefined> {
  const ref = await rest.git.getRef({ ...target, ref: `heads/${branch}` }).catch(absent);
  return ref === undefined ? undefined : toSha(ref.data.object.sha);
}

function absent(error: unknown): undefined {
  if (error instanceof RequestError && error.status === 404) return undefined;
  throw error;
}

function noPull(error: unknown, repository: RepositoryName, branch: string): unknown {
  if (!(error instanceof RequestError) || error.status !== 422) return error;
  const words = wordsOf(error);
  const code = /no commits between/i.test(words) ? 'no_commits' : 'pull_refused';
  return new Problem(
    {
      code,
      sentence: `Opening a pull request for \`${branch}\` in ${repository} was refused by GitHub: ${words}.`,
      next: 'The branch is pushed: look at it on GitHub, then retry.',
    },
    // GitHub's lists lag behind what it made: one that is there already is found in a while.
    { retry: /already exists/i.test(words), cause: error },
  );
}

function empty(repository: RepositoryName): Problem {
  return new Problem({
    code: 'repository_empty',
    sentence: `Looking up ${repository} found no commit on its default branch.`,
    next: 'Push a first commit, or name a branch with `branch:`.',
  });
}

function unusableBranch(repository: RepositoryName, name: string): Problem {
  return new Problem({
    code: 'branch_unusable',
    sentence: `Looking up ${repository} found the default branch ${JSON.stringify(name)}, a name Errand can't use.`,
    next: 'Name another branch with `branch:`.',
  });
}
