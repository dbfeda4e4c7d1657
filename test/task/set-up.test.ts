import { expect, test } from 'vitest';
import type { BranchName, RepositoryName } from '../../src/task/ids.ts';
import { plainRepository } from '../../src/task/policy.ts';
import { inSafeOrder, isTrustedBase, secretsRefusal } from '../../src/task/set-up.ts';
import { repository } from './example.ts';

const [main, develop, agents] = ['main', 'develop', 'errand/t000001-x'] as BranchName[] as [
  BranchName,
  BranchName,
  BranchName,
];
const plain = plainRepository(repository);
const setup = { script: 'npm ci', secrets: ['NPM_TOKEN'] };
const asked = { repository, setup, baseBranch: main, defaultBranch: main };

test('a set-up gets its secrets on the usual base, the repository’s own or the operator’s', () => {
  expect(secretsRefusal(plain, asked)).toBeNull();
  expect(secretsRefusal({ ...plain, base: develop }, { ...asked, baseBranch: develop })).toBeNull();
  expect(secretsRefusal({ ...plain, base: develop }, asked)).toMatchObject({ code: 'setup_base' });
});

test('it gets none on a branch that a request names, which might be an agent’s own', () => {
  const refusal = secretsRefusal(plain, { ...asked, baseBranch: agents });
  expect(refusal?.sentence).toBe(
    `\`.errand.yml\` on \`errand/t000001-x\` of ${repository} asks for NPM_TOKEN for its set-up, and secrets are given only on \`main\`.`,
  );
  expect(secretsRefusal(undefined, { ...asked, baseBranch: agents, defaultBranch: null })).not.toBeNull();
});

test('it gets them on a branch that the operator names, and needs none of this where it asks for no secret', () => {
  expect(secretsRefusal({ ...plain, setupBranches: [develop] }, { ...asked, baseBranch: develop })).toBeNull();
  expect(secretsRefusal(plain, { ...asked, baseBranch: agents, setup: { ...setup, secrets: [] } })).toBeNull();
  expect(secretsRefusal(plain, { ...asked, baseBranch: agents, setup: null })).toBeNull();
});

test('of the set-ups of a task the one with secrets goes before those that could leave it a trap, and there is no second one', () => {
  const [shop, web, api] = ['acme/shop', 'acme/web', 'acme/api'].map((name) => ({
    repository: name as RepositoryName,
    secrets: [] as readonly string[],
  })) as [Asks, Asks, Asks];
  const asking = (setUp: Asks) => ({ ...setUp, secrets: ['TOKEN'] });
  expect(inSafeOrder([shop, web])).toEqual([shop, web]);
  expect(inSafeOrder([shop, asking(web), api])).toEqual([asking(web), shop, api]);
  expect(inSafeOrder([asking(shop), web, asking(api)])).toMatchObject({
    code: 'setup_secrets_together',
    sentence:
      "The set-ups of acme/shop and acme/api ask for secrets, and in one task one of them could read another's.",
  });
});

interface Asks {
  readonly repository: RepositoryName;
  readonly secrets: readonly string[];
}

test('a base is trusted where set-ups get secrets, and on no other branch', () => {
  expect(isTrustedBase(plain, { baseBranch: main, defaultBranch: main })).toBe(true);
  expect(isTrustedBase({ ...plain, setupBranches: [develop] }, { baseBranch: develop, defaultBranch: main })).toBe(
    true,
  );
  expect(isTrustedBase({ ...plain, base: develop }, { baseBranch: main, defaultBranch: main })).toBe(false);
  expect(isTrustedBase(plain, { baseBranch: agents, defaultBranch: main })).toBe(false);
  expect(isTrustedBase(undefined, { baseBranch: agents, defaultBranch: null })).toBe(false);
});
