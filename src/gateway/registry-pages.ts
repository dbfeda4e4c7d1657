import type { Registry } from '../task/network.ts';

/** Where a sandbox finds its gateway; `path` begins with a slash. */
export type ToRoute = (path: string) => string;

export interface PageOrder {
  readonly registry: Registry;
  /** Where the page came from in the end. */
  readonly url: string;
  readonly userAgent: string;
  /** The address of a file on the route, with the seal that the page named it. */
  readonly sealed: (url: string, name: string) => string;
  readonly toRoute: ToRoute;
  /** Whether the route may fetch from there. An address of which that isn't so stays as it is, and leads nowhere. */
  readonly mayVisit: (url: URL) => boolean;
}

/** Whether the answer is a page whose addresses have to lead through the route; all else passes as it comes. */
export function isPage({ registry, url, userAgent }: Pick<PageOrder, 'registry' | 'url' | 'userAgent'>): boolean {
  const { pathname } = new URL(url);
  switch (registry.kind) {
    case 'npm':
      // npm takes each address to its registry by itself, and writes the true one into its lock file.
      return !pathname.endsWith('.tgz') && !/^npm\//.test(userAgent);
    case 'pip':
      return !isFile(pathname);
    case 'cargo':
      return pathname.endsWith('/config.json');
    case 'apt':
      return false;
    default:
      return registry.kind satisfies never;
  }
}

/** The page with its addresses on the route. */
export function onRoute(page: string, order: PageOrder): string {
  switch (order.registry.kind) {
    case 'npm':
      return withTarballs(page, order);
    case 'pip':
      return page.replace(/(<a\b[^>]*?\bhref\s*=\s*)(["'])(.*?)\2/gis, (_whole, before, quote, href) => {
        return `${before}${quote}${toLink(href, order)}${quote}`;
      });
    case 'cargo':
      return page.replace(/("dl"\s*:\s*)"([^"\\]+)"/, (_whole, key) => {
        return `${key}"${order.toRoute(`/registry/${order.registry.name}/-/dl/{crate}/{version}`)}"`;
      });
    case 'apt':
      return page;
    default:
      return order.registry.kind satisfies never;
  }
}

/** Where cargo's registry keeps a crate, by the template of its own configuration. Undefined without one. */
export function toCrateUrl(config: string, crate: string, version: string): string | undefined {
  const template = /"dl"\s*:\s*"([^"\\]+)"/.exec(config)?.[1];
  if (template === undefined) return undefined;
  const lower = crate.toLowerCase();
  const folder = (name: string) => {
    if (name.length <= 2) return `${name.length}`;
    return name.length === 3 ? `3/${name[0]}` : `${name.slice(0, 2)}/${name.slice(2, 4)}`;
  };
  const marked = /\{(?:crate|version|prefix|lowerprefix)\}/.test(template);
  return (marked ? template : `${template}/{crate}/{version}/download`)
    .replaceAll('{crate}', crate)
    .replaceAll('{version}', version)
    .replaceAll('{prefix}', folder(crate))
    .replaceAll('{lowerprefix}', folder(lower));
}

/** Only the registry's own word of where a version's file is; all else in a page is its publisher's. */
function withTarballs(page: string, order: PageOrder): string {
  let found: unknown;
  try {
    found = JSON.parse(page);
  } catch {
    return page;
  }
  if (!isPart(found)) return page;
  for (const version of [found, ...(isPart(found.versions) ? Object.values(found.versions) : [])]) {
    const dist = isPart(version) ? version.dist : undefined;
    if (isPart(dist) && typeof dist.tarball === 'string') dist.tarball = toTarball(dist.tarball, order);
  }
  return JSON.stringify(found);
}

function isPart(value: unknown): value is { versions?: unknown; dist?: unknown; tarball?: unknown } {
  return typeof value === 'object' && value !== null;
}

function toTarball(url: string, { registry, toRoute, sealed, mayVisit }: PageOrder): string {
  const route = `/registry/${registry.name}/`;
  if (url.startsWith(registry.url)) return toRoute(`${route}${url.slice(registry.url.length)}`);
  const target = URL.parse(url);
  const name = target?.pathname.split('/').at(-1) ?? '';
  return target === null || name === '' || !mayVisit(target) ? url : sealed(target.href, name);
}

function toLink(href: string, { url, sealed, mayVisit }: PageOrder): string {
  const target = URL.parse(href.replaceAll('&amp;', '&'), url);
  const name = target?.pathname.split('/').at(-1) ?? '';
  if (target === null || !isFile(target.pathname) || !mayVisit(target)) return href;
  const { hash } = target;
  target.hash = '';
  return `${sealed(target.href, name)}${hash}`;
}

function isFile(pathname: string): boolean {
  return /\.(?:whl|tar\.gz|zip|tar\.bz2|tgz|egg|exe|metadata|asc)$/.test(pathname);
}
