import { chmod, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type BranchName, parseSha, type RepositoryName, type Sha } from '../task/ids.ts';
import type { Author, PartPlace, Prepared, Repositories, RepositoryRules } from '../task/ports/repositories.ts';
import { Problem } from '../task/problem.ts';
import { type Credentials, createGit, type GitOrder, must } from './git.ts';
import { fetchLimit } from './limited.ts';
import { initBare, makeReadable, mirrorPath, refreshMirror } from './mirror.ts';
import { removeOldMirrors } from './old-mirrors.ts';
import { toProblem } from './problems.ts';
import { pushBranch } from './push.ts';
import { defaultImportCaps, type ImportCaps, quarantinePrefix } from './quarantine.ts';
import { isHeld, withoutMark } from './release.ts';
import { askHeads, type Remote } from './remote.ts';
import { defaultRules, maxRulesBytes, parseRules, rulesFile } from './rules.ts';
import type { Signer } from './signing.ts';
import { sizeOf } from './size.ts';
import { takeOut } from './take-out.ts';
import { readTemplate } from './template.ts';
import { together } from './together.ts';
import { readWorkflows } from './workflows.ts';

export interface RepositoriesOptions {
  /** Absolute; one bare mirror per repository and base branch. */
  readonly mirrorsDir: string;
  /** Absolute; one bare repository per task and repository. */
  readonly tasksDir: string;
  /** What clone addresses begin with, such as `https://github.com`. */
  readonly githubUrl: string;
  /** Asked before each call to the remote. */
  readonly credentials: (repository: RepositoryName, rights: 'read' | 'write') => Promise<Credentials>;
  /** Who commits in a repository; the same each time it is asked. */
  readonly committer: (repository: RepositoryName) => Promise<Author>;
  /** Signs the commits; without it they are not signed. */
  readonly signer?: Signer | null;
  readonly caps?: Partial<ImportCaps>;
  /** The largest pack that a fetch may bring; 20 GiB by default. */
  readonly fetchBytes?: number;
  /** Whether a change may touch `.github/workflows` and `.github/actions` of this repository; no by default. */
  readonly allowWorkflows?: (repository: RepositoryName) => boolean;
  /** Whether a text holds a secret that Errand itself works with. */
  readonly isOwnSecret?: (text: string) => boolean;
  /** `HTTPS_PROXY`, `NO_PROXY`, `GIT_SSL_CAINFO` and the like, for git's calls to the remote. */
  readonly outboundEnv?: Readonly<Record<string, string>>;
}

const defaultFetchBytes = 20 * 1024 ** 3;

/**
 * Git on the host. It works in repositories of its own making only, and takes from an agent nothing but a checked tree. Every error of the
 * outside world is a `Problem`.
 */
export function createRepositories(options: RepositoriesOptions): Repositories {
  const { mirrorsDir, tasksDir } = options;
  const base = options.githubUrl.replace(/\/+$/, '');
  const git = createGit({ remoteUrl: `${base}/`, outboundEnv: options.outboundEnv ?? {} });
  const { fetchBytes = defaultFetchBytes } = options;
  const remote: Remote = {
    git,
    fetchBytes,
    credentials: options.credentials,
    url: (repository) => `${base}/${repository}.git`,
  };
  const taskPath = ({ task, part }: PartPlace) => join(tasksDir, part === 0 ? `${task}.git` : `${task}-${part}.git`);

  return {
    async prepare({ repository, base: wanted, branch, held = null, signal, ...place }) {
      try {
        return await prepare(remote, {
          mirrorsDir,
          taskPath: taskPath(place),
          repository,
          wanted,
          branch,
          held,
          signal,
        });
      } catch (error) {
        throw toProblem(`Fetching ${repository}`, error);
      }
    },
    async import({ repository, bundle, start, base: against, heedIgnore = false, words, ...place }) {
      const caps = { ...defaultImportCaps, ...options.caps };
      const { allowWorkflows = () => false, isOwnSecret = () => false } = options;
      const taskRepository = taskPath(place);
      try {
        const { secrets } = await readRules(remote, taskRepository, against, repository);
        const order = {
          task: place.task,
          bundle,
          start,
          base: against,
          words,
          taskRepository,
          dir: tasksDir,
          bot: await options.committer(repository),
          signer: options.signer ?? null,
          caps,
          allowWorkflows: allowWorkflows(repository),
          ignoreSecretsIn: heedIgnore ? secrets.ignore : [],
          isOwnSecret,
        };
        return await takeOut(git, order);
      } catch (error) {
        throw toProblem('Taking in what the agent left', error);
      }
    },
    async release({ repository, head, ...place }) {
      try {
        return await withoutMark(git, { gitDir: taskPath(place), head, signer: options.signer ?? null });
      } catch (error) {
        throw toProblem(`Running CI in ${repository}`, error);
      }
    },
    async size({ base, head, ...place }) {
      try {
        return await sizeOf(git, taskPath(place), base, head);
      } catch (error) {
        throw toProblem('Measuring the change', error);
      }
    },
    async template({ base, ...place }) {
      try {
        return await readTemplate(git, taskPath(place), base);
      } catch (error) {
        throw toProblem('Reading the pull request template', error);
      }
    },
    push: ({ task, part, ...order }) => pushBranch(remote, { ...order, gitDir: taskPath({ task, part }) }),
    async reap(alive, graceMs) {
      const spared = new Set<string>(alive);
      for (const name of await readdir(tasksDir).catch((): string[] => [])) {
        const path = join(tasksDir, name);
        if (spared.has(taskOf(name)) || Date.now() - (await touchedAtMs(path)) < graceMs) continue;
        await rm(path, { recursive: true, force: true });
      }
    },
    async reapMirrors(keptMs, signal) {
      await removeOldMirrors({ mirrorsDir, tasksDir, keptMs, signal });
    },
    async remove(task) {
      const entries = await readdir(tasksDir).catch((): string[] => []);
      const mine = entries.filter((name) => taskOf(name) === task || name.startsWith(quarantinePrefix(task)));
      await Promise.all(mine.map((name) => rm(join(tasksDir, name), { recursive: true, force: true })));
    },
  };
}

/** Whose repository a folder is; '' for a quarantine. */
function taskOf(name: string): string {
  return /^([^-.]+)(?:-\d+)?\.git$/.exec(name)?.[1] ?? '';
}

/** Each run writes a ref, which touches the folder of refs; what a crash left has none. What goes meanwhile, whoever removes it clears up. */
async function touchedAtMs(path: string): Promise<number> {
  const { mtimeMs } = await stat(join(path, 'refs', 'heads'))
    .catch(() => stat(path))
    .catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }));
  return mtimeMs;
}

interface PrepareOrder {
  readonly mirrorsDir: string;
  readonly taskPath: string;
  readonly repository: RepositoryName;
  readonly wanted: BranchName | null;
  readonly branch: BranchName;
  readonly held: { readonly head: Sha; readonly remote: Sha | null } | null;
  readonly signal: AbortSignal;
}

async function prepare(remote: Remote, order: PrepareOrder): Promise<Prepared> {
  const { repository, wanted, branch, signal } = order;
  const [{ defaultBranch, heads }] = await together(
    askHeads(remote, repository, wanted === null ? [branch] : [wanted, branch], signal),
    makeTaskRepository(remote, order.taskPath),
  );
  const baseBranch = wanted ?? defaultBranch;
  const tip = baseBranch === undefined ? undefined : heads.get(baseBranch);
  if (baseBranch === undefined || tip === undefined) throw missing(repository, wanted, defaultBranch);

  const path = mirrorPath(order.mirrorsDir, remote.url(repository), baseBranch);
  const base = await refreshMirror(remote, { path, repository, branch: baseBranch, wanted: tip, signal });
  await borrow(order.taskPath, path);
  const head = heads.get(branch) ?? null;
  const [rules, pushed] = await together(
    readRules(remote, path, base, `${repository} on \`${baseBranch}\``),
    head === null ? Promise.resolve(null) : fetchTaskBranch(remote, order, head),
  );
  const heldOn = await startOfHeld(remote, order, pushed);
  const start = heldOn ?? pushed ?? base;
  const from = heldOn === undefined ? undefined : order.held?.head;
  const gitDir = order.taskPath;
  await must(remote.git, ['update-ref', 'refs/heads/start', from ?? start], { gitDir });
  const [workflows, startHeld] = await together(
    readWorkflows(remote.git, gitDir, [base, start]),
    pushed === null ? Promise.resolve(false) : isHeld(remote.git, gitDir, pushed),
  );
  const repositories = [path, gitDir];
  return {
    ...{ baseBranch, defaultBranch: defaultBranch ?? null, base, start, from },
    ...{ remote: pushed, repositories, rules, workflows, startHeld },
  };
}

/** The commit that held work was made on; undefined where that work is gone, or the branch has moved since. */
async function startOfHeld({ git }: Remote, order: PrepareOrder, pushed: Sha | null): Promise<Sha | undefined> {
  const { held, taskPath } = order;
  if (held === null || held.remote !== pushed) return undefined;
  const { code, stdout } = await git(['rev-parse', '--verify', `${held.head}^1`], { gitDir: taskPath });
  return code === 0 ? parseSha(stdout.trim()) : undefined;
}

function missing(repository: RepositoryName, wanted: BranchName | null, other: BranchName | undefined): Problem {
  if (wanted === null || other === undefined) {
    return new Problem({
      code: 'repository_empty',
      sentence: `Fetching ${repository} found no commit on its default branch.`,
      next: 'Push a first commit, or name a branch with `branch:`.',
    });
  }
  return new Problem({
    code: 'base_missing',
    sentence: `Fetching ${repository} found no branch \`${wanted}\`; its default branch is \`${other}\`.`,
    next: 'Name a branch that exists with `branch:`, or leave it out.',
  });
}

/** Holds the task's own commits; every uid may read it. */
async function makeTaskRepository(remote: Remote, path: string): Promise<void> {
  await makeReadable(join(path, '..'));
  await initBare(remote, path);
}

/** What the task's repository doesn't hold itself is in the mirror. */
async function borrow(path: string, mirror: string): Promise<void> {
  const alternates = join(path, 'objects', 'info', 'alternates');
  await writeFile(alternates, `${join(mirror, 'objects')}\n`);
  await chmod(alternates, 0o644);
}

/** People push to the task's branch too, so its head is fetched where it isn't ours. Returns the head as it is then. */
async function fetchTaskBranch(remote: Remote, order: PrepareOrder, head: Sha): Promise<Sha> {
  const { repository, branch, signal } = order;
  const at: GitOrder = { gitDir: order.taskPath, signal };
  const known = await remote.git(['rev-list', '--objects', '--quiet', '--max-count=1', head], at);
  if (known.code === 0) return head;
  const credentials = await remote.credentials(repository, 'read');
  const flags = ['--quiet', '--no-tags', '--no-auto-gc', '--no-write-fetch-head', '--no-recurse-submodules'];
  const ref = `refs/remotes/origin/${branch}`;
  const args = ['fetch', ...flags, '--', remote.url(repository), `+refs/heads/${branch}:${ref}`];
  const wrapper = fetchLimit(remote);
  await must(remote.git, args, { ...at, credentials, wrapper, timeoutMs: 30 * 60_000 });
  const fetched = parseSha(await must(remote.git, ['rev-parse', '--verify', ref], at));
  if (fetched === undefined) throw new Error(`The fetch of ${branch} left no commit`);
  return fetched;
}

async function readRules(remote: Remote, mirror: string, base: Sha, where: string): Promise<RepositoryRules> {
  const listed = await must(remote.git, ['ls-tree', '-l', base, '--', rulesFile], { gitDir: mirror });
  if (listed === '') return defaultRules;
  const [mode = '', , blob = '', size = ''] = listed.split(/\s+/);
  if (!mode.startsWith('100') || Number(size) > maxRulesBytes) {
    throw new Problem({
      code: 'rules_invalid',
      sentence: `Reading \`${rulesFile}\` of ${where} failed: it is not a file of at most ${maxRulesBytes / 1024} KB.`,
      next: `Mend \`${rulesFile}\` on the base branch, then retry.`,
    });
  }
  const { stdout } = await remote.git(['cat-file', 'blob', blob], { gitDir: mirror });
  return parseRules(stdout, where);
}
