import type { Store } from './state.ts';

/**
 * What GitHub makes of an address whose repository was renamed or moved: REST is sent on by the repository's number (301, and 307 for
 * writes), git to the new name; `/repositories/<number>` is the repository under whatever name. A name that was taken again is whose it is.
 */
export function movedTo(
  store: Store,
  method: string,
  url: string,
  at: { readonly api: string; readonly git: string },
): { readonly status: 301 | 307; readonly location: string } | undefined {
  const [path = '/', query] = url.split('?');
  const [, rest, owner = '', name = '', below = ''] =
    /^(\/repos)?\/([^/]+)\/([^/]+?)((?:\.git)?(?:\/.*)?)$/.exec(path) ?? [];
  if (store.find(owner, name) !== undefined) return undefined;
  const wanted = `${owner}/${name}`.toLowerCase();
  const id = store.state.moved.findLast(({ from }) => from === wanted)?.id;
  const now = store.state.repositories.find((each) => each.id === id);
  if (id === undefined || now === undefined) return undefined;
  const place =
    rest === undefined ? `${at.git}/${now.owner}/${now.name}${below}` : `${at.api}/repositories/${id}${below}`;
  return {
    status: ['GET', 'HEAD'].includes(method) ? 301 : 307,
    location: query === undefined ? place : `${place}?${query}`,
  };
}

/** `/repositories/<number>/…` as the path that a name has; other paths as they are. */
export function byName(store: Store, url: string): string {
  const [, id, rest = ''] = /^\/repositories\/(\d+)(.*)$/.exec(url) ?? [];
  const found = store.state.repositories.find((each) => String(each.id) === id);
  return found === undefined ? url : `/repos/${found.owner}/${found.name}${rest}`;
}
