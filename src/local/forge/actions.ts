import { parse } from 'yaml';
import { eventsOf, triggered, type WorkflowEvents } from '../../task/workflows.ts';
import { tryGit } from './git.ts';
import type { Pull, Repository, Store } from './state.ts';

/**
 * GitHub's Actions as far as they can be seen from outside: which workflows start on which commit. Nothing is executed: each run reports a
 * check that passed. Only where a repository has Actions enabled.
 */
export interface Happening {
  readonly event: 'push' | 'pull_request' | 'pull_request_target';
  /** The branch that filters are held against: the pushed one, or the base of a pull request. */
  readonly branch: string;
  readonly sha: string;
  /** Whose workflow files count. */
  readonly files: string;
}

/** What a change of references and pull requests makes of events. */
export function happenings(
  refs: readonly { readonly ref: string; readonly after: string | null }[],
  pulls: readonly Pull[],
): readonly Happening[] {
  const pushes = refs.flatMap(({ ref, after }): Happening[] => {
    if (after === null || !ref.startsWith('refs/heads/')) return [];
    return [{ event: 'push', branch: ref.slice('refs/heads/'.length), sha: after, files: after }];
  });
  const reviews = pulls.flatMap(({ base, headSha, baseSha }): Happening[] => [
    { event: 'pull_request', branch: base, sha: headSha, files: headSha },
    { event: 'pull_request_target', branch: base, sha: headSha, files: baseSha },
  ]);
  return [...pushes, ...reviews];
}

/** Starts what these events start, with a line in the ledger and a check for each. */
export async function startWorkflows(
  store: Store,
  repository: Repository,
  happened: readonly Happening[],
): Promise<void> {
  if (!repository.actions) return;
  const path = store.path(repository);
  for (const { event, branch, sha, files } of happened) {
    const { stdout: message } = await tryGit(path, ['log', '-1', '--format=%B', sha, '--']);
    // By GitHub's page on skipping workflow runs: `push` and `pull_request` alone heed it.
    if (event !== 'pull_request_target' && skips(message)) continue;
    for (const { name, events, jobs } of await workflowsAt(path, files)) {
      if (triggered(events, event, branch) === 'no') continue;
      store.record({
        by: 'github-actions',
        kind: 'run',
        repository: `${repository.owner}/${repository.name}`,
        what: `${event} ${name}`,
        status: null,
        before: null,
        after: sha,
      });
      for (const job of jobs) {
        const at = new Date().toISOString();
        const id = store.nextId();
        repository.checks.push({ id, sha, name: job, kind: 'run', status: 'completed', conclusion: 'success', at });
      }
    }
  }
}

function skips(message: string): boolean {
  if (/\[(?:skip ci|ci skip|no ci|skip actions|actions skip)\]/i.test(message)) return true;
  return /\n\n\n(?:[^\n]+\n)*skip-checks: ?true\s*$/.test(message);
}

async function workflowsAt(
  path: string,
  commit: string,
): Promise<readonly { name: string; events: WorkflowEvents; jobs: readonly string[] }[]> {
  const listed = await tryGit(path, ['ls-tree', '-z', '--name-only', commit, '--', '.github/workflows/']);
  const names = listed.stdout.split('\0').filter((name) => /\.ya?ml$/.test(name));
  return Promise.all(
    names.map(async (name) => {
      const { stdout } = await tryGit(path, ['cat-file', 'blob', `${commit}:${name}`]);
      const workflow = parsed(stdout);
      const jobs = typeof workflow === 'object' && workflow !== null && 'jobs' in workflow ? workflow.jobs : null;
      return {
        name,
        events: eventsOf(workflow),
        jobs: typeof jobs === 'object' && jobs !== null ? Object.keys(jobs) : [],
      };
    }),
  );
}

function parsed(text: string): unknown {
  try {
    return parse(text, { maxAliasCount: 10 });
  } catch {
    return undefined;
  }
}
