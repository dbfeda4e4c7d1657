import { EnvHttpProxyAgent, fetch as undiciFetch } from 'undici';
import type { Config } from '../config.ts';

/**
 * How outward calls leave a machine behind a proxy; nothing when there is none. The host's own authorities are Node's business:
 * each process is started with NODE_EXTRA_CA_CERTS.
 */
export function outbound({ httpProxy, httpsProxy, noProxy }: Config['outbound']): WayOut {
  if (httpProxy === null && httpsProxy === null) return {};
  const dispatcher = new EnvHttpProxyAgent({
    ...(httpProxy === null ? {} : { httpProxy }),
    ...(httpsProxy === null ? {} : { httpsProxy }),
    noProxy: ['127.0.0.1', 'localhost', ...noProxy].join(','),
  });
  const proxied: unknown = (input: Parameters<typeof undiciFetch>[0], init?: Parameters<typeof undiciFetch>[1]) =>
    undiciFetch(input, { ...init, dispatcher });
  return { fetch: proxied as typeof fetch, dispatcher };
}

export interface WayOut {
  readonly fetch?: typeof fetch;
  readonly dispatcher?: EnvHttpProxyAgent;
}

/** The same for programs that read the environment, such as git. */
export function outboundEnv({ httpProxy, httpsProxy, noProxy, caFile }: Config['outbound']): Record<string, string> {
  return {
    ...(httpProxy === null ? {} : { http_proxy: httpProxy }),
    ...(httpsProxy === null ? {} : { https_proxy: httpsProxy }),
    ...(noProxy.length === 0 ? {} : { no_proxy: noProxy.join(',') }),
    ...(caFile === null ? {} : { GIT_SSL_CAINFO: caFile }),
  };
}
