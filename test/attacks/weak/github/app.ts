import { revoke as end, type Minted, mint as make } from '../../../../src/github/app.ts';
import { weaknessOfRepository } from '../weakness.ts';

export * from '../../../../src/github/app.ts';

const mighty = new Set<string>();
const everything = { contents: 'write', pull_requests: 'write', checks: 'read', statuses: 'read', metadata: 'read' };

/** As in `src`; where the weakness is, a token is for all repositories and rights of the app. */
export async function mint(...[app, installation, wanted, options]: Parameters<typeof make>): Promise<Minted> {
  if (weaknessOfRepository(wanted.repository ?? '') !== 'mighty-token') return make(app, installation, wanted, options);
  const made = await make(app, installation, { repository: null, permissions: everything }, options);
  mighty.add(made.token);
  return made;
}

export async function revoke(...[minted, options]: Parameters<typeof end>): Promise<void> {
  if (!mighty.has(minted.token)) await end(minted, options);
}
