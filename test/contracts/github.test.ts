import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createForge, type ForgeOptions } from '../../src/github/forge.ts';
import { type LocalForge, startLocalForge } from '../../src/local/forge/start.ts';
import type { Forge } from '../../src/task/ports/forge.ts';
import { Problem } from '../../src/task/problem.ts';
import { branchOf, main, required, shaOf, token, web } from './git-fixture.ts';

const branch = branchOf('errand/taaaaaa-fix-words');
const order = {
  repository: web,
  base: main,
  branch,
  head: shaOf('0'.repeat(40)),
  title: 'Fix words',
  body: 'Body',
  draft: false,
};
const repository = 'acme/web';
const mine = { base: main, repositoryId: null };

let dir: string;
let local: LocalForge;
let forge: Forge;
let now: number;

const forgeWith = (options: Partial<ForgeOptions> = {}) =>
  createForge({
    apiUrl: local.apiUrl,
    credentials: async () => ({ token }),
    clock: { now: () => now },
    writeGapMs: 0,
    ...options,
  });

beforeEach(async () => {
  now = Date.now();
  dir = await mkdtemp(join(tmpdir(), 'errand-forge-'));
  local = await startLocalForge({ port: 0, dataDir: dir, token, pageUrl: 'http://127.0.0.1:3000' });
  forge = forgeWith();
  await local.control.commit({ repository, branch, files: { 'a.txt': 'a\n' }, message: 'Change', by: 'errand-bot' });
});
afterEach(async () => {
  await local.close();
  await rm(dir, { recursive: true, force: true });
});

async function problemOf(promise: Promise<unknown>): Promise<Problem> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof Problem) return error;
  throw new Error('Expected a Problem', { cause: error });
}

const writes = (what: string) =>
  local.control.ledger().filter((each) => each.kind === 'rest' && each.what.startsWith(what));
const settled = async (number: number, head = shaOf('0'.repeat(40))) => {
  await forge.mergeable(web, number, head, mine);
};

test('a pull request is made once, however often it is asked for', async () => {
  const pull = await forge.openPull(order);
  const head = await local.control.branchHead(repository, branch);
  expect(pull).toEqual({ number: 1, url: 'http://127.0.0.1:3000/acme/web/pull/1', head });
  expect(await forge.openPull(order)).toEqual(pull);
  expect(local.control.requests().filter((each) => each === 'POST /repos/acme/web/pulls')).toHaveLength(1);
});

test.each(['lost_answer', 'status'] as const)('a pull request whose answer was lost (%s) is found', async (kind) => {
  if (kind === 'status') await forge.openPull(order);
  const route = kind === 'status' ? 'GET /repos/acme/web/pulls' : 'POST /repos/acme/web/pulls';
  if (kind === 'status') {
    local.control.fault({ route, kind, status: 502 });
    expect(await problemOf(forge.openPull(order))).toMatchObject({
      retry: true,
      failure: { code: 'github_unreachable' },
    });
  } else local.control.fault({ route, kind });
  expect((await forge.openPull(order)).number).toBe(1);
  expect(writes('POST /repos/acme/web/pulls')).toHaveLength(1);
});

test('two workers that ask at once get the same pull request', async () => {
  const [a, b] = await Promise.all([forge.openPull(order), forgeWith().openPull(order)]);
  expect(a).toEqual(b);
});

test('a pull request always points at the base of the task', async () => {
  await local.control.commit({ repository, branch: 'other', files: { 'o.txt': 'o' }, message: 'Other' });
  const { number } = await forge.openPull({ ...order, base: branchOf('other') });
  expect((await forge.openPull(order)).number).toBe(number);
  expect((await local.control.viewPull(repository, number)).pull).toMatchObject({ base: { ref: 'main' } });
});

test('a branch without commits of its own gets no pull request', async () => {
  await local.control.moveBranch({
    repository,
    branch,
    to: required(await local.control.branchHead(repository, 'main')),
  });
  const { failure } = await problemOf(forge.openPull(order));
  expect(failure).toMatchObject({ code: 'no_commits', sentence: expect.stringContaining('No commits between main') });
});

test('the description is replaced', async () => {
  const { number } = await forge.openPull(order);
  await forge.describePull(web, number, 'New body');
  expect((await local.control.viewPull(repository, number)).pull).toMatchObject({ body: 'New body' });
});

test('polling sees pushes, closing, reopening and merging by people, and asks with what it has', async () => {
  let statuses: number[] = [];
  const counting = forgeWith({
    fetch: async (input, init) => {
      const response = await fetch(input, init);
      statuses.push(response.status);
      return response;
    },
  });
  const { number, head } = await forge.openPull(order);
  expect(await counting.findPull(web, number)).toMatchObject({ state: 'open', head, commit: null });
  // The second answer differs by GitHub having worked out mergeability; from the third on nothing changes.
  await counting.findPull(web, number);
  statuses = [];
  expect(await counting.findPull(web, number)).toMatchObject({ state: 'open', head });
  expect(statuses).toEqual([304, 304]);
  const pushed = await local.control.commit({ repository, branch, files: { 'b.txt': 'b' }, message: 'Mine' });
  expect((await counting.findPull(web, number)).head).toBe(pushed);
  await local.control.closePull(repository, number);
  expect((await counting.findPull(web, number)).state).toBe('closed');
  await local.control.reopenPull(repository, number);
  const commit = await local.control.mergePull(repository, number);
  expect(await counting.findPull(web, number)).toMatchObject({ state: 'merged', commit });
});

test('a clean pull request waits for GitHub to work it out, and then is ready', async () => {
  const { number, head } = await forge.openPull(order);
  expect((await forge.mergeable(web, number, head, mine)).type).toBe('pending');
  expect(await forge.mergeable(web, number, head, mine)).toEqual({ type: 'ready' });
});

test.each(['ruleset', 'protection'] as const)(
  'checks that a %s requires must have passed on this head',
  async (source) => {
    const { number, head } = await forge.openPull(order);
    await settled(number);
    await local.control.setRules(repository, 'main', { source, requiredChecks: ['ci', 'lint'] });
    expect(await forge.mergeable(web, number, head, mine)).toMatchObject({
      type: 'pending',
      reason: expect.stringMatching(/not reported yet: `ci`, `lint`/),
    });
    await local.control.setCheck({ repository, sha: head, name: 'ci', conclusion: null });
    await local.control.setCheck({ repository, sha: head, name: 'lint', conclusion: 'success', kind: 'status' });
    expect(await forge.mergeable(web, number, head, mine)).toMatchObject({
      type: 'pending',
      reason: expect.stringMatching(/still running: `ci`/),
    });
    await local.control.setCheck({ repository, sha: head, name: 'ci', conclusion: 'failure' });
    expect(await forge.mergeable(web, number, head, mine)).toMatchObject({
      type: 'refused',
      sentence: expect.stringMatching(/fail: `ci`/),
    });
    await local.control.setCheck({ repository, sha: head, name: 'ci', conclusion: 'success' });
    expect(await forge.mergeable(web, number, head, mine)).toEqual({ type: 'ready' });
  },
);

test('a required check that passes while GitHub is asked blocks no merge', async () => {
  const { number, head } = await forge.openPull(order);
  await settled(number);
  await local.control.setRules(repository, 'main', { requiredChecks: ['ci'] });
  const passing = forgeWith({
    fetch: async (...asked: Parameters<typeof fetch>) => {
      if (String(asked[0]).includes('/check-runs')) {
        await local.control.setCheck({ repository, sha: head, name: 'ci', conclusion: 'success' });
        now = Date.now() + 60_000;
      }
      return fetch(...asked);
    },
  });
  expect(await passing.mergeable(web, number, head, mine)).toEqual({ type: 'ready' });
});

test('drafts, conflicts, requested changes, open conversations, and stale bases are each refused, a head that GitHub does not show yet waits', async () => {
  const { number, head } = await forge.openPull(order);
  await settled(number);
  const said = async (wanted = head) => {
    const answer = await forge.mergeable(web, number, wanted, mine);
    return answer.type === 'refused' ? answer.sentence : answer.type;
  };
  await local.control.setPull(repository, number, { draft: true });
  expect(await said()).toMatch(/draft/);
  await local.control.setPull(repository, number, { draft: false });
  await local.control.reviewPull(repository, number, { state: 'CHANGES_REQUESTED', by: 'kim' });
  expect(await said()).toMatch(/requested on GitHub by kim/);
  await local.control.reviewPull(repository, number, { state: 'APPROVED', by: 'kim' });
  expect(await said()).toBe('ready');
  await local.control.setRules(repository, 'main', { requiredApprovals: 2 });
  expect(await said()).toMatch(/requires 2 approving reviews/);
  await local.control.setRules(repository, 'main', { conversationResolution: true });
  await local.control.setPull(repository, number, { openConversations: 1 });
  expect(await said()).toMatch(/Conversations .* open/);
  await local.control.setRules(repository, 'main', { requiredChecks: ['ci'], strict: true });
  await local.control.setCheck({ repository, sha: head, name: 'ci', conclusion: 'success' });
  await local.control.commit({ repository, files: { 'z.txt': 'z' }, message: 'Base moves' });
  await said();
  expect(await said()).toMatch(/has moved on/);
  await local.control.setRules(repository, 'main', null);
  await local.control.commit({ repository, files: { 'a.txt': 'other\n' }, message: 'Conflict' });
  await said();
  expect(await said()).toMatch(/conflicts with `main`/);
  expect(await said(shaOf('1'.repeat(40)))).toBe('pending');
  await local.control.closePull(repository, number);
  expect(await said()).toMatch(/closed/);
});

test('where workflows would run and none has reported, the merge waits and says so', async () => {
  const ci = 'on:\n  push:\n    branches: [main]\n  pull_request:\n    branches: [main]\n';
  await local.control.commit({ repository, files: { '.github/workflows/ci.yml': ci }, message: 'CI' });
  const { number, head } = await forge.openPull(order);
  await settled(number);
  expect(await forge.mergeable(web, number, head, mine)).toMatchObject({
    reason: expect.stringContaining('not reported yet'),
  });
  now += 60_000;
  expect(await forge.mergeable(web, number, head, mine)).toMatchObject({
    reason: expect.stringContaining('none has reported for 60 s'),
  });
  await local.control.setCheck({ repository, sha: head, name: 'build', conclusion: 'failure' });
  expect(await forge.mergeable(web, number, head, mine)).toMatchObject({ type: 'refused' });
  await local.control.setCheck({ repository, sha: head, name: 'build', conclusion: 'success' });
  expect(await forge.mergeable(web, number, head, mine)).toEqual({ type: 'ready' });
});

const mergeOrder = { repository: web, method: 'squash', title: 'Fix words (#1)', message: 'As asked.' } as const;

test('a merge takes exactly the head that was approved', async () => {
  const { number, head } = await forge.openPull(order);
  await local.control.commit({ repository, branch, files: { 'evil.txt': 'x' }, message: 'Later' });
  const before = await local.control.branchHead(repository, 'main');
  const problem = await problemOf(forge.merge({ ...mergeOrder, number, head }));
  expect(problem.failure.code).toBe('head_moved');
  expect(await local.control.branchHead(repository, 'main')).toBe(before);
});

test.each(['merge', 'squash', 'rebase'] as const)('a merge by %s moves the base, once', async (method) => {
  const { number, head } = await forge.openPull(order);
  const commit = await forge.merge({ ...mergeOrder, method, number, head });
  expect(await local.control.branchHead(repository, 'main')).toBe(commit);
  expect(await forge.merge({ ...mergeOrder, method, number, head })).toBe(commit);
  expect(writes('PUT')).toHaveLength(1);
});

test('a merge whose answer was lost, or that a person made first, counts as done', async () => {
  const { number, head } = await forge.openPull(order);
  local.control.fault({ route: 'PUT /repos/acme/web/pulls/1/merge', kind: 'lost_answer' });
  const commit = await forge.merge({ ...mergeOrder, number, head });
  expect(await local.control.branchHead(repository, 'main')).toBe(commit);
  expect(writes('PUT')).toHaveLength(1);
});

test('a merge that GitHub refuses is told in its words', async () => {
  const { number, head } = await forge.openPull(order);
  await local.control.setRepository(repository, { methods: { merge: true, squash: false, rebase: true } });
  const { failure, retry } = await problemOf(forge.merge({ ...mergeOrder, number, head }));
  expect(failure).toMatchObject({
    code: 'merge_refused',
    sentence: expect.stringContaining('Squash merges are not allowed'),
  });
  expect(retry).toBe(false);
  local.control.fault({ route: 'PUT *', kind: 'status', status: 500 });
  expect(await problemOf(forge.merge({ ...mergeOrder, number, head }))).toMatchObject({ retry: true });
});

test('the default branch is named; an empty repository and a missing one are told apart', async () => {
  expect(await forge.defaultBranch(web)).toBe('main');
  await local.control.createRepository({ repository: 'acme/new' });
  expect((await problemOf(forge.defaultBranch('acme/new' as typeof web))).failure.code).toBe('repository_empty');
  expect((await problemOf(forge.defaultBranch('acme/none' as typeof web))).failure.code).toBe('github_not_found');
});

test.each([
  [{ kind: 'status', status: 401 }, { code: 'github_unauthorized' }, false],
  [{ kind: 'status', status: 403 }, { code: 'github_forbidden' }, false],
  [
    { kind: 'status', status: 403, message: 'Repository was archived so is read-only.' },
    { code: 'repository_archived' },
    false,
  ],
  [{ kind: 'status', status: 404 }, { code: 'github_not_found' }, false],
  [{ kind: 'status', status: 422, message: 'Validation Failed' }, { code: 'github_invalid' }, false],
  [{ kind: 'status', status: 503 }, { code: 'github_unreachable' }, true],
  [{ kind: 'disconnect' }, { code: 'github_unreachable' }, true],
] as const)('%o becomes a sentence and a next step', async (fault, failure, retry) => {
  local.control.fault({ route: 'GET /repos/acme/web/pulls/1', ...fault });
  const problem = await problemOf(forge.findPull(web, 1));
  expect(problem).toMatchObject({ failure, retry, retryAt: null });
  expect(problem.failure.sentence).toMatch(/^Looking up pull request #1 of acme\/web failed: .+\.$/);
  expect(problem.failure.next).not.toBe('');
});

test('an answer that never comes ends in time', async () => {
  local.control.fault({ route: 'GET /repos/acme/web/pulls/1', kind: 'hang' });
  const hasty = forgeWith({ timeoutMs: 50 });
  expect(await problemOf(hasty.findPull(web, 1))).toMatchObject({
    retry: true,
    failure: { code: 'github_unreachable' },
  });
});

test.each(['rate_limit', 'secondary_rate_limit'] as const)(
  'under a %s nothing is asked until the time GitHub named',
  async (kind) => {
    const { number } = await forge.openPull(order);
    local.control.fault({ route: 'GET *', kind, retryAfterSeconds: 120 });
    const problem = await problemOf(forge.findPull(web, number));
    expect(problem).toMatchObject({ retry: true, failure: { code: 'github_rate_limited' } });
    expect(required(problem.retryAt ?? undefined) - now).toBeGreaterThan(100_000);
    // The forge would answer again; nobody asks it.
    expect(await problemOf(forge.findPull(web, number))).toBe(problem);
    now = required(problem.retryAt ?? undefined);
    expect((await forge.findPull(web, number)).number).toBe(number);
  },
);

test('what has not changed costs nothing of the hour, however often it is asked for; a merge that waits for checks asks much', async () => {
  const { number, head } = await forge.openPull(order);
  await local.control.setRules(repository, 'main', { requiredChecks: ['ci'] });
  await settled(number);
  await forge.mergeable(web, number, head, mine);
  await forge.findPull(web, number);
  const counted = local.control.callsCounted();
  for (let times = 0; times < 5; times += 1) {
    expect(await forge.mergeable(web, number, head, mine)).toMatchObject({ reason: expect.stringContaining('`ci`') });
    await forge.findPull(web, number);
  }
  // What is missing has no mark of its own, and GitHub counts it: here the protection that is none.
  expect(local.control.callsCounted() - counted).toBe(5);
  await local.control.setCheck({ repository, sha: head, name: 'ci', conclusion: 'success' });
  expect(await forge.mergeable(web, number, head, mine)).toEqual({ type: 'ready' });
});

test('once the last call of the hour is answered, nothing more is asked until the next', async () => {
  const { number } = await forge.openPull(order);
  local.control.setRateLimit(local.control.callsCounted() + 1);
  await forge.findPull(web, number).catch(() => undefined);
  const asked = local.control.requests().length;
  const problem = await problemOf(forge.findPull(web, number));
  expect(problem).toMatchObject({ retry: true, failure: { code: 'github_rate_limited' } });
  expect(local.control.requests()).toHaveLength(asked);
  local.control.setRateLimit(15_000);
  now = required(problem.retryAt ?? undefined);
  expect((await forge.findPull(web, number)).number).toBe(number);
});

test.each(['cut_answer', 'page'] as const)(
  'an answer that is none (%s) may have been done: it is asked, not believed',
  async (kind) => {
    local.control.fault({ route: 'POST /repos/acme/web/pulls', kind });
    if (kind === 'page') {
      expect(await problemOf(forge.openPull(order))).toMatchObject({
        retry: true,
        failure: { code: 'github_unreachable', sentence: expect.stringContaining('text/html') },
      });
    }
    const { number, head } = await forge.openPull(order);
    local.control.fault({ route: 'PUT *', kind: 'cut_answer' });
    const commit = await forge.merge({ ...mergeOrder, number, head });
    expect(await local.control.branchHead(repository, 'main')).toBe(commit);
    expect(writes('POST /repos/acme/web/pulls')).toHaveLength(1);
    local.control.fault({ route: 'GET /repos/acme/web/pulls/1', kind });
    expect(await problemOf(forgeWith().findPull(web, number))).toMatchObject({ retry: true });
  },
);

test.each(['close', 'merge'] as const)(
  'a pull request that a person ended (%s) before its answer came is found, and no second one made',
  async (how) => {
    const head = required(await local.control.branchHead(repository, branch));
    await forge.openPull(order);
    if (how === 'close') await local.control.closePull(repository, 1);
    else await local.control.mergePull(repository, 1);
    expect((await forge.openPull({ ...order, head: shaOf(head) })).number).toBe(1);
    expect(writes('POST /repos/acme/web/pulls')).toHaveLength(1);
  },
);

test('a pull request that is there and that GitHub’s list does not show yet is looked for again', async () => {
  await forge.openPull(order);
  const lagging = forgeWith({
    fetch: async (input, init) => (String(input).includes('/pulls?') ? Response.json([]) : fetch(input, init)),
  });
  expect(await problemOf(lagging.openPull(order))).toMatchObject({ retry: true, failure: { code: 'pull_refused' } });
});

test('a limit over GraphQL makes a merge wait, and refuses none', async () => {
  await forge.openPull({ ...order, draft: true });
  const limited = forgeWith({
    fetch: async (input, init) => {
      if (!String(input).endsWith('/graphql')) return fetch(input, init);
      const errors = [{ type: 'RATE_LIMITED', message: 'API rate limit exceeded' }];
      const reset = String(Math.floor(now / 1_000) + 300);
      const headers = {
        'x-ratelimit-remaining': '0',
        'x-ratelimit-reset': reset,
        'x-ratelimit-resource': 'graphql',
      };
      return Response.json({ errors }, { headers });
    },
  });
  const problem = await problemOf(limited.markReady(web, 1));
  expect(problem).toMatchObject({ retry: true, failure: { code: 'github_rate_limited' } });
  expect(required(problem.retryAt ?? undefined) - now).toBeGreaterThan(290_000);
  // REST is counted by itself.
  expect((await limited.findPull(web, 1)).number).toBe(1);
});

test('workers that GitHub counts together write in turn, and read as they like', async () => {
  const { promise: turn, resolve: give } = Promise.withResolvers<void>();
  const waiting = forgeWith({ writeTurn: () => turn });
  expect(await waiting.defaultBranch(web)).toBe('main');
  const opening = waiting.openPull(order);
  expect(await waiting.identify(web)).toBeGreaterThan(0);
  expect(writes('POST')).toEqual([]);
  give();
  expect((await opening).number).toBe(1);
});

test('the token goes with each call, and a new one is taken up', async () => {
  let current = 'expired';
  const renewed = forgeWith({ credentials: async () => ({ token: current }) });
  expect((await problemOf(renewed.defaultBranch(web))).failure.code).toBe('github_unauthorized');
  current = token;
  expect(await renewed.defaultBranch(web)).toBe('main');
});

test('a draft is opened, found again as one, and marked ready once', async () => {
  const asked = { ...order, draft: true };
  expect(await forge.openPull(asked)).toMatchObject({ number: 1, draft: 'draft' });
  expect(await forge.openPull(asked)).toMatchObject({ number: 1, draft: 'draft' });
  await forge.markReady(web, 1);
  await forge.markReady(web, 1);
  expect((await forge.findPull(web, 1)).isDraft).toBe(false);
  expect(writes('markPullRequestReadyForReview')).toHaveLength(1);
});

test('where GitHub has no drafts the pull request is a normal one, and says so', async () => {
  await local.control.setRepository(repository, { drafts: false });
  expect(await forge.openPull({ ...order, draft: true })).toMatchObject({ number: 1, draft: 'unsupported' });
});

test('a refusal over GraphQL is told in its words', async () => {
  const lying: typeof fetch = async (input, init) => {
    if (!String(input).endsWith('/graphql')) return fetch(input, init);
    const errors = [{ type: 'FORBIDDEN', message: 'Resource not accessible by integration' }];
    return Response.json({ data: null, errors });
  };
  await forge.openPull({ ...order, draft: true });
  expect(await problemOf(forgeWith({ fetch: lying }).markReady(web, 1))).toMatchObject({
    failure: { code: 'draft_kept', sentence: expect.stringContaining('Resource not accessible by integration') },
  });
});

test('what rules will surely refuse is known before a push, unless they may be passed by', async () => {
  const fresh = branchOf('errand/taaaaab-new');
  const pushed = { repository: web, branch: fresh, exists: false, signed: false, message: 'Fix', email: 'e@localhost' };
  await forge.checkPush(pushed);
  const restricted = {
    creationRestricted: true,
    messagePattern: { operator: 'regex' as const, pattern: '^F', negate: false },
  };
  await local.control.setRules(repository, 'errand/**', restricted);
  expect(await problemOf(forge.checkPush(pushed))).toMatchObject({
    retry: false,
    failure: { code: 'push_blocked', sentence: expect.stringContaining('let nobody create') },
  });
  await forge.checkPush({ ...pushed, exists: true });
  const { failure } = await problemOf(forge.checkPush({ ...pushed, exists: true, message: 'Mend' }));
  expect(failure.sentence).toContain('want a commit message that must match `^F`');
  await local.control.setRules(repository, 'errand/**', { ...restricted, bypass: true });
  await forge.checkPush(pushed);
});

test('a name that was given up leads nowhere, and one that was taken again is another repository', async () => {
  const id = await forge.identify(web);
  await local.control.renameRepository(repository, 'acme/shop');
  for (const ask of [
    forge.identify(web),
    forge.openPull(order),
    forge.merge({ ...mergeOrder, number: 1, head: shaOf('a'.repeat(40)) }),
  ]) {
    expect((await problemOf(ask)).failure.code).toBe('github_moved');
  }
  expect(local.control.requests().some((each) => each.includes('/repositories/'))).toBe(false);
  await local.control.createRepository({ repository, files: { 'a.txt': 'taken\n' } });
  expect(await forge.identify(web)).not.toBe(id);
  expect(local.control.ledger().filter(({ kind }) => kind === 'rest')).toEqual([]);
});

test('a pull request whose base a person changed is not merged', async () => {
  const { number, head } = await forge.openPull(order);
  await settled(number);
  await local.control.commit({ repository, branch: 'production', files: { 'b.txt': 'b\n' }, message: 'Live' });
  await local.control.setPull(repository, number, { base: 'production' });
  expect(await forge.mergeable(web, number, head, mine)).toMatchObject({
    type: 'refused',
    sentence: 'The pull request now goes into `production`, and this task is for `main`.',
  });
});

test('the token is shown to no other host, whatever GitHub answers', async () => {
  const asked: string[] = [];
  const elsewhere = createServer((request, answer) => {
    asked.push(`${request.url} ${request.headers.authorization}`);
    answer.end('[]');
  });
  elsewhere.listen(0, '127.0.0.1');
  await once(elsewhere, 'listening');
  const address = elsewhere.address();
  const host = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  // Whoever stands before GitHub answers one call with an address of their own.
  const lying = (answer: () => Response) => forgeWith({ fetch: async () => answer() });
  const redirect = lying(() => new Response(null, { status: 302, headers: { location: `${host}/x` } }));
  const link = lying(() => Response.json([], { headers: { link: `<${host}/page2>; rel="next"` } }));
  expect((await problemOf(redirect.identify(web))).failure.code).toBe('github_elsewhere');
  const push = { repository: web, branch, exists: false, signed: false, message: 'x', email: 'x@y.z' };
  expect((await problemOf(link.checkPush(push))).failure.code).toBe('github_elsewhere');
  expect(asked).toEqual([]);
  elsewhere.close();
});
