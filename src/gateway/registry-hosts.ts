import type { Registry } from '../task/network.ts';

/** Where public registries keep their files, by the host of their index, as their own documentation says. */
const fileHosts: Readonly<Record<string, string>> = {
  'pypi.org': 'files.pythonhosted.org',
  'test.pypi.org': 'test-files.pythonhosted.org',
  'index.crates.io': 'static.crates.io',
  'registry.yarnpkg.com': 'registry.npmjs.org',
};

/**
 * Whether an address is the registry's own: its scheme, host and port, or its host or the fixed host of its files over TLS on port 443.
 * What a page or a redirect says about where files are is no ground: anybody may have written it who publishes a package.
 */
export function isOwn({ url }: Registry, { origin, protocol, port, hostname, username, password }: URL): boolean {
  if (username !== '' || password !== '') return false;
  const own = new URL(url);
  if (origin === own.origin) return true;
  const files = Object.hasOwn(fileHosts, own.hostname) ? fileHosts[own.hostname] : undefined;
  return protocol === 'https:' && port === '' && (hostname === own.hostname || hostname === files);
}
