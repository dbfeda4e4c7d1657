import type { Hono } from 'hono';
import { botOf } from './apps.ts';
import { HttpError, notFound } from './errors.ts';
import type { Forge } from './forge.ts';
import { renderRepository, renderUser } from './render.ts';
import { bodyOf, paged, type RestContext, type RestEnvironment } from './rest-context.ts';
import type { App, Installation } from './state.ts';

/** What an app asks as itself, with a JSON web token, and what it asks of its own tokens. */
export function addAppRoutes(app: Hono<RestEnvironment>, forge: Forge): void {
  const { apps, store } = forge;

  app.get('/app', (c) => c.json(renderApp(appOf(c))));
  app.get('/app/installations', (c) => {
    const own = appOf(c);
    return c.json(
      paged(
        c,
        own.installations.map((each) => renderInstallation(forge, own, each)),
      ),
    );
  });
  app.get('/repos/:owner/:repo/installation', (c) => {
    const own = appOf(c);
    const repository = store.find(c.req.param('owner'), c.req.param('repo'));
    const installation = repository && apps.installationOn(own, repository);
    if (installation === undefined) throw notFound();
    return c.json(renderInstallation(forge, own, installation));
  });
  app.post('/app/installations/:id/access_tokens', async (c) => {
    const { token, made } = apps.mint(appOf(c), Number(c.req.param('id')), await bodyOf(c));
    return c.json(
      {
        token,
        expires_at: new Date(made.expiresAt).toISOString(),
        permissions: made.permissions,
        repository_selection: made.repositories === null ? 'all' : 'selected',
      },
      201,
    );
  });
  app.get('/installation/repositories', (c) => {
    const actor = c.get('actor');
    const seen = store.state.repositories.filter((each) => actor.type === 'user' || forge.mayReach(actor, each));
    const rendered = seen.map((each) => renderRepository(forge.at, each));
    return c.json({ total_count: rendered.length, repositories: paged(c, rendered) });
  });
  app.delete('/installation/token', (c) => {
    const actor = c.get('actor');
    if (actor.type !== 'installation') throw new HttpError(403, 'Resource not accessible by personal access token');
    apps.revoke(actor.token);
    return c.body(null, 204);
  });
}

function appOf(c: RestContext): App {
  const actor = c.get('actor');
  if (actor.type === 'app') return actor.app;
  throw new HttpError(401, 'A JSON web token could not be decoded');
}

function renderApp({ id, slug, name, permissions }: App) {
  return { id, slug, name, node_id: `A_${id}`, permissions, events: [], owner: renderUser('acme') };
}

function renderInstallation(
  forge: Forge,
  app: App,
  { id, account, repositories, permissions, suspended }: Installation,
) {
  return {
    id,
    app_id: app.id,
    app_slug: app.slug,
    account: renderUser(account),
    repository_selection: repositories === null ? 'all' : 'selected',
    access_tokens_url: `${forge.at.api}/app/installations/${id}/access_tokens`,
    permissions,
    events: [],
    suspended_at: suspended ? '2026-01-01T00:00:00Z' : null,
    suspended_by: suspended ? renderUser(botOf(app)) : null,
  };
}
