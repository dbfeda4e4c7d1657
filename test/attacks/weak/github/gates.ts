import { judge as judged } from '../../../../src/github/gates.ts';
import { weaknessOfRepository } from '../weakness.ts';

export * from '../../../../src/github/gates.ts';

/** As in `src`; the pull request's address says whose it is. */
export function judge(
  ...[facts, head, expected, checksSettleMs]: Parameters<typeof judged>
): ReturnType<typeof judged> {
  const [, repository = ''] = /^\/([^/]+\/[^/]+)\/pull\//.exec(new URL(facts.url).pathname) ?? [];
  switch (weaknessOfRepository(repository)) {
    case 'no-gates':
      return { type: 'ready' };
    case 'any-base':
      return judged(facts, head, { base: null, repositoryId: null }, checksSettleMs);
    default:
      return judged(facts, head, expected, checksSettleMs);
  }
}
