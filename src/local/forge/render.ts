import { tryGit } from './git.ts';
import type { Check, Mergeability, Pull, Repository, Review } from './state.ts';

/** Where things are seen from outside. */
export interface Addresses {
  /** The REST root, without a slash at the end. */
  readonly api: string;
  /** The clone base. */
  readonly git: string;
  /** The page that people open. */
  readonly page: string;
}

type Json = Readonly<Record<string, unknown>>;

export function renderUser(login: string): Json {
  const id = [...login].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 1_000_000, 7);
  return { login, id, node_id: `U_${id}`, type: login.endsWith('[bot]') ? 'Bot' : 'User', site_admin: false };
}

export function renderRepository(at: Addresses, repository: Repository): Json {
  const full = `${repository.owner}/${repository.name}`;
  return {
    id: repository.id,
    node_id: `R_${repository.id}`,
    name: repository.name,
    full_name: full,
    private: repository.private,
    owner: renderUser(repository.owner),
    html_url: `${at.page}/${full}`,
    url: `${at.api}/repos/${full}`,
    clone_url: `${at.git}/${full}.git`,
    default_branch: repository.defaultBranch,
    archived: repository.archived,
    disabled: false,
    fork: false,
    visibility: repository.private ? 'private' : 'public',
    permissions: { admin: repository.admin, maintain: false, push: true, triage: true, pull: true },
    allow_merge_commit: repository.methods.merge,
    allow_squash_merge: repository.methods.squash,
    allow_rebase_merge: repository.methods.rebase,
  };
}

export function renderPull(at: Addresses, repository: Repository, pull: Pull): Json {
  const full = `${repository.owner}/${repository.name}`;
  const end = (ref: string, sha: string) => ({
    label: `${repository.owner}:${ref}`,
    ref,
    sha,
    user: renderUser(repository.owner),
    repo: renderRepository(at, repository),
  });
  return {
    id: pull.id,
    node_id: `PR_${pull.id}`,
    number: pull.number,
    url: `${at.api}/repos/${full}/pulls/${pull.number}`,
    html_url: `${at.page}/${full}/pull/${pull.number}`,
    diff_url: `${at.page}/${full}/pull/${pull.number}.diff`,
    state: pull.state,
    locked: false,
    draft: pull.draft,
    title: pull.title,
    body: pull.body,
    user: renderUser(pull.user),
    head: end(pull.head, pull.headSha),
    base: end(pull.base, pull.baseSha),
    created_at: pull.createdAt,
    updated_at: pull.updatedAt,
    closed_at: pull.closedAt,
    merged_at: pull.mergedAt,
    merge_commit_sha: pull.mergeCommit,
    assignees: [],
    requested_reviewers: [],
    labels: [],
    auto_merge: null,
  };
}

/** The longer form, of one pull request. */
export async function renderPullWhole(
  at: Addresses,
  path: string,
  repository: Repository,
  pull: Pull,
  mergeability: Mergeability,
): Promise<Json> {
  const files = await changedFiles(path, pull);
  const commits = await commitsOf(path, pull);
  return {
    ...renderPull(at, repository, pull),
    merged: pull.mergedAt !== null,
    merged_by: pull.mergedBy === null ? null : renderUser(pull.mergedBy),
    mergeable: pull.state === 'open' ? mergeability.mergeable : null,
    mergeable_state: pull.state === 'open' ? mergeability.state : 'unknown',
    rebaseable: pull.state === 'open' ? mergeability.mergeable : null,
    comments: pull.comments.length,
    review_comments: pull.openConversations,
    commits: commits.length,
    additions: files.reduce((sum, file) => sum + file.additions, 0),
    deletions: files.reduce((sum, file) => sum + file.deletions, 0),
    changed_files: files.length,
  };
}

export interface ChangedFile {
  readonly filename: string;
  readonly status: 'added' | 'removed' | 'modified';
  readonly additions: number;
  readonly deletions: number;
}

/** What a pull request changes, against where its branch left the base. */
export async function changedFiles(path: string, pull: Pull): Promise<readonly ChangedFile[]> {
  const range = `${pull.baseSha}...${pull.headSha}`;
  const flags = ['--no-renames', '--no-ext-diff', '--no-textconv', '-z'];
  const numbers = (await tryGit(path, ['diff', '--numstat', ...flags, range, '--'])).stdout.split('\0');
  const kinds = (await tryGit(path, ['diff', '--name-status', ...flags, range, '--'])).stdout.split('\0');
  return numbers.flatMap((line, index) => {
    const [added = '', removed = '', filename = ''] = line.split('\t');
    if (filename === '') return [];
    const kind = kinds[index * 2];
    const status = kind === 'A' ? 'added' : kind === 'D' ? 'removed' : 'modified';
    return [{ filename, status, additions: Number(added) || 0, deletions: Number(removed) || 0 } as const];
  });
}

export interface CommitView {
  readonly sha: string;
  readonly author: string;
  readonly email: string;
  readonly at: string;
  readonly message: string;
}

/** The commits that a pull request brings, oldest first. */
export async function commitsOf(path: string, pull: Pull): Promise<readonly CommitView[]> {
  const range = `${pull.baseSha}..${pull.headSha}`;
  const { stdout } = await tryGit(path, [
    'log',
    '--reverse',
    '-z',
    '--format=%H%x01%an%x01%ae%x01%aI%x01%B',
    range,
    '--',
  ]);
  return stdout.split('\0').flatMap((entry) => {
    const [sha = '', author = '', email = '', at = '', message = ''] = entry.split('\x01');
    return sha === '' ? [] : [{ sha, author, email, at, message: message.trimEnd() }];
  });
}

export function renderCommit(commit: CommitView, verification: Json): Json {
  const person = { name: commit.author, email: commit.email, date: commit.at };
  return { sha: commit.sha, commit: { message: commit.message, author: person, committer: person, verification } };
}

export function renderCheckRun(check: Check): Json {
  return {
    id: check.id,
    name: check.name,
    head_sha: check.sha,
    status: check.status,
    conclusion: check.conclusion,
    started_at: check.at,
    completed_at: check.status === 'completed' ? check.at : null,
    app: { id: 1, slug: 'local-checks', name: 'Local checks' },
  };
}

export function renderStatus(check: Check): Json {
  return {
    id: check.id,
    context: check.name,
    state: check.status === 'completed' ? (check.conclusion ?? 'pending') : 'pending',
    created_at: check.at,
    updated_at: check.at,
  };
}

export function renderReview(review: Review): Json {
  return {
    id: review.id,
    user: renderUser(review.user),
    body: review.body,
    state: review.state,
    commit_id: review.commit,
    submitted_at: review.at,
  };
}
