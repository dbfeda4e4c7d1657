import { type Octokit, RequestError } from 'octokit';
import type { Config, GitHubConfig, RepositoryConfig } from '../../config.ts';
import { createGit } from '../../git/git.ts';
import { toProblem } from '../../git/problems.ts';
import { askHeads, type Remote } from '../../git/remote.ts';
import { installedRepositories } from '../../github/app.ts';
import { appAccess } from '../../github/app-access.ts';
import { type Client, createClient, type Target } from '../../github/client.ts';
import { type Access, type Credentials, tokenAccess } from '../../github/credentials.ts';
import { identifyToken } from '../../github/identity.ts';
import { outbound, outboundEnv } from '../../service/outbound.ts';
import { systemClock as clock } from '../../service/store.ts';
import type { RepositoryName } from '../../task/ids.ts';
import { checked, type Finding, fail, ok, skip, warn } from '../finding.ts';
import { checkApp } from './github-app.ts';

const deadlineMs = 20_000;
const mostRepositories = 20;
const tooMuch = /^(admin:|delete_repo|site_admin)/;

type Connected = Exclude<GitHubConfig, { mode: 'local' }>;

/** The token or app, and each repository as a run will need it. */
export async function checkGitHub(config: Config): Promise<readonly Finding[]> {
  const { github, role } = config;
  if (github.mode === 'local') {
    const next =
      'To connect GitHub: set GITHUB_TOKEN (contents and pull requests: read and write) and ERRAND_REPOSITORIES.';
    return role === 'worker'
      ? [fail('GitHub', 'Not connected, and a worker that runs apart needs it.', next)]
      : [skip('GitHub', 'Local: npm start serves a small forge.', next)];
  }
  const self = await checked(`GitHub ${github.mode}`, deadlineMs, () => checkIdentity(config, github));
  if (self[0]?.state === 'fail' && self[0].name.startsWith('GitHub')) return self;
  const configured = config.repositories.map(({ name }) => name);
  const names = configured.length === 0 && github.mode === 'app' ? await installed(config, github) : configured;
  if (!Array.isArray(names)) return [...self, ...names];
  if (names.length === 0) {
    const next = 'Set ERRAND_REPOSITORIES=owner/name,…';
    return [...self, fail('Repositories', 'None is configured, so nothing can be asked for.', next)];
  }
  await using access = accessOf(config, github);
  const { credentials } = access;
  const client = createClient({ apiUrl: github.apiUrl, credentials, clock, ...outbound(config.outbound) });
  const remote = toRemote(config, github, credentials);
  const rows = await Promise.all(
    names.slice(0, mostRepositories).map((name) => {
      const settings = config.repositories.find((each) => each.name === name);
      return checked(name, deadlineMs, (signal) => checkRepository(client, remote, { name, settings, github, signal }));
    }),
  );
  const more = names.length - mostRepositories;
  const left = more > 0 ? [skip('Repositories', `${more} more were not looked at.`)] : [];
  return [...self, ...rows.flat(), ...left];
}

async function checkIdentity({ outbound: way }: Config, github: Connected): Promise<Finding | readonly Finding[]> {
  const where = new URL(github.url).host;
  if (github.mode === 'app') return checkApp({ ...github, clock, ...outbound(way) }, where);
  const { name, scopes } = await identifyToken({ ...github, clock, ...outbound(way) });
  const found = `${name === null ? 'A token of an app or a workflow' : `Acts as ${name}`} on ${where}.`;
  const excess = scopes?.filter((scope) => tooMuch.test(scope)) ?? [];
  if (scopes !== null && scopes.length > 0 && !scopes.includes('repo') && !scopes.includes('public_repo')) {
    return fail('GitHub token', `${found} Its scopes: ${scopes.join(', ')}.`, 'Make a token with the scope repo.');
  }
  return excess.length === 0
    ? ok('GitHub token', found)
    : warn(
        'GitHub token',
        `${found} It may also: ${excess.join(', ')}.`,
        'Make a token without them: Errand never needs those.',
      );
}

async function installed(
  { outbound: way }: Config,
  github: Extract<Connected, { mode: 'app' }>,
): Promise<RepositoryName[] | readonly Finding[]> {
  let names: RepositoryName[] = [];
  const failed = await checked('Repositories', deadlineMs, async () => {
    names = [...(await installedRepositories({ ...github, clock, ...outbound(way) }))];
    return [];
  });
  return failed.length > 0 ? Object.freeze(failed) : names;
}

function accessOf({ outbound: way }: Config, github: Connected): Access {
  return github.mode === 'token'
    ? tokenAccess(github.token)
    : appAccess({ ...github, clock, ...outbound(way), onUnrevoked: () => undefined });
}

function toRemote(config: Config, github: Connected, credentials: Credentials): Remote {
  const git = createGit({ remoteUrl: `${github.url}/`, outboundEnv: outboundEnv(config.outbound) });
  return { git, credentials, url: (name) => `${github.url}/${name}.git` };
}

interface Order {
  readonly name: RepositoryName;
  readonly settings: RepositoryConfig | undefined;
  readonly github: Connected;
  readonly signal: AbortSignal;
}

async function checkRepository(client: Client, remote: Remote, order: Order): Promise<Finding> {
  const { name, settings, github, signal } = order;
  const facts = await client.call(name, `Looking up ${name}`, (rest, target) => gather(rest, target));
  if (facts.archived) return fail(name, 'Archived, so nothing can be pushed.', 'Unarchive it, or take it out.');
  // What an app's token may do is in its permissions; GitHub answers as if it were a reader here.
  if (github.mode === 'token' && !facts.push) {
    return fail(name, 'Can be read, and not pushed to.', 'Give the token write access to contents and pull requests.');
  }
  const wanted = settings?.base ?? null;
  const heads = await askHeads(remote, name, wanted === null ? [] : [wanted], signal).catch((error: unknown) => {
    throw toProblem(`Reading ${name} with git`, error);
  });
  if (heads.defaultBranch === undefined || !heads.heads.has(heads.defaultBranch)) {
    return fail(name, `Empty: ${facts.defaultBranch} has no commit.`, 'Push a first commit.');
  }
  if (wanted !== null && !heads.heads.has(wanted)) {
    return fail(
      name,
      `Has no branch ${wanted}, which the configuration names as its base.`,
      'Correct base, or push that branch.',
    );
  }
  const found = `Can be pushed to; its base is ${wanted ?? heads.defaultBranch}.`;
  if (!facts.seesChecks) {
    return warn(
      name,
      `${found} Its checks can’t be read.`,
      'Give the token read access to checks and commit statuses.',
    );
  }
  if (facts.bypasses) {
    return warn(
      name,
      `${found} These credentials may bypass its branch rules.`,
      'Take Errand off the rulesets’ bypass lists.',
    );
  }
  if (facts.admin) {
    return warn(
      name,
      `${found} These credentials administer it.`,
      'Use an account that may write, and no more: an administrator can bypass rules.',
    );
  }
  return ok(name, found);
}

async function gather(rest: Octokit['rest'], target: Target) {
  const { data } = await rest.repos.get({ ...target });
  const ref = data.default_branch;
  const readable = await Promise.all([
    allowed(rest.checks.listForRef({ ...target, ref, per_page: 1 })),
    allowed(rest.repos.getCombinedStatusForRef({ ...target, ref, per_page: 1 })),
  ]);
  return {
    archived: data.archived ?? false,
    push: data.permissions?.push ?? false,
    admin: data.permissions?.admin ?? false,
    defaultBranch: ref,
    seesChecks: readable.every(Boolean),
    bypasses: await bypasses(rest, target, ref),
  };
}

/** Whether a ruleset of the base says that whoever asks may pass it by. */
async function bypasses(rest: Octokit['rest'], target: Target, branch: string): Promise<boolean> {
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
