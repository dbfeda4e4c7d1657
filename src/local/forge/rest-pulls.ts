import type { Hono } from 'hono';
import { z } from 'zod';
import { HttpError, invalidField } from './errors.ts';
import type { Forge } from './forge.ts';
import {
  changedFiles,
  commitsOf,
  renderCommit,
  renderPull,
  renderPullWhole,
  renderReview,
  renderUser,
} from './render.ts';
import { bodyOf, paged, pullOf, type RestEnvironment, repositoryOf } from './rest-context.ts';
import { verifyCommit } from './signatures.ts';

const creation = z.object({
  title: z.string().min(1),
  head: z.string().min(1),
  base: z.string().min(1),
  body: z.string().nullish(),
  draft: z.boolean().default(false),
});
const change = z.object({
  title: z.string().optional(),
  body: z.string().nullish(),
  state: z.enum(['open', 'closed']).optional(),
  base: z.string().optional(),
});
const reviewing = z.object({ event: z.enum(['APPROVE', 'REQUEST_CHANGES', 'COMMENT']) });
const merging = z.object({
  sha: z.string().optional(),
  merge_method: z.enum(['merge', 'squash', 'rebase']).default('merge'),
  commit_title: z.string().optional(),
  commit_message: z.string().optional(),
});

export function addPullRoutes(app: Hono<RestEnvironment>, forge: Forge): void {
  const { store, pulls } = forge;

  app.get('/repos/:owner/:repo/pulls', (c) => {
    const repository = repositoryOf(forge, c);
    const state = c.req.query('state') ?? 'open';
    const head = c.req.query('head');
    const base = c.req.query('base');
    const found = repository.pulls
      .filter((each) => state === 'all' || each.state === state)
      // A head without its owner filters nothing, on GitHub too.
      .filter((each) => head === undefined || !head.includes(':') || head === `${repository.owner}:${each.head}`)
      .filter((each) => base === undefined || each.base === base)
      .toSorted((a, b) => b.number - a.number);
    return c.json(
      paged(
        c,
        found.map((each) => renderPull(forge.at, repository, each)),
      ),
    );
  });

  app.post('/repos/:owner/:repo/pulls', async (c) => {
    const repository = repositoryOf(forge, c);
    refuseArchived(repository.archived);
    const order = creation.safeParse(await bodyOf(c));
    if (!order.success) throw invalidField('PullRequest', String(order.error.issues[0]?.path[0] ?? 'title'));
    const { title, head, base, draft, body } = order.data;
    const by = c.get('login');
    const pull = await forge.changing(repository, by, () =>
      pulls.open(repository, { title, head, base, draft, body: body ?? null, user: by }),
    );
    const path = store.path(repository);
    const unknown = { mergeable: null, state: 'unknown' } as const;
    return c.json(await renderPullWhole(forge.at, path, repository, pull, unknown), 201);
  });

  app.get('/repos/:owner/:repo/pulls/:number', async (c) => {
    const { repository, pull } = pullOf(forge, c);
    const mergeability = await pulls.mergeability(repository, pull);
    return c.json(await renderPullWhole(forge.at, store.path(repository), repository, pull, mergeability));
  });

  app.patch('/repos/:owner/:repo/pulls/:number', async (c) => {
    const { repository, pull } = pullOf(forge, c);
    refuseArchived(repository.archived);
    const order = change.safeParse(await bodyOf(c));
    if (!order.success) throw invalidField('PullRequest', String(order.error.issues[0]?.path[0] ?? 'state'));
    const { title, body, state, base } = order.data;
    await forge.changing(repository, c.get('login'), async () => {
      if (state === 'closed' && pull.state === 'open') pulls.close(pull);
      if (state === 'open' && pull.state === 'closed') await pulls.reopen(repository, pull);
      if (title !== undefined) pull.title = title;
      if (body !== undefined) pull.body = body;
      if (base !== undefined) pull.base = base;
      pull.updatedAt = new Date().toISOString();
    });
    const mergeability = await pulls.mergeability(repository, pull);
    return c.json(await renderPullWhole(forge.at, store.path(repository), repository, pull, mergeability));
  });

  app.put('/repos/:owner/:repo/pulls/:number/merge', async (c) => {
    const { repository, pull } = pullOf(forge, c);
    const order = merging.safeParse(await bodyOf(c));
    if (!order.success) throw invalidField('PullRequest', 'merge_method');
    const by = c.get('login');
    const { sha, merge_method: method, commit_title: title, commit_message: message } = order.data;
    const commit = await forge.changing(repository, by, () =>
      pulls.merge(repository, pull, { sha, method, title, message, by }),
    );
    return c.json({ sha: commit, merged: true, message: 'Pull Request successfully merged' });
  });

  app.get('/repos/:owner/:repo/pulls/:number/merge', (c) => {
    const { pull } = pullOf(forge, c);
    if (pull.mergedAt === null) throw new HttpError(404, 'Not Found');
    return c.body(null, 204);
  });

  app.get('/repos/:owner/:repo/pulls/:number/files', async (c) => {
    const { repository, pull } = pullOf(forge, c);
    const files = await changedFiles(store.path(repository), pull);
    return c.json(
      paged(
        c,
        files.map((file) => ({ ...file, changes: file.additions + file.deletions })),
      ),
    );
  });

  app.get('/repos/:owner/:repo/pulls/:number/commits', async (c) => {
    const { repository, pull } = pullOf(forge, c);
    const path = store.path(repository);
    const commits = await commitsOf(path, pull);
    const rendered = commits.map(async (each) =>
      renderCommit(each, { ...(await verifyCommit(store, forge.at, path, each.sha)) }),
    );
    return c.json(paged(c, await Promise.all(rendered)));
  });

  app.post('/repos/:owner/:repo/pulls/:number/reviews', async (c) => {
    const { pull } = pullOf(forge, c);
    const { event } = reviewing.parse(await bodyOf(c));
    const by = c.get('login');
    if (pull.user === by && event !== 'COMMENT') {
      const words = event === 'APPROVE' ? 'approve' : 'request changes on';
      throw new HttpError(422, 'Unprocessable Entity', { errors: [`Can not ${words} your own pull request`] });
    }
    const state = { APPROVE: 'APPROVED', REQUEST_CHANGES: 'CHANGES_REQUESTED', COMMENT: 'COMMENTED' } as const;
    const at = new Date().toISOString();
    const review = { id: store.nextId(), user: by, state: state[event], body: '', commit: pull.headSha, at };
    pull.reviews.push(review);
    return c.json(renderReview(review));
  });

  app.get('/repos/:owner/:repo/pulls/:number/reviews', (c) =>
    c.json(paged(c, pullOf(forge, c).pull.reviews.map(renderReview))),
  );
  app.get('/repos/:owner/:repo/pulls/:number/requested_reviewers', (c) => {
    pullOf(forge, c);
    return c.json({ users: [], teams: [] });
  });

  app.get('/repos/:owner/:repo/issues/:number/comments', (c) => {
    const { pull } = pullOf(forge, c);
    return c.json(paged(c, pull.comments.map(renderComment)));
  });

  app.post('/repos/:owner/:repo/issues/:number/comments', async (c) => {
    const { repository, pull } = pullOf(forge, c);
    refuseArchived(repository.archived);
    const order = z.object({ body: z.string().min(1) }).safeParse(await bodyOf(c));
    if (!order.success) throw invalidField('IssueComment', 'body');
    const comment = { id: store.nextId(), user: c.get('login'), body: order.data.body, at: new Date().toISOString() };
    pull.comments.push(comment);
    return c.json(renderComment(comment), 201);
  });
}

function renderComment(comment: { id: number; user: string; body: string; at: string }) {
  return { id: comment.id, user: renderUser(comment.user), body: comment.body, created_at: comment.at };
}

function refuseArchived(archived: boolean): void {
  if (archived) throw new HttpError(403, 'Repository was archived so is read-only.');
}
