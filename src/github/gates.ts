import type { Expected, Mergeable } from '../task/ports/forge.ts';

export interface ReportedCheck {
  readonly name: string;
  readonly state: 'passed' | 'failed' | 'running';
  /** The app that reported a check run; null for a commit status. */
  readonly app: number | null;
  /** Epoch milliseconds, by GitHub's clock; null while it runs. */
  readonly endedAt: number | null;
}

/** Everything that GitHub says about one pull request, asked for one head. */
export interface Facts {
  readonly state: 'open' | 'closed' | 'merged';
  readonly head: string;
  readonly draft: boolean;
  readonly base: string;
  readonly repositoryId: number;
  readonly headRepositoryId: number | null;
  readonly mergeable: boolean | null;
  /** GitHub's summary: `clean`, `blocked`, `behind`, … */
  readonly mergeableState: string;
  readonly required: readonly { readonly name: string; readonly app: number | null }[];
  /** The head must contain the base. */
  readonly strict: boolean;
  readonly behindBy: number;
  readonly checks: readonly ReportedCheck[];
  /** How long ago the last of them ended. */
  readonly checksEndedForMs: number;
  readonly approvals: number;
  readonly requiredApprovals: number;
  readonly changesRequestedBy: readonly string[];
  readonly conversationsMustBeResolved: boolean;
  /** The pull request on GitHub. */
  readonly url: string;
  /** The base demands signed commits, and these are not, or not by a key that GitHub knows; empty where it doesn't. */
  readonly unsigned: readonly { readonly sha: string; readonly reason: string }[];
  readonly mergeQueue: boolean;
  /** Whether workflows of the base branch are set to run on this head: surely, perhaps, or not. */
  readonly workflowsRun: 'yes' | 'maybe' | 'no';
  readonly headSeenForMs: number;
}

const summaryLagMs = 15_000;

/**
 * Whether exactly `head` may be merged now, later, or not as things are. A required check that has not reported is pending; where nothing
 * is required, every check that has reported counts.
 */
export function judge(facts: Facts, head: string, expected: Expected, checksSettleMs: number): Mergeable {
  if (facts.state === 'merged') return { type: 'ready' };
  if (facts.state === 'closed')
    return refused('The pull request is closed', 'Reopen it on GitHub, or reply to start a new task.');
  const stray = judgePlace(facts, expected);
  if (stray !== undefined) return stray;
  if (facts.head !== head) {
    // The pull request can lag behind its branch; a branch that really moved voids the approval where heads are watched.
    return pending(`GitHub shows commit ${facts.head.slice(0, 7)} on the pull request, not yet ${head.slice(0, 7)}`);
  }
  if (facts.draft)
    return refused('The pull request is a draft', 'Mark it as ready for review on GitHub, then approve again.');
  if (facts.mergeable === false) {
    return refused(
      `It conflicts with \`${facts.base}\``,
      'Reply in the thread to have the conflict resolved, then approve again.',
    );
  }
  return judgeRules(facts) ?? judgeReviews(facts) ?? judgeChecks(facts, checksSettleMs) ?? judgeRest(facts);
}

/** What was approved goes into one branch of one repository, and comes from that repository. */
function judgePlace({ base, repositoryId, headRepositoryId }: Facts, expected: Expected): Mergeable | undefined {
  const own = expected.repositoryId ?? repositoryId;
  if (repositoryId !== own || headRepositoryId !== own) {
    return refused(
      'The pull request is not between two branches of the repository that this task was started in',
      'Look at it on GitHub, and start the task anew where it belongs.',
    );
  }
  if (expected.base === null || base === expected.base) return undefined;
  return refused(
    `The pull request now goes into \`${base}\`, and this task is for \`${expected.base}\``,
    `Set its base back to \`${expected.base}\` on GitHub, then approve again; or start a task for \`${base}\`.`,
  );
}

/** What no waiting and no review makes good. */
function judgeRules({ base, mergeQueue, unsigned, url }: Facts): Mergeable | undefined {
  if (mergeQueue) {
    return refused(
      `\`${base}\` merges through a merge queue, and GitHub lets no program put a pull request into it over REST`,
      `Choose *Merge when ready* at ${url}; Errand sees when it is merged.`,
    );
  }
  const [first, ...others] = unsigned;
  if (first === undefined) return undefined;
  const more = others.length === 0 ? '' : ` and ${others.length} more`;
  const why = unverified[first.reason] ?? `GitHub does not verify it (${first.reason.replaceAll('_', ' ')})`;
  return refused(
    `\`${base}\` demands signed commits, and commit ${first.sha.slice(0, 7)}${more} will not do: ${why}`,
    'Sign the commits and push them to the branch, or have ERRAND_SIGNING_KEY_FILE set and ask anew.',
  );
}

const unverified: Readonly<Record<string, string>> = {
  unsigned: 'it has no signature',
  unknown_key: 'no account on GitHub has its key as a signing key',
  bad_email: 'its key belongs to another account than its address',
  no_user: 'its address belongs to no account',
};

function judgeReviews(facts: Facts): Mergeable | undefined {
  const [first, ...others] = facts.changesRequestedBy;
  if (first !== undefined) {
    const names = [first, ...others].join(', ');
    return refused(
      `Changes are requested on GitHub by ${names}`,
      'Reply with what to change, or have the review dismissed.',
    );
  }
  if (facts.approvals < facts.requiredApprovals) {
    const count = `${facts.requiredApprovals} approving ${facts.requiredApprovals === 1 ? 'review' : 'reviews'}`;
    const sentence = `\`${facts.base}\` requires ${count} on GitHub, and there ${facts.approvals === 1 ? 'is' : 'are'} ${facts.approvals}`;
    return refused(sentence, 'Review it on GitHub, then approve again.');
  }
  return undefined;
}

function judgeChecks(facts: Facts, checksSettleMs: number): Mergeable | undefined {
  const required = facts.required.map(({ name, app }) => ({ name, state: stateOf(facts.checks, name, app) }));
  const counting = required.length > 0 ? required : facts.checks;
  const kind = required.length > 0 ? 'Required checks' : 'Checks';
  const named = (state: string) => counting.filter((each) => each.state === state).map(({ name }) => `\`${name}\``);
  const failed = named('failed');
  if (failed.length > 0) {
    return refused(
      `${kind} fail: ${listed(failed)}`,
      'Reply in the thread to have them mended, or run them again on GitHub.',
    );
  }
  const running = named('running');
  if (running.length > 0) return pending(`${kind} are still running: ${listed(running)}`);
  const silent = named('missing');
  if (silent.length > 0) return pending(`${kind} have not reported yet: ${listed(silent)}`);
  if (facts.checks.length > 0 || facts.workflowsRun === 'no') return undefined;
  const settled = facts.headSeenForMs >= checksSettleMs;
  if (!settled) return pending('The workflows of the repository have not reported yet');
  if (facts.workflowsRun === 'maybe') return undefined;
  const seconds = Math.round(checksSettleMs / 1_000);
  return pending(
    `The repository has workflows for this branch, and none has reported for ${seconds} s; Errand waits for them`,
  );
}

function judgeRest(facts: Facts): Mergeable {
  if (facts.mergeable === null) return pending('GitHub is still working out whether it can be merged');
  if (facts.mergeableState === 'behind' || (facts.strict && facts.behindBy > 0)) {
    const next = 'Update the branch on GitHub, or reply to have it done; then approve the new head.';
    return refused(`\`${facts.base}\` has moved on, and its rules require an up-to-date branch`, next);
  }
  if (facts.mergeableState === 'blocked') {
    // GitHub works its summary out after a check has reported.
    if (facts.required.length > 0 && facts.checksEndedForMs < summaryLagMs) {
      return pending('Required checks have just passed, and GitHub still shows the merge as blocked');
    }
    return facts.conversationsMustBeResolved
      ? refused('Conversations on the pull request are open', 'Resolve them on GitHub, then approve again.')
      : refused(
          `A rule of \`${facts.base}\` blocks the merge`,
          'Look at what is missing on GitHub, then approve again.',
        );
  }
  return { type: 'ready' };
}

/** The worst that was reported under a name; an app that a rule names must have reported it itself. */
function stateOf(
  checks: readonly ReportedCheck[],
  name: string,
  app: number | null,
): ReportedCheck['state'] | 'missing' {
  const mine = checks.filter((each) => each.name === name && (app === null || each.app === null || each.app === app));
  if (mine.some(({ state }) => state === 'failed')) return 'failed';
  if (mine.some(({ state }) => state === 'running')) return 'running';
  return mine.length > 0 ? 'passed' : 'missing';
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, 5).join(', ');
  return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown;
}

function refused(sentence: string, next: string): Mergeable {
  return { type: 'refused', sentence: `${sentence}.`, next };
}

function pending(reason: string): Mergeable {
  return { type: 'pending', reason };
}
