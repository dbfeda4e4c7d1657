import type { Hono } from 'hono';
import { z } from 'zod';
import type { Forge } from './forge.ts';
import { bodyOf, type RestEnvironment } from './rest-context.ts';

const asked = z.object({ query: z.string(), variables: z.record(z.string(), z.unknown()).default({}) });

/** The one mutation that REST lacks: ending a draft. Everything else is answered as GitHub answers what it doesn't know. */
export function addGraphql(app: Hono<RestEnvironment>, forge: Forge): void {
  app.post('/graphql', async (c) => {
    const { query, variables } = asked.parse(await bodyOf(c));
    if (!query.includes('markPullRequestReadyForReview')) {
      return c.json({
        errors: [{ type: 'undefinedField', message: 'Only markPullRequestReadyForReview is known here' }],
      });
    }
    const id = String(variables.id);
    const repository = forge.store.state.repositories.find(({ pulls }) => pulls.some((each) => `PR_${each.id}` === id));
    const pull = repository?.pulls.find((each) => `PR_${each.id}` === id);
    if (repository === undefined || pull === undefined || pull.state !== 'open') {
      const message = `Could not resolve to a node with the global id of '${id}'`;
      return c.json({ data: null, errors: [{ type: 'NOT_FOUND', message }] });
    }
    if (!forge.mayReach(c.get('actor'), repository) || !forge.may(c.get('actor'), 'pull_requests', 'write')) {
      return c.json({ data: null, errors: [{ type: 'FORBIDDEN', message: 'Resource not accessible by integration' }] });
    }
    await forge.changing(repository, c.get('login'), async () => {
      pull.draft = false;
      const what = `markPullRequestReadyForReview #${pull.number}`;
      forge.store.record({
        by: c.get('login'),
        kind: 'rest',
        repository: `${repository.owner}/${repository.name}`,
        what,
        status: 200,
        before: null,
        after: null,
      });
    });
    return c.json({ data: { markPullRequestReadyForReview: { pullRequest: { isDraft: false } } } });
  });
}
