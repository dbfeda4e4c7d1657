import type { Forge } from './forge.ts';
import { tryGit } from './git.ts';
import { changedFiles, commitsOf, renderPullWhole } from './render.ts';
import type { Pull, Repository } from './state.ts';

const maxDiffBytes = 1024 * 1024;

/** One pull request as the page shows it. */
export async function viewPull(forge: Forge, repository: Repository, pull: Pull) {
  const path = forge.store.path(repository);
  const range = `${pull.baseSha}...${pull.headSha}`;
  const { stdout: diff } = await tryGit(path, ['diff', '--no-ext-diff', '--no-textconv', '--no-color', range, '--']);
  const mergeability = await forge.pulls.mergeability(repository, pull);
  return {
    pull: await renderPullWhole(forge.at, path, repository, pull, mergeability),
    commits: await commitsOf(path, pull),
    files: await changedFiles(path, pull),
    diff: diff.slice(0, maxDiffBytes),
    checks: repository.checks.filter((each) => each.sha === pull.headSha),
    reviews: pull.reviews,
    comments: pull.comments,
  };
}

/** A repository with its branches and pull requests. */
export async function viewRepository(forge: Forge, repository: Repository) {
  const format = '--format=%(refname:lstrip=2) %(objectname)';
  const { stdout } = await tryGit(forge.store.path(repository), ['for-each-ref', format, 'refs/heads']);
  const branches = stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [branch = '', sha = ''] = line.split(' ');
      return { name: branch, sha };
    });
  const { owner, name, defaultBranch, archived, rules, pulls } = repository;
  const brief = pulls.map(({ number, title, state, draft, head, base, headSha, mergedAt, mergeCommit }) => ({
    number,
    title,
    state: mergedAt === null ? state : 'merged',
    draft,
    head,
    base,
    headSha,
    mergeCommit,
    url: `${forge.at.page}/${owner}/${name}/pull/${number}`,
  }));
  return { name: `${owner}/${name}`, defaultBranch, archived, rules, branches, pulls: brief };
}

/** All repositories, and the ledger's newest lines. */
export async function viewState(forge: Forge) {
  const repositories = await Promise.all(
    forge.store.state.repositories.map((repository) => viewRepository(forge, repository)),
  );
  return { repositories, ledger: forge.store.state.ledger.slice(-200) };
}
