import type { Registry } from '../task/network.ts';

export type RegistryTarget =
  | { readonly type: 'path'; readonly registry: Registry; readonly url: string }
  /** A file that a page of the registry named; whether it did, its seal says. */
  | { readonly type: 'sealed'; readonly registry: Registry; readonly seal: string; readonly url: string }
  /** A file of cargo's, which its registry keeps where its own configuration says. */
  | { readonly type: 'crate'; readonly registry: Registry; readonly crate: string; readonly version: string }
  | { readonly type: 'refused'; readonly status: 403 | 404 | 405; readonly sentence: string };

export const maxPathChars = 512;
const maxSealedChars = 4096;

// Names of packages and their files; `/`, `+`, `@`, `:` and `=` may come encoded, as npm, apt and pip write them.
const segment = '(?:[\\w.@+~!:,=^-]|%(?:2[fFbB]|40|3[aAdD])){1,214}';
const path = new RegExp(`^(?:${segment}/){0,15}(?:${segment})?$`);

/**
 * What a request to `/registry/<name>/…` asks for: a path below the registry, as it came on the wire. No query, nothing that needs
 * normalising, names no longer than names are. Requests read and carry nothing else; npm's own functions (`/-/…`) are left out.
 */
export function findRegistryTarget(registries: readonly Registry[], method: string, target: string): RegistryTarget {
  const parts = /^\/registry\/([a-z0-9-]{1,40})\/(.*)$/s.exec(target);
  const registry = registries.find(({ name }) => name === parts?.[1]);
  if (parts === null || registry === undefined) return refused(404, 'This task may not read from such a registry.');
  if (method !== 'GET' && method !== 'HEAD')
    return refused(405, `${method} is not open here: registries are only read.`);
  // apt writes the folder of a flat source as `./`.
  const rest = (parts[2] ?? '').replaceAll(registry.kind === 'apt' ? /(?<=^|\/)\.\//g : /$^/g, '');
  const sealed = /^-\/([\w-]{43})\/([\w-]+)\/[\w.+!-]+?(\.metadata)?$/.exec(rest);
  if (sealed !== null && rest.length <= maxSealedChars) {
    const [, seal = '', encoded = '', metadata = ''] = sealed;
    const url = Buffer.from(encoded, 'base64url').toString();
    // A wheel's own description lies beside it, under its name with this ending.
    return { type: 'sealed', registry, seal, url: `${url}${metadata}` };
  }
  const names = rest.split(/\/|%2f/i);
  const odd = names.some((each, index) => /^\.{1,2}$/.test(each) || (each === '' && index < names.length - 1));
  if (rest.length > maxPathChars || !path.test(rest) || odd) {
    return refused(403, 'This is no path of a package: names only, without a query, are passed on.');
  }
  const file = registry.kind === 'cargo' ? /^-\/dl\/([\w-]{1,64})\/([\w.+-]{1,64})$/.exec(rest) : null;
  if (file !== null) return { type: 'crate', registry, crate: file[1] ?? '', version: file[2] ?? '' };
  if (names[0] === '-') return refused(403, 'Only packages are read here.');
  return { type: 'path', registry, url: toUrl(registry, rest) };
}

/** npm puts the path of a lock file's address behind that of its registry, which doubles the registry's own. */
function toUrl({ kind, url }: Registry, rest: string): string {
  const own = new URL(url).pathname.slice(1);
  const shorter = own !== '' && rest.startsWith(own) ? rest.slice(own.length) : undefined;
  const tarball = /^(?:@[^/]+\/)?[^/]+\/-\/.+\.tgz$/;
  const doubled = kind === 'npm' && shorter !== undefined && !tarball.test(rest) && tarball.test(shorter);
  return url + (doubled ? shorter : rest);
}

function refused(status: 403 | 404 | 405, sentence: string): RegistryTarget {
  return { type: 'refused', status, sentence };
}
