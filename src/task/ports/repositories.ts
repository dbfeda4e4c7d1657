import type { BranchName, RepositoryName, RunId, Sha, TaskId } from '../ids.ts';
import type { Network } from '../network.ts';
import type { ChangeSize, FileChange, Secrets, SensitivePath, SetupScript } from '../task.ts';
import type { WorkflowEvents } from '../workflows.ts';

/** What the base branch's `.errand.yml` says; defaults where it says nothing. */
export interface RepositoryRules {
  readonly setup: SetupScript | null;
  /** A script for a checkout that an earlier run worked in. It gets no secrets: an agent was there. */
  readonly maintenance: string | null;
  readonly checks: readonly string[];
  /** `hold` has GitHub's workflows wait for an approver's word. */
  readonly ci: 'hold' | null;
  /** What it leaves of what the operator opens; null where it says nothing. */
  readonly network: Network | null;
  /** The same for host names alone. */
  readonly allow: readonly string[] | null;
  readonly agent: string | null;
  readonly model: string | null;
  readonly merge: {
    readonly method: 'merge' | 'squash' | 'rebase';
    readonly approvers: readonly string[];
    readonly selfApproval: boolean | null;
  };
  readonly pullRequest: {
    /** Whether it is opened as a draft. */
    readonly draft: boolean;
  };
  readonly secrets: {
    /** Files, and folders with a slash at their end, in which what looks like a secret is none. */
    readonly ignore: readonly string[];
  };
}

export interface Prepared {
  /** The base branch that was asked for, or the remote's default branch. */
  readonly baseBranch: BranchName;
  /** The remote's default branch; null where it names none. */
  readonly defaultBranch: BranchName | null;
  /** The base branch's head on the remote. */
  readonly base: Sha;
  /** Where this run starts: the task branch's head on the remote, or `base`. */
  readonly start: Sha;
  /** Held work on top of `start`, where the agent finds it; undefined where there is none, or somebody pushed since. */
  readonly from?: Sha | undefined;
  /** Whether the task branch exists on the remote, and at what head; what the push leases against. */
  readonly remote: Sha | null;
  /** Bare repositories to mount read-only: the mirror, and the task's own. The runner fetches `start` from the last. */
  readonly repositories: readonly string[];
  readonly rules: RepositoryRules;
  /** The workflow files of `base` and `start`. */
  readonly workflows: readonly WorkflowEvents[];
  /** Whether `start` is a commit of Errand's that workflows were kept from. */
  readonly startHeld: boolean;
}

export interface Imported {
  readonly head: Sha;
  readonly files: readonly FileChange[];
  readonly sensitive: readonly SensitivePath[];
  /** What looks like a secret in what the run added: it must not be pushed unless an approver says so. */
  readonly secrets: Secrets;
}

export interface CommitWords {
  readonly message: string;
  /** Author and committer date, epoch milliseconds: the same run imported twice makes the same commit. */
  readonly at: number;
  readonly coAuthor: Author;
  /** Marks the commit, so that GitHub's workflows don't run on it. */
  readonly holdCi?: boolean;
}

/** Somebody as a commit names them. */
export interface Author {
  readonly name: string;
  readonly email: string;
}

/** Somebody who asked: as a commit names them, and their page on GitHub where their account is linked. */
export interface LinkedAuthor extends Author {
  readonly account: { readonly login: string; readonly url: string } | null;
}

/** Which of a task's bare repositories is meant: each of its parts has one of its own, and nothing moves between them. */
export interface PartPlace {
  readonly task: TaskId;
  /** Counts the task's parts from nought. */
  readonly part: number;
}

/** Git on the host: only ever in repositories that no agent has touched. */
export interface Repositories {
  prepare(
    order: PartPlace & {
      repository: RepositoryName;
      /** Null is the remote's default branch. */
      base: BranchName | null;
      branch: BranchName;
      /** Work that an earlier run left and that was not pushed, made while the branch was at `remote`. */
      held?: { readonly head: Sha; readonly remote: Sha | null } | null;
      signal: AbortSignal;
    },
  ): Promise<Prepared>;
  /** Checks a bundle in quarantine and re-commits its tree as the bot on top of `start`; null when nothing changed. Throws `Problem` for what it refuses. */
  import(
    order: PartPlace & {
      run: RunId;
      repository: RepositoryName;
      bundle: string;
      start: Sha;
      base: Sha;
      /** Whether `secrets.ignore` of the base's `.errand.yml` counts; no by default. */
      heedIgnore?: boolean;
      words: CommitWords;
    },
  ): Promise<Imported | null>;
  /**
   * Makes a commit of the same tree, parents, people and dates as `head`, without the mark that it carries; the same each time. Throws a
   * `Problem` where `head` is not here, or no marked commit of Errand's.
   */
  release(order: PartPlace & { repository: RepositoryName; head: Sha }): Promise<Sha>;
  /** How much `head` changes against the commit that it left `base` at, as GitHub shows a pull request. */
  size(order: PartPlace & { base: Sha; head: Sha }): Promise<ChangeSize>;
  /** The repository's own template for pull requests at this commit of its base; null without one. */
  template(order: PartPlace & { base: Sha }): Promise<string | null>;
  /** Pushes one branch with a lease on `remote`. `moved` when somebody pushed meanwhile; `already` when the remote has `head`. */
  push(
    order: PartPlace & {
      repository: RepositoryName;
      branch: BranchName;
      head: Sha;
      remote: Sha | null;
      signal: AbortSignal;
    },
  ): Promise<'pushed' | 'already' | 'moved'>;
  /** Forgets a task's own repositories. */
  remove(task: TaskId): Promise<void>;
  /** Forgets those of tasks that `alive` doesn't have and that nothing touched for `graceMs`. */
  reap(alive: readonly TaskId[], graceMs: number): Promise<void>;
  /** Forgets the copies of repositories that no task has asked for in `keptMs`; the next one that does fetches its own. */
  reapMirrors(keptMs: number, signal: AbortSignal): Promise<void>;
}
