import { type Octokit, RequestError } from 'octokit';
import type { RepositoryConfig } from '../../config.ts';
import { toProblem } from '../../git/problems.ts';
import { askHeads, type Remote } from '../../git/remote.ts';
import { parseRules, rulesFile } from '../../git/rules.ts';
import type { Client, Target } from '../../github/client.ts';
import { readWorkflowFiles } from '../../github/facts.ts';
import { runsOf } from '../../github/workflows.ts';
import type { RepositoryName } from '../../task/ids.ts';
import type { WorkflowRuns } from '../../task/workflows.ts';
import { type Finding, fail, ok, warn } from '../finding.ts';

interface Order {
  readonly name: RepositoryName;
  readonly settings: RepositoryConfig | undefined;
  readonly mode: 'token' | 'app';
  readonly signal: AbortSignal;
}

/** A repository as a run will need it: what keeps one from working, then what these credentials may do beyond that, then its workflows. */
export async function checkRepository(client: Client, remote: Remote, order: Order): Promise<readonly Finding[]> {
  const { name, settings, mode, signal } = order;
  const wanted = settings?.base ?? null;
  const facts = await client.call(name, `Looking up ${name}`, (_, target, octokit) => gather(octokit, target, wanted));
  if (facts.archived) return [fail(name, 'Archived, so nothing can be pushed.', 'Unarchive it, or take it out.')];
  if (settings?.id !== undefined && settings.id !== null && settings.id !== facts.id) {
    const next = 'Look at who took the name; correct id, or the name, or take the repository out.';
    return [fail(name, `Is repository ${facts.id} on GitHub, and the configuration pins ${settings.id}.`, next)];
  }
  // What an app's token may do is in its permissions; GitHub answers as if it were a reader here.
  if (mode === 'token' && !facts.push) {
    return [
      fail(name, 'Can be read, and not pushed to.', 'Give the token write access to contents and pull requests.'),
    ];
  }
  const heads = await askHeads(remote, name, wanted === null ? [] : [wanted], signal).catch((error: unknown) => {
    throw toProblem(`Reading ${name} with git`, error);
  });
  if (heads.defaultBranch === undefined || !heads.heads.has(heads.defaultBranch)) {
    return [fail(name, `Empty: ${facts.defaultBranch} has no commit.`, 'Push a first commit.')];
  }
  if (wanted !== null && !heads.heads.has(wanted)) {
    const found = `Has no branch ${wanted}, which the configuration names as its base.`;
    return [fail(name, found, 'Correct base, or push that branch.')];
  }
  const base = wanted ?? heads.defaultBranch;
  return [rights(name, `Can be pushed to; its base is ${base}.`, facts), ...workflows(name, facts, order)];
}

type Facts = Awaited<ReturnType<typeof gather>>;

function rights(name: string, found: string, { seesChecks, bypass, admin }: Facts): Finding {
  if (bypass === 'ruleset') {
    return fail(
      name,
      `${found} These credentials may bypass its branch rules.`,
      'Take Errand off the rulesets’ bypass lists, or give it an account that is on none: rules that don’t hold for it guard nothing.',
    );
  }
  if (bypass === 'protection') {
    return fail(
      name,
      `${found} These credentials may bypass its branch protection.`,
      'Use an account that may write, and no more; or turn on “Do not allow bypassing the above settings”, and take it off “Allow specified actors to bypass”.',
    );
  }
  if (admin) {
    return warn(
      name,
      `${found} These credentials administer it.`,
      'Use an account that may write, and no more: an administrator can lift and bypass rules.',
    );
  }
  if (seesChecks) return ok(name, found);
  return warn(name, `${found} Its checks can’t be read.`, 'Give the token read access to checks and commit statuses.');
}

/** What runs on Errand's pushes before anybody has looked. */
function workflows(name: string, { runs, holds }: Facts, { settings }: Order): readonly Finding[] {
  const row = `${name}, CI`;
  const held = holds || settings?.holdCi === true;
  const may = runs.markable === 'yes' ? 'run' : 'may run';
  return [
    ...(runs.markable === 'no' || held
      ? []
      : [
          warn(
            row,
            `Workflows ${may} on what Errand pushes, with whatever they may reach, before anybody has looked.`,
            'Set ci: hold for it (with the operator, or in .errand.yml), so that they wait for an approver.',
          ),
        ]),
    ...(runs.target === 'no'
      ? []
      : [
          warn(
            row,
            'Those on pull_request_target run on Errand’s pull requests at once, with secrets; no mark holds them.',
            'Have them check out no code of the pull request, or start them by a label that a person sets.',
          ),
        ]),
  ];
}

async function gather(octokit: Octokit, target: Target, wanted: string | null) {
  const { rest } = octokit;
  const { data } = await rest.repos.get({ ...target });
  const ref = data.default_branch;
  const base = wanted ?? ref;
  const readable = await Promise.all([
    allowed(rest.checks.listForRef({ ...target, ref, per_page: 1 })),
    allowed(rest.repos.getCombinedStatusForRef({ ...target, ref, per_page: 1 })),
  ]);
  const admin = data.permissions?.admin ?? false;
  return {
    id: data.id,
    archived: data.archived ?? false,
    push: data.permissions?.push ?? false,
    admin,
    defaultBranch: ref,
    seesChecks: readable.every(Boolean),
    bypass: (await passesRuleset(rest, target, base))
      ? ('ruleset' as const)
      : (await passesProtection(rest, target, base, admin))
        ? ('protection' as const)
        : null,
    runs: await runsAt(octokit, target, base),
    holds: await holdsCi(rest, target, base),
  };
}

/** Whether a ruleset of the base says that whoever asks may pass it by. */
async function passesRuleset(rest: Octokit['rest'], target: Target, branch: string): Promise<boolean> {
  const rules = await rest.repos.getBranchRules({ ...target, branch, per_page: 100 }).then(
    ({ data }) => data,
    () => [],
  );
  const ids = new Set(rules.flatMap(({ ruleset_id: id }) => id ?? []));
  const answers = await Promise.all(
    Array.from(ids)
      .slice(0, 20)
      .map((id) =>
        rest.repos.getRepoRuleset({ ...target, ruleset_id: id }).then(
          ({ data }) => data.current_user_can_bypass ?? 'never',
          () => 'never',
        ),
      ),
  );
  return answers.some((answer) => answer === 'always' || answer === 'pull_requests_only' || answer === 'exempt');
}

/** The same of classic protection, which shows itself whole to administrators alone, and binds them only where it says so. */
async function passesProtection(
  rest: Octokit['rest'],
  target: Target,
  branch: string,
  admin: boolean,
): Promise<boolean> {
  const protection = await rest.repos.getBranchProtection({ ...target, branch }).then(
    ({ data }) => data,
    () => null,
  );
  if (protection === null) return false;
  const allowances = protection.required_pull_request_reviews?.bypass_pull_request_allowances;
  const self = await rest.users.getAuthenticated().then(
    ({ data }) => data.login,
    () => null,
  );
  const listed = allowances?.users?.some(({ login }) => login === self) ?? false;
  return listed || (admin && protection.enforce_admins?.enabled !== true);
}

const branch = 'errand/t000000-x';

async function runsAt(octokit: Octokit, target: Target, base: string): Promise<WorkflowRuns> {
  return runsOf(await readWorkflowFiles(octokit, target, base), branch, base);
}

/** Whether the base branch's own file asks for the hold; one that can't be read asks for nothing here, and fails its runs. */
async function holdsCi(rest: Octokit['rest'], target: Target, ref: string): Promise<boolean> {
  try {
    const { data } = await rest.repos.getContent({ ...target, path: rulesFile, ref });
    if (Array.isArray(data) || data.type !== 'file' || !('content' in data)) return false;
    return parseRules(Buffer.from(data.content, 'base64').toString('utf8'), rulesFile).ci === 'hold';
  } catch {
    return false;
  }
}

/** False where GitHub forbids it; an empty repository has nothing to ask about. */
async function allowed(asked: Promise<unknown>): Promise<boolean> {
  try {
    await asked;
    return true;
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    if (error.status === 403) return /rate limit/i.test(error.message);
    return true;
  }
}
