import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';
import type { Actor } from './apps.ts';
import { HttpError, notFound } from './errors.ts';
import type { Forge } from './forge.ts';
import type { Pull, Repository } from './state.ts';

export type RestEnvironment = { Bindings: HttpBindings; Variables: { login: string; actor: Actor } };
export type RestContext = Context<RestEnvironment>;

/** The repository that a path names; GitHub says 404 for what a token may not see. */
export function repositoryOf(forge: Forge, c: RestContext): Repository {
  const repository = forge.store.find(c.req.param('owner') ?? '', c.req.param('repo') ?? '');
  if (repository === undefined || !forge.mayReach(c.get('actor'), repository)) throw notFound();
  return repository;
}

export function pullOf(forge: Forge, c: RestContext): { repository: Repository; pull: Pull } {
  const repository = repositoryOf(forge, c);
  const pull = repository.pulls.find((each) => String(each.number) === c.req.param('number'));
  if (pull === undefined) throw notFound();
  return { repository, pull };
}

/** One page of a list, with the `link` header that octokit's paginate follows. */
export function paged<T>(c: RestContext, items: readonly T[]): readonly T[] {
  const size = Math.min(Math.max(Number(c.req.query('per_page') ?? 30) || 30, 1), 100);
  const page = Math.max(Number(c.req.query('page') ?? 1) || 1, 1);
  if (page * size < items.length) {
    const next = new URL(c.req.url);
    next.searchParams.set('page', String(page + 1));
    c.header('link', `<${next}>; rel="next"`);
  }
  return items.slice((page - 1) * size, page * size);
}

/** A request's JSON object; anything else is GitHub's 400. */
export async function bodyOf(c: RestContext): Promise<unknown> {
  const text = await c.req.text();
  try {
    return text === '' ? {} : JSON.parse(text);
  } catch {
    throw new HttpError(400, 'Problems parsing JSON');
  }
}
