import type { BranchName, RepositoryName } from './ids.ts';
import type { RepositoryPolicy } from './policy.ts';
import type { Failure, SetupScript } from './task.ts';

/**
 * Why a set-up gets none of the secrets that it asks for; null where it may. A request can name any branch as its base, also one that
 * nobody has looked at: scripts get secrets only on the usual base, and on branches that the operator names.
 */
export function secretsRefusal(
  policy: Pick<RepositoryPolicy, 'base' | 'setupBranches'> | undefined,
  asked: {
    readonly repository: RepositoryName;
    readonly setup: SetupScript | null;
    readonly baseBranch: BranchName;
    readonly defaultBranch: BranchName | null;
  },
): Failure | null {
  const { repository, setup, baseBranch, defaultBranch } = asked;
  if (setup === null || setup.secrets.length === 0) return null;
  const usual = policy?.base ?? defaultBranch;
  const allowed = [...(usual === null ? [] : [usual]), ...(policy?.setupBranches ?? [])];
  if (allowed.includes(baseBranch)) return null;
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
