import { existsSync, readFileSync } from 'node:fs';

/** Every certificate authority that this host trusts, a company's proxy among them, as one PEM text; empty when there is none. */
export function hostCertificates(env: Readonly<Record<string, string | undefined>> = process.env): string {
  const files = ['/etc/ssl/certs/ca-certificates.crt', env.SSL_CERT_FILE, env.NODE_EXTRA_CA_CERTS];
  const found = new Set<string>();
  for (const file of new Set(files)) {
    if (!file || !existsSync(file)) continue;
    const blocks = readFileSync(file, 'utf8').match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g);
    for (const block of blocks ?? []) found.add(block);
  }
  return Array.from(found, (block) => `${block}\n`).join('');
}
