import { type Octokit, RequestError } from 'octokit';
import type { WorkflowsRun } from '../task/workflows.ts';
import type { Target } from './client.ts';
import type { Facts, ReportedCheck } from './gates.ts';
import { isLimited } from './limits.ts';
import { workflowsRun } from './workflows.ts';

const maxWorkflowFiles = 30;

interface BranchRules {
  readonly required: Facts['required'];
  readonly strict: boolean;
  readonly requiredApprovals: number;
  readonly conversationsMustBeResolved: boolean;
  readonly signaturesRequired: boolean;
  readonly mergeQueue: boolean;
}

/** Asks GitHub for all that bears on merging one pull request. */
export async function gatherFacts(
  octokit: Octokit,
  target: Target,
  number: number,
  { headSeenForMs, now }: { readonly headSeenForMs: (head: string) => number; readonly now: () => number },
): Promise<Facts> {
  const look = async () => {
    const { data, headers } = await octokit.rest.pulls.get({ ...target, pull_number: number });
    // Times of checks are by GitHub's clock, and ours may differ.
    return { ...data, at: Date.parse(headers.date ?? '') || now() };
  };
  const first = await look();
  const head = first.head.sha;
  const base = first.base.ref;
  const [checks, reviews, rules] = await Promise.all([
    readChecks(octokit, target, head),
    readReviews(octokit, target, number),
    readRules(octokit, target, base),
  ]);
  // What blocked it may have passed while the rest was read: a summary counts only if it is the younger.
  const pull = first.mergeable_state === 'blocked' ? await look() : first;
  const behindBy = rules.strict ? await readBehindBy(octokit, target, base, head) : 0;
  const unsigned = rules.signaturesRequired ? await readUnsigned(octokit, target, number) : [];
  const silent = checks.length === 0 && rules.required.length === 0 && pull.state === 'open';
  return {
    state: pull.merged ? 'merged' : pull.state === 'open' ? 'open' : 'closed',
    // The one that the checks are of.
    head,
    base,
    repositoryId: pull.base.repo.id,
    // Null where the fork it came from is gone.
    headRepositoryId: pull.head.repo?.id ?? null,
    draft: pull.draft ?? false,
    mergeable: pull.mergeable,
    mergeableState: pull.mergeable_state,
    ...rules,
    ...reviews,
    behindBy,
    url: pull.html_url,
    unsigned,
    checks,
    checksEndedForMs: pull.at - Math.max(...checks.map(({ endedAt }) => endedAt ?? 0), 0),
    workflowsRun: silent ? await readWorkflows(octokit, target, pull.head.ref, base) : 'no',
    headSeenForMs: headSeenForMs(head),
  };
}

async function readChecks(octokit: Octokit, target: Target, ref: string): Promise<readonly ReportedCheck[]> {
  const runs = await octokit.paginate(octokit.rest.checks.listForRef, { ...target, ref, per_page: 100 });
  const { data } = await octokit.rest.repos.getCombinedStatusForRef({ ...target, ref, per_page: 100 });
  return [
    ...runs.map(({ name, status, conclusion, app, completed_at }) => ({
      name,
      state: status !== 'completed' ? ('running' as const) : verdict(conclusion),
      app: app?.id ?? null,
      endedAt: toTime(completed_at),
    })),
    ...data.statuses.map(({ context, state, updated_at }) => ({
      name: context,
      state: state === 'pending' ? ('running' as const) : verdict(state),
      app: null,
      endedAt: toTime(updated_at),
    })),
  ];
}

function toTime(text: string | null): number | null {
  return text === null ? null : Date.parse(text);
}

function verdict(conclusion: string | null): 'passed' | 'failed' {
  return ['success', 'neutral', 'skipped'].includes(conclusion ?? '') ? 'passed' : 'failed';
}

async function readReviews(octokit: Octokit, target: Target, number: number) {
  const reviews = await octokit.paginate(octokit.rest.pulls.listReviews, {
    ...target,
    pull_number: number,
    per_page: 100,
  });
  const verdicts = new Map<string, string>();
  for (const { user, state } of reviews) {
    if (user !== null && state !== 'COMMENTED' && state !== 'PENDING') verdicts.set(user.login, state);
  }
  const by = (wanted: string) => Array.from(verdicts).flatMap(([login, state]) => (state === wanted ? [login] : []));
  return { approvals: by('APPROVED').length, changesRequestedBy: by('CHANGES_REQUESTED') };
}

/** Rulesets and classic protection together. The latter is whole only for administrators; others see its checks on the branch. */
async function readRules(octokit: Octokit, target: Target, branch: string): Promise<BranchRules> {
  const rules = await orNothing(
    octokit.paginate(octokit.rest.repos.getBranchRules, { ...target, branch, per_page: 100 }),
    [],
  );
  const seen = (await octokit.rest.repos.getBranch({ ...target, branch })).data.protection?.required_status_checks;
  const whole = await orNothing(
    octokit.rest.repos.getBranchProtection({ ...target, branch }).then(({ data }) => data),
    undefined,
  );
  const required = new Map<string, number | null>();
  let strict = whole?.required_status_checks?.strict ?? false;
  let requiredApprovals = whole?.required_pull_request_reviews?.required_approving_review_count ?? 0;
  let signaturesRequired = whole?.required_signatures?.enabled ?? false;
  let mergeQueue = false;
  let conversations = whole?.required_conversation_resolution?.enabled ?? false;
  for (const name of [...(seen?.contexts ?? []), ...(whole?.required_status_checks?.contexts ?? [])])
    required.set(name, null);
  for (const rule of rules) {
    if (rule.type === 'required_status_checks') {
      for (const check of rule.parameters?.required_status_checks ?? []) {
        required.set(check.context, check.integration_id ?? null);
      }
      strict ||= rule.parameters?.strict_required_status_checks_policy ?? false;
    }
    signaturesRequired ||= rule.type === 'required_signatures';
    mergeQueue ||= rule.type === 'merge_queue';
    if (rule.type === 'pull_request') {
      requiredApprovals = Math.max(requiredApprovals, rule.parameters?.required_approving_review_count ?? 0);
      conversations ||= rule.parameters?.required_review_thread_resolution ?? false;
    }
  }
  return {
    required: Array.from(required, ([name, app]) => ({ name, app })),
    strict,
    requiredApprovals,
    conversationsMustBeResolved: conversations,
    signaturesRequired,
    mergeQueue,
  };
}

async function readUnsigned(octokit: Octokit, target: Target, number: number): Promise<Facts['unsigned']> {
  const list = octokit.rest.pulls.listCommits;
  const commits = await octokit.paginate(list, { ...target, pull_number: number, per_page: 100 });
  return commits.flatMap(({ sha, commit: { verification } }) =>
    verification?.verified === true ? [] : [{ sha, reason: verification?.reason ?? 'unsigned' }],
  );
}

async function readBehindBy(octokit: Octokit, target: Target, base: string, head: string): Promise<number> {
  const basehead = `${base}...${head}`;
  const { data } = await octokit.rest.repos.compareCommitsWithBasehead({ ...target, basehead, per_page: 1 });
  return data.behind_by;
}

async function readWorkflows(octokit: Octokit, target: Target, head: string, base: string): Promise<WorkflowsRun> {
  return workflowsRun(await readWorkflowFiles(octokit, target, base), head, base);
}

/** The workflow files of a branch, thirty at most; none where they can't be seen. */
export async function readWorkflowFiles(octokit: Octokit, target: Target, base: string): Promise<readonly string[]> {
  const listing = octokit.rest.repos.getContent({ ...target, path: '.github/workflows', ref: base });
  const entries = await orNothing(
    listing.then(({ data }) => (Array.isArray(data) ? data : [])),
    [],
  );
  const paths = entries.filter(({ type, name }) => type === 'file' && /\.ya?ml$/.test(name)).map(({ path }) => path);
  return Promise.all(
    paths.slice(0, maxWorkflowFiles).map(async (path) => {
      const { data } = await octokit.rest.repos.getContent({ ...target, path, ref: base });
      return 'content' in data && data.type === 'file' ? Buffer.from(data.content, 'base64').toString('utf8') : '';
    }),
  );
}

/** What is not set, or not for these credentials to see, is as if it were not there: GitHub itself still holds to it when merging. */
async function orNothing<T>(asked: Promise<T>, nothing: T): Promise<T> {
  try {
    return await asked;
  } catch (error) {
    const absent = error instanceof RequestError && [403, 404].includes(error.status);
    if (absent && !isLimited(error)) return nothing;
    throw error;
  }
}
