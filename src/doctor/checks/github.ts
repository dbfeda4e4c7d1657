import type { Config, GitHubConfig } from '../../config.ts';
import { createGit } from '../../git/git.ts';
import type { Remote } from '../../git/remote.ts';
import { installedRepositories } from '../../github/app.ts';
import { appAccess } from '../../github/app-access.ts';
import { createClient } from '../../github/client.ts';
import { type Access, type Credentials, tokenAccess } from '../../github/credentials.ts';
import { identifyToken } from '../../github/identity.ts';
import { outbound, outboundEnv } from '../../service/outbound.ts';
import { systemClock as clock } from '../../service/store.ts';
import type { RepositoryName } from '../../task/ids.ts';
import { checked, type Finding, fail, ok, skip, warn } from '../finding.ts';
import { checkApp } from './github-app.ts';
import { checkRepository } from './github-repository.ts';

const deadlineMs = 20_000;
const mostRepositories = 20;
/** Of a classic token: what Errand uses, and what can be had by nothing less. */
const enough: ReadonlySet<string> = new Set(['repo', 'public_repo', 'repo:status', 'repo_deployment', 'repo:invite']);

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
      return checked(name, deadlineMs, (signal) =>
        checkRepository(client, remote, { name, settings, mode: github.mode, signal }),
      );
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
  const excess = scopes?.filter((scope) => !enough.has(scope)) ?? [];
  if (scopes !== null && scopes.length > 0 && !scopes.includes('repo') && !scopes.includes('public_repo')) {
    return fail('GitHub token', `${found} Its scopes: ${scopes.join(', ')}.`, 'Make a token with the scope repo.');
  }
  return excess.length === 0
    ? ok('GitHub token', found)
    : warn(
        'GitHub token',
        `${found} It may also: ${excess.join(', ')}.`,
        excess.includes('workflow')
          ? 'Make a token without them: with workflow in hand it can change what runs with your secrets.'
          : 'Make a token without them: Errand never needs those.',
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
