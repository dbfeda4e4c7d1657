import { HttpError, invalidField, validationFailed } from './errors.ts';
import { git, headOf, type Person, tryGit } from './git.ts';
import { mergeCommit, rebase } from './merging.ts';
import { type Addresses, commitsOf } from './render.ts';
import { rulesOf } from './rules.ts';
import { verifyCommit } from './signatures.ts';
import type { Check, Mergeability, Pull, Repository, Store } from './state.ts';

export type MergeMethod = 'merge' | 'squash' | 'rebase';

/** Pull requests and their merging, over a repository's real objects. */
export class Pulls {
  readonly #store: Store;
  readonly #at: Addresses;
  readonly #computed = new Map<string, Promise<boolean>>();

  constructor(store: Store, at: Addresses) {
    this.#store = store;
    this.#at = at;
  }

  async open(
    repository: Repository,
    order: { title: string; body: string | null; head: string; base: string; draft: boolean; user: string },
  ): Promise<Pull> {
    const path = this.#store.path(repository);
    const branch = order.head.includes(':') ? order.head.slice(order.head.indexOf(':') + 1) : order.head;
    const [headSha, baseSha] = [await headOf(path, branch), await headOf(path, order.base)];
    if (baseSha === undefined) throw invalidField('PullRequest', 'base');
    if (headSha === undefined) throw invalidField('PullRequest', 'head');
    const twin = repository.pulls.find(
      (each) => each.state === 'open' && each.head === branch && each.base === order.base,
    );
    if (twin !== undefined) {
      throw validationFailed('PullRequest', `A pull request already exists for ${repository.owner}:${branch}.`);
    }
    if (order.draft && !repository.drafts) {
      throw validationFailed('PullRequest', 'Draft pull requests are not supported in this repository.');
    }
    const ahead = await git(path, ['rev-list', '--count', `${baseSha}..${headSha}`]);
    if (ahead === '0') throw validationFailed('PullRequest', `No commits between ${order.base} and ${branch}`);
    const now = new Date().toISOString();
    const pull: Pull = {
      id: this.#store.nextId(),
      number: repository.nextNumber++,
      title: order.title,
      body: order.body,
      user: order.user,
      state: 'open',
      draft: order.draft,
      head: branch,
      base: order.base,
      headSha,
      baseSha,
      mergedAt: null,
      mergedBy: null,
      mergeCommit: null,
      createdAt: now,
      updatedAt: now,
      closedAt: null,
      openConversations: 0,
      reviews: [],
      comments: [],
    };
    repository.pulls.push(pull);
    await git(path, ['update-ref', `refs/pull/${pull.number}/head`, headSha]);
    return pull;
  }

  /** Brings pull requests up to date with branches that moved or vanished; `refs` has every reference as it is now. */
  async follow(repository: Repository, refs: ReadonlyMap<string, string>): Promise<void> {
    const path = this.#store.path(repository);
    for (const pull of repository.pulls.filter((each) => each.state === 'open')) {
      const headSha = refs.get(`refs/heads/${pull.head}`);
      const baseSha = refs.get(`refs/heads/${pull.base}`);
      if (headSha === undefined || baseSha === undefined) this.close(pull);
      else if (headSha !== pull.headSha || baseSha !== pull.baseSha) {
        pull.headSha = headSha;
        pull.baseSha = baseSha;
        pull.updatedAt = new Date().toISOString();
        await git(path, ['update-ref', `refs/pull/${pull.number}/head`, headSha]);
      }
    }
  }

  close(pull: Pull): void {
    pull.state = 'closed';
    pull.closedAt = new Date().toISOString();
    pull.updatedAt = pull.closedAt;
  }

  async reopen(repository: Repository, pull: Pull): Promise<void> {
    const head = await headOf(this.#store.path(repository), pull.head);
    if (pull.mergedAt !== null || head === undefined) throw validationFailed('PullRequest', 'state cannot be changed.');
    pull.state = 'open';
    pull.closedAt = null;
  }

  /** Unknown when first asked after a change, as GitHub's is; computed by the time it is asked again. */
  async mergeability(repository: Repository, pull: Pull): Promise<Mergeability> {
    const key = `${repository.id}:${pull.headSha}:${pull.baseSha}`;
    const known = this.#computed.get(key);
    if (known === undefined) {
      this.#computed.set(key, this.#mergesCleanly(repository, pull));
      return { mergeable: null, state: 'unknown' };
    }
    const mergeable = await known;
    return { mergeable, state: mergeable ? await this.#stateOf(repository, pull) : 'dirty' };
  }

  async #mergesCleanly(repository: Repository, pull: Pull): Promise<boolean> {
    const path = this.#store.path(repository);
    return (await tryGit(path, ['merge-tree', '--write-tree', pull.baseSha, pull.headSha])).code === 0;
  }

  async #stateOf(repository: Repository, pull: Pull): Promise<Mergeability['state']> {
    if (pull.draft) return 'draft';
    if ((await this.#blocked(repository, pull)) !== undefined) return 'blocked';
    if (await this.#isBehind(repository, pull)) return 'behind';
    const checks = latestChecks(repository, pull.headSha);
    return checks.every(passed) ? 'clean' : 'unstable';
  }

  async #blocked(repository: Repository, pull: Pull): Promise<string | undefined> {
    const rules = rulesOf(repository, pull.base);
    if (rules === undefined) return undefined;
    const checks = latestChecks(repository, pull.headSha);
    for (const name of rules.requiredChecks) {
      const check = checks.find((each) => each.name === name);
      if (check === undefined || check.status !== 'completed') return `Required status check "${name}" is expected.`;
      if (!passed(check)) return `Required status check "${name}" is failing.`;
    }
    const verdicts = verdictsOf(pull);
    if (rules.requiredApprovals > 0) {
      if (verdicts.some((state) => state === 'CHANGES_REQUESTED')) return 'Changes were requested by a reviewer.';
      const approvals = verdicts.filter((state) => state === 'APPROVED').length;
      if (approvals < rules.requiredApprovals) {
        return `At least ${rules.requiredApprovals} approving review is required by reviewers with write access.`;
      }
    }
    if (rules.mergeQueue) return 'Changes must be made through the merge queue';
    if (rules.requiredSignatures && !(await this.#isSigned(repository, pull))) {
      return 'Commits must have verified signatures.';
    }
    if (rules.conversationResolution && pull.openConversations > 0) return 'A conversation must be resolved.';
    return undefined;
  }

  async #isSigned(repository: Repository, pull: Pull): Promise<boolean> {
    const path = this.#store.path(repository);
    for (const { sha } of await commitsOf(path, pull)) {
      if (!(await verifyCommit(this.#store, this.#at, path, sha)).verified) return false;
    }
    return true;
  }

  async #isBehind(repository: Repository, pull: Pull): Promise<boolean> {
    if (rulesOf(repository, pull.base)?.strict !== true) return false;
    const path = this.#store.path(repository);
    return (await tryGit(path, ['merge-base', '--is-ancestor', pull.baseSha, pull.headSha])).code !== 0;
  }

  /** Merges with real objects, and answers what GitHub would where it can't: 405, or 409 when `sha` isn't the head. */
  async merge(
    repository: Repository,
    pull: Pull,
    order: {
      sha?: string | undefined;
      method: MergeMethod;
      title?: string | undefined;
      message?: string | undefined;
      by: string;
    },
  ): Promise<string> {
    if (pull.state !== 'open') throw new HttpError(405, 'Pull Request is not mergeable');
    if (pull.draft) throw new HttpError(405, 'Pull Request is still a draft');
    if (order.sha !== undefined && order.sha !== pull.headSha) {
      throw new HttpError(409, 'Head branch was modified. Review and try the merge again.');
    }
    if (!repository.methods[order.method]) {
      const words = { merge: 'Merge commits', squash: 'Squash merges', rebase: 'Rebase merges' }[order.method];
      throw new HttpError(405, `${words} are not allowed on this repository.`);
    }
    if (!(await this.#mergesCleanly(repository, pull))) throw new HttpError(405, 'Pull Request is not mergeable');
    const blocked = await this.#blocked(repository, pull);
    // Whoever stands on a bypass list merges past the rules, over the API too.
    const passesBy = rulesOf(repository, pull.base)?.bypass === true;
    if (blocked !== undefined && !passesBy) throw new HttpError(405, blocked);
    if (order.method === 'rebase' && rulesOf(repository, pull.base)?.requiredSignatures === true) {
      const words = 'Base branch requires signed commits. Rebase merges cannot be automatically signed by GitHub.';
      throw new HttpError(405, words);
    }
    if (await this.#isBehind(repository, pull)) {
      throw new HttpError(405, 'The head branch is not up to date with the base branch.');
    }
    const path = this.#store.path(repository);
    const by = personOf(order.by);
    const title = order.title ?? defaultTitle(repository, pull, order.method);
    const message = [title, order.message ?? pull.title].filter((part) => part !== '').join('\n\n');
    const commit =
      order.method === 'rebase'
        ? await rebase(path, pull, by)
        : await mergeCommit(path, pull, message, by, order.method === 'merge');
    await git(path, ['update-ref', `refs/heads/${pull.base}`, commit, pull.baseSha]);
    this.close(pull);
    pull.mergedAt = pull.closedAt;
    pull.mergedBy = order.by;
    pull.mergeCommit = commit;
    return commit;
  }
}

/** The newest word of each check on a commit. */
export function latestChecks(repository: Repository, sha: string): readonly Check[] {
  const latest = new Map<string, Check>();
  for (const check of repository.checks) if (check.sha === sha) latest.set(`${check.kind}:${check.name}`, check);
  return [...latest.values()];
}

export function passed(check: Check): boolean {
  return check.status === 'completed' && ['success', 'neutral', 'skipped'].includes(check.conclusion ?? '');
}

export function personOf(login: string): Person {
  return { name: login, email: `${login}@users.noreply.localhost` };
}

function verdictsOf(pull: Pull): readonly string[] {
  const byUser = new Map<string, string>();
  for (const each of pull.reviews) if (each.state !== 'COMMENTED') byUser.set(each.user, each.state);
  return [...byUser.values()];
}

function defaultTitle(repository: Repository, pull: Pull, method: MergeMethod): string {
  if (method === 'squash') return `${pull.title} (#${pull.number})`;
  return `Merge pull request #${pull.number} from ${repository.owner}/${pull.head}`;
}
