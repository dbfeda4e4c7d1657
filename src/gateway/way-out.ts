import { lookup } from 'node:dns/promises';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect, isIPv6, type Socket } from 'node:net';
import { isPublicAddress } from './addresses.ts';
import type { WayOut } from './policy.ts';

/** How the egress proxy reaches a host that the policy allows. */
export interface Outside {
  /** Every address of a name; throws when there is none. */
  resolve(host: string): Promise<readonly string[]>;
  mayConnect(address: string): boolean;
  /** Whether the machine itself reaches this host through a proxy, which knows names that the machine may not. */
  behindProxy(host: string): boolean;
  /** Connects to port 443 of one of these addresses and no other, or through the machine's proxy. */
  dial(host: string, addresses: readonly string[], signal: AbortSignal): Promise<Socket>;
}

export function makeOutside({ proxy, noProxy = '' }: WayOut, ca?: readonly string[]): Outside {
  const behindProxy = (host: string) => proxy !== undefined && !bypasses(noProxy, host);
  return {
    async resolve(host) {
      const found = await lookup(host, { all: true, verbatim: true });
      return found.map(({ address }) => address);
    },
    mayConnect: isPublicAddress,
    behindProxy,
    dial: (host, addresses, signal) =>
      proxy !== undefined && behindProxy(host)
        ? dialThroughProxy(new URL(proxy), host, signal, ca)
        : dialDirectly(host, addresses, signal),
  };
}

/** Whether `NO_PROXY` names a host: itself, a domain above it, or everything. */
export function bypasses(noProxy: string, host: string): boolean {
  return noProxy
    .split(/[\s,]+/)
    .map((entry) => entry.toLowerCase().replace(/^\*?\./, ''))
    .some((entry) => entry === '*' || (entry !== '' && (host === entry || host.endsWith(`.${entry}`))));
}

function dialDirectly(host: string, addresses: readonly string[], signal: AbortSignal): Promise<Socket> {
  const checked = addresses.map((address) => ({ address, family: isIPv6(address) ? 6 : 4 }));
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const socket = connect({
    host,
    port: 443,
    autoSelectFamily: true,
    signal,
    allowHalfOpen: true,
    // The name is resolved no second time: a second answer could be another address.
    lookup: (_host, { all }, done) => {
      const [first] = checked;
      if (all) done(null, checked);
      else done(null, first?.address ?? '', first?.family);
    },
  });
  socket.once('error', reject);
  socket.once('connect', () => {
    socket.off('error', reject);
    resolve(socket);
  });
  return promise;
}

function dialThroughProxy(
  proxy: URL,
  host: string,
  signal: AbortSignal,
  ca: readonly string[] | undefined,
): Promise<Socket> {
  const login = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
  const authorisation =
    login === ':' ? {} : { 'proxy-authorization': `Basic ${Buffer.from(login).toString('base64')}` };
  const secure = proxy.protocol === 'https:';
  const target = `${host}:443`;
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const request = (secure ? httpsRequest : httpRequest)({
    host: proxy.hostname.replace(/^\[|\]$/g, ''),
    port: proxy.port || (secure ? 443 : 80),
    method: 'CONNECT',
    path: target,
    headers: { host: target, ...authorisation },
    agent: false,
    signal,
    ...(secure && ca !== undefined ? { ca: [...ca] } : {}),
  });
  request.once('connect', (response, socket, head) => {
    if (response.statusCode !== 200) {
      socket.destroy();
      reject(new Error(`the machine's proxy answered ${response.statusCode}`));
      return;
    }
    if (head.length > 0) socket.unshift(head);
    resolve(socket);
  });
  request.once('response', (response) => {
    response.destroy();
    reject(new Error(`the machine's proxy answered ${response.statusCode}`));
  });
  request.once('error', reject);
  request.end();
  return promise;
}
