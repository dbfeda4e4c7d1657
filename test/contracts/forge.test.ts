import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createEmulator, type Emulator } from 'emulate';
import { Octokit, RequestError } from 'octokit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type LocalForge, startLocalForge } from '../../src/local/forge/start.ts';
import { token } from './git-fixture.ts';

let dir: string;
let local: LocalForge;
let emulator: Emulator;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'errand-forge-'));
  local = await startLocalForge({ port: 0, dataDir: dir, token });
  emulator = await createEmulator({
    service: 'github',
    port: 0,
    seed: {
      tokens: { [token]: { login: 'acme', scopes: ['repo'] } },
      github: { users: [{ login: 'acme' }], repos: [{ owner: 'acme', name: 'web', auto_init: true }] },
    },
  });
});
afterAll(async () => {
  await emulator.close();
  await local.close();
  await rm(dir, { recursive: true, force: true });
});

const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const octokitOf = (baseUrl: string, auth = token) =>
  new Octokit({ auth, baseUrl, retry: { enabled: false }, throttle: { enabled: false }, log: quiet });

const web = { owner: 'acme', repo: 'web' };

interface Answer {
  readonly status: number;
  readonly data: unknown;
}

async function answerOf(asked: Promise<{ status: number; data: unknown }>): Promise<Answer> {
  try {
    const { status, data } = await asked;
    return { status, data };
  } catch (error) {
    if (!(error instanceof RequestError) || error.response === undefined) throw error;
    return { status: error.status, data: error.response.data };
  }
}

function at(value: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((found, key) => {
    if (Array.isArray(found)) return found[Number(key)];
    return typeof found === 'object' && found !== null ? Reflect.get(found, key) : undefined;
  }, value);
}

const kindOf = (value: unknown) => (value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value);

interface Step {
  readonly name: string;
  readonly ask: (octokit: Octokit) => Promise<{ status: number; data: unknown }>;
  /** Fields that Errand reads: they must be of one kind on both sides. */
  readonly fields?: readonly string[];
  /** Fields whose very value GitHub's clients decide on. */
  readonly values?: readonly string[];
}

const head = 'errand/t1-x';
const pull = { ...web, pull_number: 1 };
const steps: readonly Step[] = [
  {
    name: 'a repository',
    ask: (o) => o.rest.repos.get(web),
    fields: ['default_branch', 'private', 'archived', 'id', 'full_name'],
  },
  {
    name: 'a repository that is not there',
    ask: (o) => o.rest.repos.get({ ...web, repo: 'none' }),
    values: ['message'],
  },
  { name: 'oneself', ask: (o) => o.rest.users.getAuthenticated(), fields: ['login', 'id', 'type'] },
  {
    name: 'a branch',
    ask: (o) => o.rest.repos.getBranch({ ...web, branch: 'main' }),
    fields: ['name', 'commit.sha', 'protected'],
  },
  {
    name: 'a branch that is not there',
    ask: (o) => o.rest.repos.getBranch({ ...web, branch: 'none' }),
    values: ['message'],
  },
  {
    name: 'protection where there is none',
    ask: (o) => o.rest.repos.getBranchProtection({ ...web, branch: 'main' }),
    values: ['message'],
  },
  {
    name: 'pull requests of a head without one',
    ask: (o) => o.rest.pulls.list({ ...web, head: `acme:${head}` }),
    values: ['length'],
  },
  {
    name: 'a new pull request',
    ask: (o) => o.rest.pulls.create({ ...web, title: 'Title', body: 'Body', head, base: 'main' }),
    fields: ['html_url', 'head.sha', 'base.sha', 'user.login', 'merged', 'merged_by', 'additions', 'changed_files'],
    values: ['number', 'state', 'draft', 'head.ref', 'base.ref', 'head.label', 'title', 'body', 'merged_at'],
  },
  {
    name: 'pull requests of its head',
    ask: (o) => o.rest.pulls.list({ ...web, head: `acme:${head}`, state: 'open' }),
    values: ['length', '0.number', '0.head.ref'],
  },
  {
    name: 'pull requests that are closed',
    ask: (o) => o.rest.pulls.list({ ...web, state: 'closed' }),
    values: ['length'],
  },
  {
    name: 'the pull request',
    ask: (o) => o.rest.pulls.get(pull),
    values: ['number', 'state', 'merged'],
    fields: ['mergeable_state'],
  },
  {
    name: 'a pull request that is not there',
    ask: (o) => o.rest.pulls.get({ ...pull, pull_number: 99 }),
    values: ['message'],
  },
  { name: 'a new description', ask: (o) => o.rest.pulls.update({ ...pull, body: 'New' }), values: ['body', 'title'] },
  { name: 'its reviews', ask: (o) => o.rest.pulls.listReviews(pull), values: ['length'] },
  {
    name: 'its files',
    ask: (o) => o.rest.pulls.listFiles(pull),
  },
  { name: 'its commits', ask: (o) => o.rest.pulls.listCommits(pull) },
  {
    name: 'check runs of a branch',
    ask: (o) => o.rest.checks.listForRef({ ...web, ref: head }),
    values: ['total_count', 'check_runs.length'],
  },
  {
    name: 'a comparison',
    ask: (o) => o.rest.repos.compareCommitsWithBasehead({ ...web, basehead: `main...${head}` }),
    values: ['status', 'ahead_by', 'behind_by'],
  },
  {
    name: 'a folder that is not there',
    ask: (o) => o.rest.repos.getContent({ ...web, path: '.github/workflows' }),
    values: ['message'],
  },
  {
    name: 'a file',
    ask: (o) => o.rest.repos.getContent({ ...web, path: 'README.md' }),
    values: ['type', 'encoding', 'path'],
    fields: ['content', 'sha'],
  },
  {
    name: 'a merge of another head',
    ask: (o) => o.rest.pulls.merge({ ...pull, sha: '1'.repeat(40) }),
    values: ['message'],
  },
  {
    name: 'a merge',
    ask: (o) => o.rest.pulls.merge({ ...pull, merge_method: 'squash' }),
    values: ['merged', 'message'],
    fields: ['sha'],
  },
  { name: 'a second merge', ask: (o) => o.rest.pulls.merge(pull), values: ['message'] },
  {
    name: 'the merged pull request',
    ask: (o) => o.rest.pulls.get(pull),
    values: ['state', 'merged'],
    fields: ['merge_commit_sha', 'merged_at', 'merged_by.login'],
  },
  { name: 'a reference removed', ask: (o) => o.rest.git.deleteRef({ ...web, ref: `heads/${head}` }) },
  {
    name: 'a reference removed again',
    ask: (o) => o.rest.git.deleteRef({ ...web, ref: `heads/${head}` }),
    values: ['message'],
  },
  { name: 'the limits', ask: (o) => o.rest.rateLimit.get(), fields: ['rate.limit', 'resources.core.reset'] },
];

/** Where the emulation is not GitHub either: GitHub's documentation names our status or words for each of these. */
const known = [
  'a branch that is not there: message is "Branch not found" here and "Not Found" there',
  'protection where there is none: message is "Branch not protected" here and "Not Found" there',
  'a merge of another head: status is 409 here and 422 there',
  'a merge of another head: message is "Head branch was modified. Review and try the merge again." here and "Head sha is out of date" there',
  'a second merge: status is 405 here and 422 there',
  'a reference removed again: status is 422 here and 404 there',
  'a reference removed again: message is "Reference does not exist" here and "Not Found" there',
];

test('the local forge answers as an independent emulation of GitHub does', async () => {
  const ours = octokitOf(local.apiUrl);
  const theirs = octokitOf(emulator.url);
  await local.control.commit({ repository: 'acme/web', branch: head, files: { 'a.txt': 'a\n' }, message: 'Add a' });
  const main = await theirs.rest.repos.getBranch({ ...web, branch: 'main' });
  await theirs.rest.git.createRef({ ...web, ref: `refs/heads/${head}`, sha: main.data.commit.sha });
  const content = Buffer.from('a\n').toString('base64');
  await theirs.rest.repos.createOrUpdateFileContents({
    ...web,
    path: 'a.txt',
    message: 'Add a',
    content,
    branch: head,
  });
  const differences: string[] = [];
  for (const { name, ask, fields = [], values = [] } of steps) {
    const [mine, other] = [await answerOf(ask(ours)), await answerOf(ask(theirs))];
    const say = (what: string, a: unknown, b: unknown) => {
      if (a !== b) differences.push(`${name}: ${what} is ${JSON.stringify(a)} here and ${JSON.stringify(b)} there`);
    };
    say('status', mine.status, other.status);
    for (const path of fields) say(`kind of ${path}`, kindOf(at(mine.data, path)), kindOf(at(other.data, path)));
    for (const path of values) say(path, at(mine.data, path), at(other.data, path));
  }
  expect(differences).toEqual(known);
});

const git = async (...args: string[]) => {
  const env = { PATH: '/usr/bin:/bin', GIT_CONFIG_GLOBAL: '/dev/null', GIT_TERMINAL_PROMPT: '0', HOME: dir };
  return promisify(execFile)('git', args, { env, cwd: dir });
};

test('a later start goes on from what an earlier one left', async () => {
  const folder = join(dir, 'kept');
  const first = await startLocalForge({ port: 0, dataDir: folder, token });
  await first.control.commit({ repository: 'acme/web', branch: 'b', files: { 'b.txt': 'b' }, message: 'B' });
  await octokitOf(first.apiUrl).rest.pulls.create({ ...web, title: 'B', head: 'b', base: 'main' });
  const before = JSON.stringify((await first.control.viewState()).ledger);
  await first.close();
  await using second = await startLocalForge({ port: 0, dataDir: folder, token });
  expect(JSON.stringify((await second.control.viewState()).ledger)).toBe(before);
  expect((await octokitOf(second.apiUrl).rest.pulls.get(pull)).data.title).toBe('B');
});

test('git and REST let in only who holds the token', async () => {
  const clone = (secret: string) => git('ls-remote', `${local.url.replace('//', `//x:${secret}@`)}/acme/web.git`);
  expect((await clone(token)).stdout).toContain('refs/heads/main');
  await expect(clone('wrong')).rejects.toThrow(/Authentication failed/);
  expect(await answerOf(octokitOf(local.apiUrl, 'wrong').rest.repos.get(web))).toMatchObject({
    status: 401,
    data: { message: 'Bad credentials' },
  });
});

test('a branch that takes pull requests only refuses a push, and all of it', async () => {
  const url = `${local.url.replace('//', `//x:${token}@`)}/acme/web.git`;
  await git('clone', '--quiet', url, 'clone');
  await git(
    '-C',
    'clone',
    '-c',
    'user.name=a',
    '-c',
    'user.email=a@b',
    'commit',
    '--quiet',
    '--allow-empty',
    '-m',
    'x',
  );
  await local.control.setRules('acme/web', 'main', { pullRequestRequired: true });
  const before = local.control.ledger().length;
  await expect(git('-C', 'clone', 'push', '--quiet', 'origin', 'HEAD:main', 'HEAD:side')).rejects.toThrow(
    /rule violations/,
  );
  expect(local.control.ledger()).toHaveLength(before);
  await local.control.setRules('acme/web', 'main', null);
  await git('-C', 'clone', 'push', '--quiet', 'origin', 'HEAD:side');
  expect(local.control.ledger().at(-1)).toMatchObject({
    kind: 'ref',
    what: 'refs/heads/side',
    by: 'errand-bot',
    before: null,
  });
});

test('the page sees a pull request whole, and other pages see nothing', async () => {
  await local.control.commit({
    repository: 'acme/web',
    branch: 'seen',
    files: { 'seen.txt': 'seen' },
    message: 'Seen',
  });
  const { data } = await octokitOf(local.apiUrl).rest.pulls.create({ ...web, title: 'S', head: 'seen', base: 'main' });
  const seen = await fetch(`${local.url}/local/pulls/acme/web/${data.number}`);
  expect(await seen.json()).toMatchObject({
    pull: { number: data.number },
    commits: [{ message: 'Seen' }],
    files: [{ filename: 'seen.txt', status: 'added', additions: 1 }],
    diff: expect.stringContaining('+seen'),
    checks: [],
  });
  const foreign = { headers: { origin: 'http://evil.example' } };
  expect((await fetch(`${local.url}/local/state`, foreign)).status).toBe(403);
  const form = { method: 'POST', body: 'by=dana', headers: { 'content-type': 'text/plain' } };
  expect((await fetch(`${local.url}/local/pulls/acme/web/${data.number}/merge`, form)).status).toBe(415);
});
