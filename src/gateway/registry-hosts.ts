import type { Registry } from '../task/network.ts';

/**
 * Whether an address is the registry's own: its scheme, host and port, or its host over TLS on port 443. What a page or a redirect says
 * about where files are is no ground: anybody may have written it who publishes a package. A registry that keeps files elsewhere has
 * that host opened beside it by the operator.
 */
export function isOwn({ url }: Registry, { origin, protocol, port, hostname, username, password }: URL): boolean {
  if (username !== '' || password !== '') return false;
  const own = new URL(url);
  if (origin === own.origin) return true;
  return protocol === 'https:' && port === '' && hostname === own.hostname;
}
