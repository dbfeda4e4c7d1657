import type { Hono } from 'hono';
import { HttpError, notFound } from './errors.ts';
import type { Forge } from './forge.ts';
import { git, headOf, tryGit } from './git.ts';
import { renderRepository } from './render.ts';
import { paged, type RestEnvironment, repositoryOf } from './rest-context.ts';
import { renderRules, rulesOf } from './rules.ts';
import type { BranchRules } from './state.ts';

export function addRepositoryRoutes(app: Hono<RestEnvironment>, forge: Forge): void {
  const { store } = forge;

  app.get('/user/repos', (c) =>
    c.json(
      paged(
        c,
        store.state.repositories.map((each) => renderRepository(forge.at, each)),
      ),
    ),
  );
  app.get('/repos/:owner/:repo', (c) => c.json(renderRepository(forge.at, repositoryOf(forge, c))));

  app.get('/repos/:owner/:repo/branches', async (c) => {
    const repository = repositoryOf(forge, c);
    const format = '--format=%(refname:lstrip=2) %(objectname)';
    const lines = (await git(store.path(repository), ['for-each-ref', format, 'refs/heads'])).split('\n');
    const branches = lines.flatMap((line) => {
      const [name = '', sha = ''] = line.split(' ');
      const isProtected = isRuled(rulesOf(repository, name));
      return name === '' ? [] : [{ name, commit: { sha, url: commitUrl(c.req.url, sha) }, protected: isProtected }];
    });
    return c.json(paged(c, branches));
  });

  app.get('/repos/:owner/:repo/branches/:branch{.+}/protection', (c) => {
    const rules = rulesOf(repositoryOf(forge, c), c.req.param('branch'));
    if (rules === undefined || rules.source !== 'protection') throw new HttpError(404, 'Branch not protected');
    return c.json({
      enforce_admins: { enabled: rules.enforceAdmins },
      required_conversation_resolution: { enabled: rules.conversationResolution },
      required_linear_history: { enabled: false },
      required_signatures: { enabled: rules.requiredSignatures },
      ...(rules.requiredChecks.length > 0 && {
        required_status_checks: {
          strict: rules.strict,
          contexts: rules.requiredChecks,
          checks: rules.requiredChecks.map((context) => ({ context, app_id: null })),
        },
      }),
      ...(rules.requiredApprovals > 0 && {
        required_pull_request_reviews: { required_approving_review_count: rules.requiredApprovals },
      }),
    });
  });

  app.get('/repos/:owner/:repo/branches/:branch{.+}', async (c) => {
    const repository = repositoryOf(forge, c);
    const name = c.req.param('branch');
    const sha = await headOf(store.path(repository), name);
    if (sha === undefined) throw new HttpError(404, 'Branch not found');
    const rules = rulesOf(repository, name);
    const classic = rules?.source === 'protection';
    return c.json({
      name,
      commit: { sha, url: commitUrl(c.req.url, sha) },
      protected: isRuled(rules),
      // What a token without administration rights may see of classic protection.
      protection: {
        enabled: classic,
        required_status_checks: {
          enforcement_level: classic && rules.requiredChecks.length > 0 ? 'non_admins' : 'off',
          contexts: classic ? rules.requiredChecks : [],
          checks: classic ? rules.requiredChecks.map((context) => ({ context, app_id: null })) : [],
        },
      },
    });
  });

  app.get('/repos/:owner/:repo/rules/branches/:branch{.+}', (c) => {
    const rules = rulesOf(repositoryOf(forge, c), c.req.param('branch'));
    if (rules === undefined || rules.source !== 'ruleset') return c.json([]);
    return c.json(paged(c, renderRules(rules)));
  });

  // Every ruleset here is number 1, and so is who may pass it by.
  app.get('/repos/:owner/:repo/rulesets/:id', (c) => {
    const passes = Object.values(repositoryOf(forge, c).rules).some(({ bypass }) => bypass);
    return c.json({
      id: 1,
      name: 'Rules',
      enforcement: 'active',
      current_user_can_bypass: passes ? 'always' : 'never',
    });
  });

  app.get('/repos/:owner/:repo/git/ref/:ref{.+}', async (c) => {
    const ref = `refs/${c.req.param('ref')}`;
    const found = await tryGit(store.path(repositoryOf(forge, c)), ['rev-parse', '--verify', '--quiet', ref]);
    if (found.code !== 0) throw notFound();
    return c.json({ ref, object: { sha: found.stdout.trim(), type: 'commit' } });
  });

  app.delete('/repos/:owner/:repo/git/refs/:ref{.+}', async (c) => {
    const repository = repositoryOf(forge, c);
    const ref = `refs/${c.req.param('ref')}`;
    await forge.changing(repository, c.get('login'), async () => {
      const path = store.path(repository);
      const found = await tryGit(path, ['rev-parse', '--verify', '--quiet', ref]);
      if (found.code !== 0) throw new HttpError(422, 'Reference does not exist');
      await git(path, ['update-ref', '-d', ref, found.stdout.trim()]);
    });
    return c.body(null, 204);
  });

  app.get('/repos/:owner/:repo/compare/:basehead{.+}', async (c) => {
    const path = store.path(repositoryOf(forge, c));
    const [base = '', head = ''] = c.req.param('basehead').split('...');
    const counts = await tryGit(path, ['rev-list', '--left-right', '--count', `${base}...${head}`, '--']);
    if (counts.code !== 0) throw notFound();
    const [behind = 0, ahead = 0] = counts.stdout.trim().split(/\s+/).map(Number);
    const status = ahead > 0 && behind > 0 ? 'diverged' : ahead > 0 ? 'ahead' : behind > 0 ? 'behind' : 'identical';
    const mergeBase = (await tryGit(path, ['merge-base', base, head])).stdout.trim();
    return c.json({
      status,
      ahead_by: ahead,
      behind_by: behind,
      total_commits: ahead,
      merge_base_commit: { sha: mergeBase },
      commits: [],
      files: [],
    });
  });

  app.get('/repos/:owner/:repo/contents/:path{.*}', async (c) => {
    const repository = repositoryOf(forge, c);
    const git_ = store.path(repository);
    const ref = c.req.query('ref') ?? repository.defaultBranch;
    const path = c.req.param('path').replace(/\/$/, '');
    const object = await tryGit(git_, ['rev-parse', '--verify', '--quiet', '--end-of-options', `${ref}:${path}`]);
    if (object.code !== 0) throw notFound();
    const sha = object.stdout.trim();
    const type = await git(git_, ['cat-file', '-t', sha]);
    const entry = (name: string, kind: string, id: string, size: number) => ({
      name: name.split('/').at(-1),
      path: name,
      sha: id,
      size,
      type: kind,
    });
    if (type === 'tree') {
      const lines = (await git(git_, ['ls-tree', '-z', '-l', sha])).split('\0').filter((line) => line !== '');
      return c.json(
        lines.map((line) => {
          const [head = '', name = ''] = line.split('\t');
          const [, kind = '', id = '', size = '0'] = head.split(/\s+/);
          return entry(path === '' ? name : `${path}/${name}`, kind === 'tree' ? 'dir' : 'file', id, Number(size) || 0);
        }),
      );
    }
    const { stdout } = await tryGit(git_, ['cat-file', 'blob', sha]);
    const content = Buffer.from(stdout).toString('base64');
    return c.json({ ...entry(path, 'file', sha, stdout.length), encoding: 'base64', content });
  });
}

function isRuled(rules: BranchRules | undefined): boolean {
  return rules !== undefined;
}

function commitUrl(requestUrl: string, sha: string): string {
  return requestUrl.replace(/\/branches.*$/, `/commits/${sha}`);
}
