/** Whether a text of an agent's may lead to this address. */
export function isKnown(url: string, hosts: readonly string[]): boolean {
  const parsed = URL.parse(url);
  return parsed !== null && ['https:', 'http:'].includes(parsed.protocol) && hosts.includes(parsed.host);
}

const tail = '[^\\s<>"\'`)\\]]*';
/** With a scheme, its slashes escaped or not; of a kind that has no slashes; a bare host with a path, or one that begins with www. */
const address = [
  `[a-z][a-z0-9+.-]{0,30}:\\\\?/\\\\?/${tail}`,
  `(?<![\\w])(?:mailto|tel|sms|javascript|data|vbscript|file|blob):(?!\\s)${tail}`,
  `(?<![\\w@.:/[-])(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\\.)+[a-z]{2,24}(?::\\d{1,5})?(?=[/?#])${tail}`,
  `(?<![\\w@.:/[-])www\\.${tail}`,
].join('|');

export const addressPattern: string = address;

/**
 * A text in which every address outside `hosts` is written so that nothing makes a link of it, and everybody sees where it would
 * have led: `hxxps://evil[.]example/a`.
 */
export function defang(text: string, hosts: readonly string[]): string {
  return text.replaceAll(new RegExp(address, 'gi'), (found) => (leadsToKnown(found, hosts) ? found : disarm(found)));
}

/** The same for one address. */
export function disarm(url: string): string {
  const [, scheme = '', rest = url] = /^([a-z][a-z0-9+.-]*):(.*)$/is.exec(url.replaceAll(/\\(?=\/)/g, '')) ?? [];
  const [, slashes = '', host = '', path = ''] = /^(\/*)([^/?#]*)(.*)$/s.exec(rest) ?? [];
  const shown = `${slashes}${host.replaceAll('.', '[.]')}${path}`;
  if (scheme === '') return shown;
  return /^https?$/i.test(scheme) ? `${scheme.toLowerCase().replace('tt', 'xx')}:${shown}` : `${scheme}[:]${shown}`;
}

function leadsToKnown(found: string, hosts: readonly string[]): boolean {
  if (found.includes('\\')) return false;
  return isKnown(/^[a-z][a-z0-9+.-]*:/i.test(found) && found.includes('://') ? found : `https://${found}`, hosts);
}
