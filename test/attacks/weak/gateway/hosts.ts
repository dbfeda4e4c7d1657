import {
  type ConnectTarget,
  checkConnect as check,
  normaliseHost as normalise,
} from '../../../../src/gateway/hosts.ts';
import { asked, weakness } from './which.ts';

export * from '../../../../src/gateway/hosts.ts';

export function normaliseHost(text: string): string | undefined {
  return weakness === 'addresses' ? text.toLowerCase() : normalise(text);
}

export function checkConnect(authority: string, mayReach: (host: string) => boolean): ConnectTarget {
  const [, host = '', port = ''] = /^(.*):(\d+)$/s.exec(authority) ?? [];
  Object.assign(asked, { host: host.toLowerCase().replace(/^\[|\]$/g, ''), port: Number(port) });
  switch (weakness) {
    case 'any-host':
    case 'addresses':
      return { type: 'host', host: asked.host };
    case 'any-port':
      return check(`${host}:443`, mayReach);
    case 'loose-hosts':
      return loosely(authority, mayReach) ?? check(authority, mayReach);
    default:
      return check(authority, mayReach);
  }
}

/** As lists were compared that fell: the listed name somewhere in what was asked for, and then the part that looks like a host. */
function loosely(authority: string, mayReach: (host: string) => boolean): ConnectTarget | undefined {
  const parts = authority.toLowerCase().split(/[^a-z0-9.-]+/);
  const labels = parts.flatMap((part) => {
    const names = part.split('.');
    return names.flatMap((_, from) => names.map((__, to) => names.slice(from, names.length - to).join('.')));
  });
  if (!labels.some(mayReach)) return undefined;
  const host = parts.find((part) => part.includes('.') && !mayReach(part));
  return host === undefined ? undefined : { type: 'host', host };
}
