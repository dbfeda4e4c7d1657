import { createHash } from 'node:crypto';
import { Hono } from 'hono';
import { type Actor, botOf } from './apps.ts';
import { HttpError, notFound } from './errors.ts';
import type { Forge } from './forge.ts';
import { addGraphql } from './graphql.ts';
import { neededFor } from './permissions.ts';
import { renderUser } from './render.ts';
import { addAppRoutes } from './rest-apps.ts';
import { addCheckRoutes } from './rest-checks.ts';
import type { RestContext, RestEnvironment } from './rest-context.ts';
import { addPullRoutes } from './rest-pulls.ts';
import { addRepositoryRoutes } from './rest-repositories.ts';

/** GitHub's REST calls as octokit makes them, for the token's own user. */
export function createRest(forge: Forge): Hono<RestEnvironment> {
  const app = new Hono<RestEnvironment>();
  app.use(async (c, next) => {
    for (const [name, value] of Object.entries(commonHeaders(forge))) c.header(name, value);
    const actor = forge.actorOf((c.req.header('authorization') ?? '').replace(/^(?:bearer|token) /i, ''));
    if (actor === undefined) {
      throw new HttpError(
        401,
        c.req.header('authorization') === undefined ? 'Requires authentication' : 'Bad credentials',
      );
    }
    const { login } = actor;
    if (c.req.path !== '/rate_limit') forge.rate.spend();
    for (const [name, value] of Object.entries(rateHeaders(forge))) c.header(name, value);
    c.set('login', login);
    c.set('actor', actor);
    refuseWithoutPermission(forge, c, actor);
    await next();
    if (c.req.method !== 'GET' && c.res.status < 400) {
      const [, , owner, name] = c.req.path.split('/');
      const repository = c.req.path.startsWith('/repos/') ? `${owner}/${name}` : null;
      if (c.req.path === '/graphql') return;
      const what = `${c.req.method} ${c.req.path}`;
      forge.store.record({
        by: login,
        kind: 'rest',
        repository,
        what,
        status: c.res.status,
        before: null,
        after: null,
      });
      await forge.store.save();
    }
    if (c.req.method === 'GET' && c.res.status === 200) await revalidate(c, forge);
  });

  app.get('/user', (c) => c.json({ ...renderUser(c.get('login')), name: 'Errand', email: null }));
  app.get('/users/:login', (c) => {
    const asked = c.req.param('login').toLowerCase();
    const { people, apps } = forge.store.state;
    const login = [...people, ...apps.map(botOf)].find((each) => each.toLowerCase() === asked);
    if (login === undefined) throw notFound();
    return c.json(renderUser(login));
  });
  app.get('/rate_limit', (c) => {
    const core = forge.rate.view();
    return c.json({ resources: { core, search: core, graphql: core }, rate: core });
  });
  app.get('/meta', (c) => c.json({ verifiable_password_authentication: false, installed_version: '3.17.0' }));
  addAppRoutes(app, forge);
  addRepositoryRoutes(app, forge);
  addPullRoutes(app, forge);
  addCheckRoutes(app, forge);
  addGraphql(app, forge);

  app.notFound((c) => c.json(notFound().body, 404));
  app.onError((error, c) => {
    if (!(error instanceof HttpError)) {
      forge.log(error);
      return c.json({ message: 'Server Error', status: '500' }, 500);
    }
    return new Response(JSON.stringify(error.body), {
      status: error.status,
      headers: { 'content-type': 'application/json; charset=utf-8', ...commonHeaders(forge), ...error.headers },
    });
  });
  return app;
}

/** Answers 304 where the asker has what it would get, and counts it for nothing. */
async function revalidate(c: RestContext, forge: Forge): Promise<void> {
  const text = await c.res.clone().text();
  const etag = `W/"${createHash('sha256').update(text).digest('hex')}"`;
  c.header('etag', etag);
  if (c.req.header('if-none-match') !== etag) return;
  forge.rate.giveBack();
  c.res = new Response(null, { status: 304, headers: { etag, ...rateHeaders(forge) } });
}

/** What an app may not do is refused before anything is looked up, with what it would take. */
function refuseWithoutPermission(forge: Forge, c: RestContext, actor: Actor): void {
  if (actor.type !== 'installation') return;
  const refused = (needs: string) =>
    new HttpError(403, 'Resource not accessible by integration', {
      headers: { 'x-accepted-github-permissions': needs },
    });
  if (c.req.path === '/user' || c.req.path.startsWith('/user/')) throw refused('allows_permissionless_access=false');
  if (!c.req.path.startsWith('/repos/')) return;
  const [, , owner = '', name = ''] = c.req.path.split('/');
  const repository = forge.store.find(owner, name);
  if (repository === undefined || !forge.mayReach(actor, repository)) throw notFound();
  const needed = neededFor(c.req.method, c.req.path);
  if (needed === null || !forge.may(actor, ...needed)) throw refused(needed?.join('=') ?? '');
}

function commonHeaders(forge: Forge): Readonly<Record<string, string>> {
  return {
    date: new Date(forge.now()).toUTCString(),
    'x-github-request-id': `${forge.nextRequest()}`,
    ...rateHeaders(forge),
  };
}

function rateHeaders(forge: Forge): Readonly<Record<string, string>> {
  const { limit, remaining, used, reset } = forge.rate.view();
  return {
    'x-ratelimit-limit': String(limit),
    'x-ratelimit-remaining': String(remaining),
    'x-ratelimit-used': String(used),
    'x-ratelimit-reset': String(reset),
    'x-ratelimit-resource': 'core',
  };
}
