import type { BranchName, RepositoryName, Sha } from '../ids.ts';
import type { PullRequest } from '../task.ts';

export interface PullView extends PullRequest {
  readonly state: 'open' | 'closed' | 'merged';
  /** As GitHub has it, whoever made it one. */
  readonly isDraft: boolean;
  /** The merge commit, when merged. */
  readonly commit: Sha | null;
}

export type Mergeable =
  | { readonly type: 'ready' }
  | { readonly type: 'pending'; readonly reason: string }
  | { readonly type: 'refused'; readonly sentence: string; readonly next: string };

/** Where a pull request has to stand to be the task's own. */
export interface Expected {
  readonly base: BranchName | null;
  /** The repository's number on GitHub; null where none was recorded. */
  readonly repositoryId: number | null;
}

/** Where GitHub says that something happened: a hint, and no more than that. */
export interface Hint {
  readonly repository: RepositoryName;
  /** To branches and pull requests themselves, or to what their merging depends on. */
  readonly of: 'pull' | 'rules';
  readonly branches: readonly BranchName[];
}

/** GitHub. Throws `Problem`: 401, 403, 404, 422 and rate limits each in their own words. */
export interface Forge {
  /** Throws when the repository can't be reached or is empty. */
  defaultBranch(repository: RepositoryName): Promise<BranchName>;
  /** The repository's number, which stays whatever it is called, and which no other gets. A name that GitHub redirects is refused. */
  identify(repository: RepositoryName): Promise<number>;
  /**
   * Finds the open pull request of this head branch, or one that was made of this very commit and has ended since, or makes it; never makes
   * two.
   */
  openPull(order: {
    repository: RepositoryName;
    base: BranchName;
    branch: BranchName;
    head: Sha;
    title: string;
    body: string;
    /** A wish: where GitHub has no drafts, the pull request is a normal one and says so. */
    draft: boolean;
  }): Promise<PullRequest>;
  /** Throws a `Problem` where branch rules will surely refuse such a push; GitHub has the last word. */
  checkPush(order: {
    repository: RepositoryName;
    branch: BranchName;
    exists: boolean;
    signed: boolean;
    message: string;
    email: string;
  }): Promise<void>;
  /** Makes a draft ready for review; nothing where it is that already. */
  markReady(repository: RepositoryName, number: number): Promise<void>;
  /** Replaces Errand's part of a description; what people wrote around it stays. */
  describePull(repository: RepositoryName, number: number, body: string): Promise<void>;
  findPull(repository: RepositoryName, number: number): Promise<PullView>;
  /** Every rule that GitHub and `.errand.yml` set, asked for this head. */
  mergeable(repository: RepositoryName, number: number, head: Sha, expected: Expected): Promise<Mergeable>;
  /** Merges exactly `head` (GitHub answers 409 otherwise); already merged counts as done. */
  merge(order: {
    repository: RepositoryName;
    number: number;
    head: Sha;
    method: 'merge' | 'squash' | 'rebase';
    title: string;
    message: string;
  }): Promise<Sha>;
}
