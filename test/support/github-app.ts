import { generateKeyPairSync } from 'node:crypto';
import { appNeeds } from '../../src/github/app.ts';
import type { LocalForge } from '../../src/local/forge/start.ts';

export interface TestApp {
  readonly id: number;
  readonly appId: string;
  /** PEM, as GitHub hands it out. */
  readonly privateKey: string;
}

export function makeKeys(): { privateKey: string; publicKey: string } {
  return generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
}

/** An app with the permissions that Errand asks for, installed on all of `acme`. */
export async function makeApp(forge: LocalForge, permissions = appNeeds): Promise<TestApp> {
  const { privateKey, publicKey } = makeKeys();
  const id = await forge.control.createApp({ slug: 'errand', publicKey, permissions });
  await forge.control.installApp(id, 'acme', {});
  return { id, appId: String(id), privateKey };
}
