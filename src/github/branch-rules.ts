import { type Octokit, RequestError } from 'octokit';
import type { Target } from './client.ts';
import { isLimited } from './limits.ts';

/** What is going to be pushed, as far as rules ask about it. */
export interface Pushed {
  readonly branch: string;
  /** Whether the branch is there already. */
  readonly exists: boolean;
  readonly signed: boolean;
  readonly message: string;
  readonly email: string;
}

export interface Rule {
  readonly type: string;
  readonly parameters?: unknown;
}

export interface Refusal {
  readonly sentence: string;
  readonly next: string;
}

/**
 * Why one rule will surely refuse a push; null where nothing is sure. GitHub has the last word: what it says is told as it says it. Rules
 * on files, and those that ask for pull requests, can't be judged beforehand.
 */
export function judged({ type, parameters }: Rule, pushed: Pushed): Refusal | null {
  const where = `rules for \`${pushed.branch}\``;
  switch (type) {
    case 'required_signatures':
      return pushed.signed
        ? null
        : {
            sentence: `The ${where} demand signed commits, and Errand has no key to sign with.`,
            next: 'Whoever runs Errand sets ERRAND_SIGNING_KEY_FILE; or leave branches under `errand/` out of the rule.',
          };
    case 'creation':
      return pushed.exists
        ? null
        : {
            sentence: `The ${where} let nobody create such a branch.`,
            next: 'Let Errand create branches under `errand/` in the ruleset, then retry.',
          };
    case 'update':
      return pushed.exists
        ? {
            sentence: `The ${where} let nobody push to such a branch.`,
            next: 'Let Errand push to branches under `errand/` in the ruleset, then retry.',
          }
        : null;
    case 'branch_name_pattern':
      return pattern(
        parameters,
        pushed.branch,
        `The ${where} want a branch's name that`,
        'Leave branches under `errand/` out of that rule, then retry.',
      );
    case 'commit_message_pattern':
      return pattern(
        parameters,
        pushed.message,
        `The ${where} want a commit message that`,
        'Ask anew with a first line as the rule wants it, or leave `errand/` out of the rule.',
      );
    case 'commit_author_email_pattern':
    case 'committer_email_pattern':
      return pattern(
        parameters,
        pushed.email,
        `The ${where} want a committer's address that`,
        `Whoever runs Errand sets ERRAND_COMMITTER; it commits as ${pushed.email} now.`,
      );
    default:
      return null;
  }
}

function pattern(parameters: unknown, text: string, begins: string, next: string) {
  const { operator, pattern: wanted, negate } = fieldsOf(parameters);
  if (typeof wanted !== 'string' || typeof operator !== 'string') return null;
  const found = matches(operator, wanted, text);
  if (found === null || found !== (negate === true)) return null;
  const verb = { starts_with: 'start with', ends_with: 'end with', contains: 'contain', regex: 'match' }[operator];
  const how = `${negate === true ? 'does not' : 'must'} ${verb ?? operator}`;
  return { sentence: `${begins} ${how} \`${wanted.replaceAll('`', '').slice(0, 100)}\`.`, next };
}

/** Null where this can't tell: GitHub's expressions are RE2, and not every one is ours. */
function matches(operator: string, wanted: string, text: string): boolean | null {
  switch (operator) {
    case 'starts_with':
      return text.startsWith(wanted);
    case 'ends_with':
      return text.endsWith(wanted);
    case 'contains':
      return text.includes(wanted);
    case 'regex':
      return regexMatches(wanted, text);
    default:
      return null;
  }
}

function regexMatches(wanted: string, text: string): boolean | null {
  // Nested repeats can take for ever here and never do with GitHub.
  if (/[+*}]\)?[+*{]/.test(wanted) || wanted.length > 200) return null;
  try {
    return new RegExp(wanted, 'mu').test(text.slice(0, 1_000));
  } catch {
    return null;
  }
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}

/** Why the rules of a branch, whether it is there or not, will surely refuse a push; those that whoever asks may pass by don't count. */
export async function findRefusal(octokit: Octokit, target: Target, pushed: Pushed): Promise<Refusal | null> {
  const list = octokit.rest.repos.getBranchRules;
  const rules = await octokit.paginate(list, { ...target, branch: pushed.branch, per_page: 100 });
  const asked = new Map<number, boolean>();
  for (const rule of rules) {
    const why = judged(rule, pushed);
    if (why === null) continue;
    const id = rule.ruleset_id;
    const passes = id !== undefined && (asked.get(id) ?? (await mayPassBy(octokit, target, id)));
    if (!passes) return why;
    asked.set(id, true);
  }
  return null;
}

/** Rulesets of an organisation are not everybody's to read: they bind. */
async function mayPassBy(octokit: Octokit, target: Target, id: number): Promise<boolean> {
  const ruleset = await octokit.rest.repos.getRepoRuleset({ ...target, ruleset_id: id }).catch((error: unknown) => {
    if (error instanceof RequestError && [403, 404].includes(error.status) && !isLimited(error)) return null;
    throw error;
  });
  return ['always', 'exempt'].includes(ruleset?.data.current_user_can_bypass ?? 'never');
}
