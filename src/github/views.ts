import { parseSha, type Sha } from '../task/ids.ts';
import type { PullView } from '../task/ports/forge.ts';
import type { PullRequest } from '../task/task.ts';

export function toView(data: {
  number: number;
  html_url: string;
  state: string;
  merged: boolean;
  draft?: boolean;
  merge_commit_sha: string | null;
  head: { sha: string };
}): PullView {
  const state = data.merged ? 'merged' : data.state === 'open' ? 'open' : 'closed';
  // Of an open pull request this is a trial merge and not a commit of the base.
  const commit = data.merged ? (parseSha(data.merge_commit_sha ?? '') ?? null) : null;
  return { ...toPull(data.number, data.html_url, data.head.sha), state, commit, isDraft: data.draft ?? false };
}

export function toPull(number: number, url: string, head: string): PullRequest {
  return { number, url, head: toSha(head) };
}

export function toSha(text: string): Sha {
  const sha = parseSha(text);
  if (sha === undefined) throw new Error(`GitHub named a commit ${JSON.stringify(text.slice(0, 60))}`);
  return sha;
}
