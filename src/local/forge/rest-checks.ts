import type { Hono } from 'hono';
import { HttpError } from './errors.ts';
import type { Forge } from './forge.ts';
import { tryGit } from './git.ts';
import { latestChecks, passed } from './pulls.ts';
import { renderCheckRun, renderStatus } from './render.ts';
import { paged, type RestContext, type RestEnvironment, repositoryOf } from './rest-context.ts';
import type { Check } from './state.ts';

export function addCheckRoutes(app: Hono<RestEnvironment>, forge: Forge): void {
  app.get('/repos/:owner/:repo/commits/:ref{.+}/check-runs', async (c) => {
    const { checks } = await checksOf(forge, c);
    const runs = checks.filter((each) => each.kind === 'run');
    return c.json({ total_count: runs.length, check_runs: paged(c, runs.map(renderCheckRun)) });
  });

  app.get('/repos/:owner/:repo/commits/:ref{.+}/status', async (c) => {
    const { checks, sha } = await checksOf(forge, c);
    const statuses = checks.filter((each) => each.kind === 'status');
    const failed = statuses.some((each) => each.status === 'completed' && !passed(each));
    const pending = statuses.length === 0 || statuses.some((each) => each.status !== 'completed');
    const state = failed ? 'failure' : pending ? 'pending' : 'success';
    return c.json({ state, sha, total_count: statuses.length, statuses: paged(c, statuses.map(renderStatus)) });
  });
}

async function checksOf(forge: Forge, c: RestContext): Promise<{ sha: string; checks: readonly Check[] }> {
  const repository = repositoryOf(forge, c);
  const ref = c.req.param('ref') ?? '';
  const found = await tryGit(forge.store.path(repository), [
    'rev-parse',
    '--verify',
    '--quiet',
    '--end-of-options',
    `${ref}^{commit}`,
  ]);
  if (found.code !== 0) throw new HttpError(422, `No commit found for SHA: ${ref}`);
  const sha = found.stdout.trim();
  return { sha, checks: latestChecks(repository, sha) };
}
