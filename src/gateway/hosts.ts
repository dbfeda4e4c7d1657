import { isIP } from 'node:net';

export type ConnectTarget =
  | { readonly type: 'host'; readonly host: string }
  | {
      readonly type: 'refused';
      readonly host: string;
      readonly sentence: string;
      /** Whether the list alone was in the way. */
      readonly allowable: boolean;
    };

const label = '[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?';
const name = new RegExp(`^${label}(?:\\.${label})+$`);

/** The form that hosts are compared in: lower case, without a final dot. Undefined for what is no plain DNS name, addresses included. */
export function normaliseHost(text: string): string | undefined {
  const host = text.toLowerCase().replace(/\.$/, '');
  // A last label of digits (or hex) alone is how an address can be disguised as a name.
  const last = host.slice(host.lastIndexOf('.') + 1);
  if (host.length > 253 || !name.test(host) || isIP(host) !== 0 || /^(\d+|0x[0-9a-f]*)$/.test(last)) return undefined;
  return host;
}

/** Judges the authority of a CONNECT request: a DNS name that may be reached, on port 443, and nothing around it. */
export function checkConnect(authority: string, mayReach: (host: string) => boolean): ConnectTarget {
  const shown = authority.replace(/[^\x21-\x7e]/g, '?').slice(0, 253);
  const parts = /^([^:@/?#[\]\\]+):(\d{1,5})$/.exec(authority);
  const host = parts === null ? undefined : normaliseHost(parts[1] ?? '');
  if (parts === null || host === undefined) {
    return refused(
      shown,
      `${shown} is not a host name with a port: addresses and anything else are not open to a task.`,
    );
  }
  if (parts[2] !== '443')
    return refused(`${host}:${parts[2]}`, `${host}:${parts[2]} is not open to this task: only port 443 is.`);
  if (!mayReach(host)) return refused(host, `${host} is not on this task's list of allowed hosts.`, true);
  return { type: 'host', host };
}

function refused(host: string, sentence: string, allowable = false): ConnectTarget {
  return { type: 'refused', host, sentence, allowable };
}
