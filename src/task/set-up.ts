import type { BranchName, RepositoryName } from './ids.ts';
import type { RepositoryPolicy } from './policy.ts';
import type { Failure, SetupScript } from './task.ts';

type Bases = Pick<RepositoryPolicy, 'base' | 'setupBranches'> | undefined;
interface AskedBase {
  readonly baseBranch: BranchName;
  readonly defaultBranch: BranchName | null;
}

/**
 * Whether what `.errand.yml` says on this base may open something: on the usual base, and on branches that the operator names for
 * set-ups. A request can name any branch as its base, also one that an agent pushed and nobody has looked at.
 */
export function isTrustedBase(policy: Bases, asked: AskedBase): boolean {
  return trustedBases(policy, asked).includes(asked.baseBranch);
}

function trustedBases(policy: Bases, { defaultBranch }: AskedBase): readonly BranchName[] {
  const usual = policy?.base ?? defaultBranch;
  return [...(usual === null ? [] : [usual]), ...(policy?.setupBranches ?? [])];
}

/**
 * Why a set-up gets none of the secrets that it asks for; null where it may: scripts get secrets only on bases that are
 * trusted.
 */
export function secretsRefusal(
  policy: Bases,
  asked: AskedBase & { readonly repository: RepositoryName; readonly setup: SetupScript | null },
): Failure | null {
  const { repository, setup, baseBranch } = asked;
  if (setup === null || setup.secrets.length === 0 || isTrustedBase(policy, asked)) return null;
  const allowed = trustedBases(policy, asked);
  return {
    code: 'setup_base',
    sentence: `\`.errand.yml\` on \`${baseBranch}\` of ${repository} asks for ${setup.secrets.join(', ')} for its set-up, and secrets are given only on ${allowed.map((name) => `\`${name}\``).join(', ') || 'no branch'}.`,
    next: `Start from there, or have whoever runs Errand name the branch at \`repositories.${repository}.setup.branches\`.`,
  };
}

/**
 * The order in which the set-ups of a task run, or why they don't. They share one home and can see each other's checkouts: what one
 * leaves there (a package manager's settings, say) acts in the next. So whoever has secrets goes first, and is the only one.
 */
export function inSafeOrder<T extends { readonly repository: RepositoryName; readonly secrets: readonly string[] }>(
  setUps: readonly T[],
): readonly T[] | Failure {
  const [first, ...more] = setUps.filter(({ secrets }) => secrets.length > 0);
  if (first === undefined) return setUps;
  if (more.length > 0) {
    const names = [first, ...more].map(({ repository }) => repository).join(' and ');
    return {
      code: 'setup_secrets_together',
      sentence: `The set-ups of ${names} ask for secrets, and in one task one of them could read another's.`,
      next: 'Start one task for each of them, or have one set up without secrets.',
    };
  }
  return [first, ...setUps.filter((setUp) => setUp !== first)];
}
