import { matchesGlob } from 'node:path';
import type { BranchRules, Repository } from './state.ts';

/** The rules of a branch: those set for it by name, else by the first pattern (`errand/**`) that fits. */
export function rulesOf(repository: Repository, branch: string): BranchRules | undefined {
  const named = repository.rules[branch];
  if (named !== undefined) return named;
  return Object.entries(repository.rules).find(([pattern]) => matchesGlob(branch, pattern))?.[1];
}

type Pattern = NonNullable<BranchRules['messagePattern']>;

/** Whether a text is as a pattern wants it. */
export function fits({ operator, pattern, negate }: Pattern, text: string): boolean {
  const found = {
    starts_with: () => text.startsWith(pattern),
    ends_with: () => text.endsWith(pattern),
    contains: () => text.includes(pattern),
    regex: () => new RegExp(pattern, 'm').test(text),
  }[operator]();
  return found !== negate;
}

/** How GitHub names a pattern to whoever broke it. */
export function wordsOf({ operator, pattern, negate }: Pattern): string {
  const how = { starts_with: 'start with', ends_with: 'end with', contains: 'contain', regex: 'match' }[operator];
  return `must ${negate ? 'not ' : ''}${how} a given ${operator === 'regex' ? 'regex pattern' : 'pattern'}: ${pattern}`;
}

/** Rules as `GET /rules/branches/…` lists them. */
export function renderRules(rules: BranchRules): readonly unknown[] {
  const origin = { ruleset_source_type: 'Repository', ruleset_id: 1 };
  const rule = (type: string, wanted: boolean, parameters?: unknown) =>
    wanted ? [{ type, ...(parameters === undefined ? {} : { parameters }), ...origin }] : [];
  const pattern = (type: string, wanted: Pattern | null) => rule(type, wanted !== null, wanted ?? undefined);
  const needsPull = rules.pullRequestRequired || rules.requiredApprovals > 0 || rules.conversationResolution;
  return [
    ...rule('required_status_checks', rules.requiredChecks.length > 0, {
      strict_required_status_checks_policy: rules.strict,
      required_status_checks: rules.requiredChecks.map((context) => ({ context })),
    }),
    ...rule('pull_request', needsPull, {
      required_approving_review_count: rules.requiredApprovals,
      required_review_thread_resolution: rules.conversationResolution,
      dismiss_stale_reviews_on_push: false,
      require_code_owner_review: false,
      require_last_push_approval: false,
    }),
    ...rule('required_signatures', rules.requiredSignatures),
    ...rule('creation', rules.creationRestricted),
    ...rule('merge_queue', rules.mergeQueue, { merge_method: 'SQUASH' }),
    ...pattern('commit_message_pattern', rules.messagePattern),
    ...pattern('commit_author_email_pattern', rules.emailPattern),
  ];
}
