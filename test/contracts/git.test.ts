import { execFile } from 'node:child_process';
import { access, mkdir, readdir, readFile, stat, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { RepositoriesOptions } from '../../src/git/repositories.ts';
import { createMarkFinder, toSecretMarks } from '../../src/git/secret-marks.ts';
import { createSigner } from '../../src/git/signing.ts';
import type { Prepared } from '../../src/task/ports/repositories.ts';
import { Problem } from '../../src/task/problem.ts';
import {
  Agent,
  type Bench,
  branch,
  branchOf,
  firstRun,
  prepareOrder,
  required,
  shaOf,
  startBench,
  task,
  taskOf,
  token,
  web,
  words,
} from './git-fixture.ts';

const run = promisify(execFile);
let bench: Bench;

beforeEach(async () => {
  bench = await startBench();
});
afterEach(async () => {
  await bench[Symbol.asyncDispose]();
});

const git = async (path: string, ...args: string[]) => (await run('git', ['--git-dir', path, ...args])).stdout.trim();
const taskRepository = () => join(bench.dir, 'tasks', `${task}.git`);

async function problemOf(promise: Promise<unknown>): Promise<Problem> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof Problem) return error;
  throw new Error('Expected a Problem', { cause: error });
}

async function importOf(bundle: string, prepared: Pick<Prepared, 'start' | 'base'>, more = {}) {
  return bench.repositories.import({
    repository: web,
    task,
    part: 0,
    run: firstRun,
    bundle,
    start: prepared.start,
    base: prepared.base,
    words,
    ...more,
  });
}

async function changed(script: string): Promise<{ agent: Agent; bundle: string }> {
  const prepared = await bench.repositories.prepare(prepareOrder);
  const agent = await Agent.start(bench, prepared);
  await agent.sh(`${script}\ngit add -A && git commit --quiet -m 'Agent says @team fixes #1'`);
  return { agent, bundle: await agent.bundle() };
}

test('a first run starts at the base branch, with the rules that stand there', async () => {
  const prepared = await bench.repositories.prepare(prepareOrder);
  const head = await bench.forge.control.branchHead('acme/web', 'main');
  expect(prepared).toMatchObject({ baseBranch: 'main', base: head, start: head, remote: null });
  expect(prepared.rules).toMatchObject({ checks: ['node --test'], merge: { method: 'squash' } });
  const agent = await Agent.start(bench, prepared);
  expect(await agent.sh('ls')).toContain('package.json');
});

test('without a base branch the default branch is taken', async () => {
  expect((await bench.repositories.prepare({ ...prepareOrder, base: null })).baseBranch).toBe('main');
});

test.skipIf(process.getuid?.() !== 0)('other uids can read what a sandbox mounts', async () => {
  const umask = process.umask(0o077);
  const { repositories, start } = await bench.repositories.prepare(prepareOrder).finally(() => process.umask(umask));
  for (const path of repositories) await run('chmod', ['755', bench.dir]).then(() => access(path));
  const read = [
    '--reuid=20001',
    '--regid=20001',
    '--clear-groups',
    'git',
    '-c',
    'safe.directory=*',
    'cat-file',
    '-t',
    start,
  ];
  const options = { env: { PATH: '/usr/bin:/bin', GIT_DIR: required(repositories.at(-1)) }, cwd: '/' };
  const { stdout } = await run('setpriv', read, options);
  expect(stdout.trim()).toBe('commit');
});

test('the mirror holds one branch and nothing of the others', async () => {
  const secret = await bench.forge.control.commit({
    repository: 'acme/web',
    branch: 'private',
    files: { 'a.txt': 'a' },
    message: 'a',
  });
  const [mirror = ''] = (await bench.repositories.prepare(prepareOrder)).repositories;
  expect(await git(mirror, 'for-each-ref', '--format=%(refname)')).toBe('refs/heads/main');
  await expect(git(mirror, 'cat-file', '-e', secret)).rejects.toThrow();
});

test('eight tasks that start at once share one fetch', async () => {
  const ids = Array.from('23456789', (n) => taskOf(`taaaaa${n}`));
  const all = await Promise.all(
    ids.map((id) => bench.repositories.prepare({ ...prepareOrder, task: id, branch: branchOf(`errand/${id}`) })),
  );
  expect(new Set(all.map(({ start }) => start)).size).toBe(1);
  // In protocol version 2 an ls-remote is one request and a fetch is two.
  const asked = bench.forge.control.requests().filter((each) => each === 'POST /acme/web.git/git-upload-pack');
  expect(asked).toHaveLength(8 + 2);
  const [mirror = ''] = required(all[0]).repositories;
  expect((await readdir(join(mirror, '..'))).filter((name) => name.endsWith('.lock'))).toEqual([]);
  await git(mirror, 'fsck', '--strict');
});

test('what people push to the base is there for the next run, and a forced push keeps what tasks borrowed', async () => {
  const before = await bench.repositories.prepare(prepareOrder);
  const added = await bench.forge.control.commit({
    repository: 'acme/web',
    files: { 'new.txt': 'new' },
    message: 'New',
  });
  expect((await bench.repositories.prepare(prepareOrder)).base).toBe(added);
  await bench.forge.control.moveBranch({ repository: 'acme/web', branch: 'main', to: before.base });
  expect((await bench.repositories.prepare(prepareOrder)).base).toBe(before.base);
  expect(await git(required(before.repositories[0]), 'cat-file', '-t', added)).toBe('commit');
});

test('a mirror whose fetch was killed is taken over and mended', async () => {
  const { repositories } = await bench.repositories.prepare(prepareOrder);
  const mirror = required(repositories[0]);
  await writeFile(join(mirror, 'refs/heads/main.lock'), '');
  await writeFile(join(mirror, 'objects/pack/tmp_pack_XYZ'), 'half');
  await writeFile(`${mirror}.lock`, `${(await import('node:os')).hostname()} 999999999 dead`);
  const head = await bench.forge.control.commit({
    repository: 'acme/web',
    files: { 'new.txt': 'new' },
    message: 'New',
  });
  expect((await bench.repositories.prepare(prepareOrder)).base).toBe(head);
  expect(await readdir(join(mirror, 'objects/pack'))).not.toContain('tmp_pack_XYZ');
});

test('objects that a killed fetch lost are fetched again', async () => {
  const { repositories } = await bench.repositories.prepare(prepareOrder);
  const mirror = required(repositories[0]);
  const blob = await git(mirror, 'rev-parse', 'main:README.md');
  const loose = join(mirror, 'objects', blob.slice(0, 2), blob.slice(2));
  await run('rm', ['-f', loose]);
  await writeFile(join(mirror, 'packed-refs.lock'), '');
  await bench.forge.control.commit({ repository: 'acme/web', files: { 'new.txt': 'new' }, message: 'New' });
  await bench.repositories.prepare(prepareOrder);
  await git(mirror, 'fsck', '--strict');
});

test('a missing branch, an empty repository, a missing one and a wrong token are each told apart', async () => {
  const missing = await problemOf(bench.repositories.prepare({ ...prepareOrder, base: branchOf('nope') }));
  expect(missing.failure).toMatchObject({ code: 'base_missing', sentence: expect.stringContaining('`nope`') });
  await bench.forge.control.createRepository({ repository: 'acme/new' });
  const named = (name: string) => ({ ...prepareOrder, repository: name as typeof web });
  expect((await problemOf(bench.repositories.prepare(named('acme/new')))).failure.code).toBe('repository_empty');
  expect((await problemOf(bench.repositories.prepare(named('acme/none')))).failure.code).toBe('repository_not_found');
  const stranger = bench.other({ credentials: async () => ({ username: 'x', token: 'wrong' }) });
  const refused = await problemOf(stranger.prepare(prepareOrder));
  expect(refused).toMatchObject({ retry: false, failure: { code: 'github_unauthorized' } });
});

test('a server that is away or broken is worth another try', async () => {
  bench.forge.control.fault({ route: 'GET /acme/web.git/info/refs', kind: 'status', status: 503 });
  const broken = await problemOf(bench.repositories.prepare(prepareOrder));
  expect(broken).toMatchObject({ retry: true, failure: { code: 'github_unreachable' } });
  bench.forge.control.fault({ route: 'GET /acme/web.git/info/refs', kind: 'status', status: 403 });
  expect((await problemOf(bench.repositories.prepare(prepareOrder))).failure.code).toBe('github_forbidden');
  const away = bench.other({ githubUrl: 'http://127.0.0.1:9' });
  expect((await problemOf(away.prepare(prepareOrder))).retry).toBe(true);
});

test('a repository that is larger than a fetch may bring is told as that, and leaves nothing half there', async () => {
  const noise = Array.from({ length: 20_000 }, () => Math.random().toString(36)).join('\n');
  await bench.forge.control.commit({ repository: 'acme/web', files: { 'noise.txt': noise }, message: 'Noise' });
  const small = bench.other({ fetchBytes: 50_000 });
  expect(await problemOf(small.prepare(prepareOrder))).toMatchObject({
    retry: false,
    failure: { code: 'repository_too_large' },
  });
  expect((await bench.repositories.prepare(prepareOrder)).baseBranch).toBe('main');
});

test('an aborted signal ends a fetch that hangs', async () => {
  bench.forge.control.fault({ route: 'GET /acme/web.git/info/refs', kind: 'hang' });
  const stop = new AbortController();
  const prepared = bench.repositories.prepare({ ...prepareOrder, signal: stop.signal });
  prepared.catch(() => undefined);
  await vi.waitUntil(() => bench.forge.control.requests().length > 0, 10_000);
  stop.abort(new Error('enough'));
  await expect(prepared).rejects.toThrow('enough');
});

test('the rules of another branch, and a broken file, do not count', async () => {
  await bench.forge.control.commit({
    repository: 'acme/web',
    files: { '.errand.yml': 'checks:\n  - a\nchekcs: []\n' },
    message: 'x',
  });
  const { failure } = await problemOf(bench.repositories.prepare(prepareOrder));
  expect(failure).toMatchObject({
    code: 'rules_invalid',
    sentence: expect.stringMatching(/line 3: unknown key `chekcs`/),
  });
});

test('a change becomes one commit by the bot, with the requester beside it', async () => {
  const { bundle, agent } = await changed(
    "echo one >> README.md; git commit --quiet -am one; printf 'a\\nb\\n' > 'new file.txt'",
  );
  const imported = required((await importOf(bundle, agent.prepared)) ?? undefined);
  expect(imported.files).toEqual([
    { path: 'README.md', added: 1, removed: 0 },
    { path: 'new file.txt', added: 2, removed: 0 },
  ]);
  expect(imported.sensitive).toEqual([]);
  const text = await git(taskRepository(), 'log', '-1', '--format=%P|%an|%ae|%cn|%B', imported.head);
  expect(text).toBe(
    `${agent.prepared.start}|errand[bot]|errand@localhost|errand[bot]|Fix words\n\nCo-authored-by: Robin Doe <robin@example.com>`,
  );
  expect(await readdir(join(bench.dir, 'tasks'))).toEqual([`${task}.git`]);
});

test('taking the same run out twice gives the same commit, and nothing changed gives none', async () => {
  const { bundle, agent } = await changed('echo one >> README.md');
  const first = await importOf(bundle, agent.prepared);
  expect((await importOf(bundle, agent.prepared))?.head).toBe(first?.head);
  expect(await git(taskRepository(), 'log', '-1', '--format=%ct', first?.head ?? '')).toBe(String(words.at / 1000));
  await agent.sh('git revert --no-edit HEAD');
  expect(await importOf(await agent.bundle(), agent.prepared)).toBeNull();
});

test("the agent's own commits do not come along", async () => {
  const { bundle, agent } = await changed(
    'echo secret > secret.txt; git add -A; git commit --quiet -m s; rm secret.txt; echo x > x.txt',
  );
  const blob = await agent.sh('git rev-parse HEAD~1:secret.txt');
  await importOf(bundle, agent.prepared);
  await expect(git(taskRepository(), 'cat-file', '-e', blob)).rejects.toThrow();
});

test('what runs by itself on somebody is listed for the reviewer', async () => {
  const { bundle, agent } = await changed(`
    mkdir -p .vscode .claude sub
    echo {} > .vscode/tasks.json; echo hi > AGENTS.md; echo x > .claude/settings.json; echo 'registry=http://evil' > .npmrc
    sed -i 's/"test":/"postinstall": "evil", "test":/' package.json
    ln -s /etc/passwd absolute; ln -s ../../out escaping; ln -s ../README.md sub/fine
    printf '#!/bin/sh\\n' > run.sh; chmod +x run.sh; echo plain > plain.txt`);
  const imported = await importOf(bundle, agent.prepared);
  expect(imported?.sensitive.map(({ path, why }) => `${path} ${why}`)).toEqual([
    'absolute is a link that leads out of the checkout',
    'escaping is a link that leads out of the checkout',
    '.claude/settings.json steers the agents that work here next',
    'AGENTS.md steers the agents that work here next',
    'package.json runs by itself when somebody installs, builds or tests',
    '.vscode/tasks.json runs when somebody opens the folder',
    '.npmrc decides where packages come from',
    'run.sh can now be run as a program',
  ]);
});

test('a workflow is stopped before the push unless the operator allows it', async () => {
  const { bundle, agent } = await changed('mkdir -p .github/workflows; echo "on: push" > .github/workflows/ci.yml');
  expect((await problemOf(importOf(bundle, agent.prepared))).failure.code).toBe('workflow_refused');
  const open = bench.other({ allowWorkflows: () => true });
  const imported = await open.import({
    repository: web,
    task,
    part: 0,
    run: firstRun,
    bundle,
    start: agent.prepared.start,
    base: agent.prepared.base,
    words,
  });
  expect(imported?.sensitive).toEqual([
    { path: '.github/workflows/ci.yml', why: 'runs on GitHub with the repository’s secrets' },
  ]);
});

/** Drawn for this test, and put together here so that no scanner stumbles over it. */
const fakeToken = `ghp_${'Zx8Qv2Lm9Rt4Wy7Kp3Hn6Jd1Fs5Gb0Cc8Ae2'}`;

test('what looks like a secret in the added lines is told by file and line, also in binary files, and not in what was there', async () => {
  await bench.forge.control.commit({
    repository: 'acme/web',
    files: { 'old.txt': `${fakeToken}\nmore\n`, '.errand.yml': 'secrets: { ignore: [test/keys/] }\n' },
    message: 'Old',
  });
  const { bundle, agent } = await changed(`
    mkdir -p test/keys src; echo last >> old.txt; echo ${fakeToken} > test/keys/a
    printf 'one\\ntwo ${fakeToken}\\n' > src/a.ts; printf '\\0\\0${fakeToken}' > image.png`);
  const imported = required((await importOf(bundle, agent.prepared, { heedIgnore: true })) ?? undefined);
  expect(imported.secrets).toEqual({
    count: 2,
    findings: [
      { path: 'image.png', line: 1, kind: 'a GitHub token' },
      { path: 'src/a.ts', line: 2, kind: 'a GitHub token' },
    ],
  });
});

test('what a base says of secrets counts only where it is asked for', async () => {
  const files = { '.errand.yml': 'secrets: { ignore: [test/keys/] }\n' };
  await bench.forge.control.commit({ repository: 'acme/web', files, message: 'Rules' });
  const { bundle, agent } = await changed(`mkdir -p test/keys; echo ${fakeToken} > test/keys/a`);
  const imported = required((await importOf(bundle, agent.prepared)) ?? undefined);
  expect(imported.secrets).toEqual({ count: 1, findings: [{ path: 'test/keys/a', line: 1, kind: 'a GitHub token' }] });
});

test('a secret of Errand’s own leaves in no way, wherever the base branch says that secrets are none', async () => {
  await bench.forge.control.commit({
    repository: 'acme/web',
    files: { '.errand.yml': 'secrets: { ignore: [test/keys/] }\n' },
    message: 'Rules',
  });
  const isOwnSecret = createMarkFinder(toSecretMarks(['house-key-0123456789']));
  const { bundle, agent } = await changed(
    'mkdir -p test/keys; printf "a\\nb house-key-0123456789" > test/keys/x; head -c 20000000 /dev/zero >> test/keys/x',
  );
  const { start, base } = agent.prepared;
  const order = { repository: web, task, part: 0, run: firstRun, bundle, start, base, heedIgnore: true, words };
  const { failure } = await problemOf(bench.other({ isOwnSecret }).import(order));
  expect(failure).toMatchObject({ code: 'own_secret', sentence: expect.stringContaining('line 2 of "test/keys/x"') });
  expect(failure.sentence).not.toContain('house-key');
});

test('a reviewer is shown what an earlier run of the task changed, new hosts of packages, and text that reads otherwise', async () => {
  const lock = (host: string) => `{ "resolved": "https://${host}/a.tgz" }\n`;
  await bench.forge.control.commit({
    repository: 'acme/web',
    files: { 'package-lock.json': lock('packages.example') },
    message: 'Lock',
  });
  const first = await changed('echo x > AGENTS.md');
  const head = required((await importOf(first.bundle, first.agent.prepared))?.head);
  await bench.repositories.push({ ...pushOrder, head });
  const next = await bench.repositories.prepare(prepareOrder);
  const agent = await Agent.start(bench, next, 'again');
  await agent.sh(`printf '%s' '${lock('evil.example')}' > package-lock.json
    printf 'if (a) { \\342\\200\\256 }\\n' > hidden.js; git add -A; git commit --quiet -m x`);
  const more = await importOf(await agent.bundle(), next);
  expect(more?.sensitive.map(({ path, why }) => `${path} ${why}`)).toEqual([
    'hidden.js has invisible characters that make it read otherwise than it runs',
    'AGENTS.md steers the agents that work here next',
    'package-lock.json brings packages from a host that it did not use before',
  ]);
});

test.each([
  ['time', { timeoutMs: 1 }, 'took over 1 s'],
  ['size', { bundleBytes: 300_000, totalBytes: 1_000 }, 'unpacks to'],
  ['added lines', { addedBytes: 1_000 }, 'more than Errand can look through'],
])('reading ends at the cap on %s, and says so', async (_, caps, says) => {
  const { bundle, agent } = await changed('head -c 200000 /dev/urandom | base64 > noise.txt');
  const { start, base } = agent.prepared;
  const order = { repository: web, task, part: 0, run: firstRun, bundle, start, base, words };
  const { failure } = await problemOf(bench.other({ caps }).import(order));
  expect(failure).toMatchObject({ code: 'bundle_refused', sentence: expect.stringContaining(says) });
  expect(await readdir(join(bench.dir, 'tasks'))).toEqual([`${task}.git`]);
});

const plumb = (entries: string) => `git read-tree HEAD
  blob=$(echo x | git hash-object -w --stdin); tree=$(git write-tree)
  bad=$(printf '${entries}' "$blob" | git mktree --missing)
  new=$( { git ls-tree $tree; printf '040000 tree %s\\tsub\\n' $bad; } | git mktree --missing)
  git update-ref HEAD $(git commit-tree $new -p HEAD -m bad)`;

test.each([
  ['.git', plumb('100644 blob %s\\t.git\\n')],
  ['.GIT', plumb('100644 blob %s\\t.GIT\\n')],
  ['git~1', plumb('100644 blob %s\\tgit~1\\n')],
  ['..', plumb('100644 blob %s\\t..\\n')],
  ['.git with a character that HFS+ ignores', plumb('100644 blob %s\\t.g\\342\\200\\214it\\n')],
])('a tree with %s in it is refused', async (_, script) => {
  const prepared = await bench.repositories.prepare(prepareOrder);
  const agent = await Agent.start(bench, prepared);
  await agent.sh(script);
  const { failure } = await problemOf(importOf(await agent.bundle(), prepared));
  expect(failure.code).toBe('bundle_refused');
});

test.each([
  ['a gitlink', 'git update-index --add --cacheinfo 160000,$(git rev-parse HEAD),sub'],
  [
    '.gitmodules',
    'printf "[submodule \\"a\\"]\\n\\tpath = a\\n\\turl = https://example.com/a\\n" > .gitmodules; git add .gitmodules',
  ],
  ['a carriage return in a path', 'printf x > "$(printf \'a\\rb\')"; git add -A'],
])('%s is refused', async (_, script) => {
  const prepared = await bench.repositories.prepare(prepareOrder);
  const agent = await Agent.start(bench, prepared);
  await agent.sh(`${script}; git commit --quiet -m x`);
  expect((await problemOf(importOf(await agent.bundle(), prepared))).failure.code).toBe('path_refused');
});

test('unrelated history, a rewritten base, extra references and strange names are refused', async () => {
  const prepared = await bench.repositories.prepare(prepareOrder);
  const agent = await Agent.start(bench, prepared);
  const refused = async (bundle: string) => (await problemOf(importOf(bundle, prepared))).failure;
  await agent.sh(
    'echo x >> README.md; git commit --quiet -am x; git tag extra; git checkout --quiet --orphan lone; git commit --quiet -m lone',
  );
  expect((await refused(await agent.bundle('HEAD'))).sentence).toContain('does not build on');
  await agent.sh('git checkout --quiet work; git branch two');
  expect((await refused(await agent.bundle(`HEAD two ^${prepared.start}`))).sentence).toContain('instead of HEAD');
  expect((await refused(await agent.bundle(`extra ^${prepared.start}`))).sentence).toContain('instead of HEAD');
  await agent.sh(`git reset --quiet --hard ${prepared.start}; git commit --quiet --amend -m rewritten`);
  expect((await refused(await agent.bundle('HEAD'))).sentence).toContain('does not build on');
  const head = await agent.sh('git rev-parse HEAD');
  const strange = await agent.forge(`# v2 git bundle\n-${'1'.repeat(40)} x\n${head} HEAD`, 'HEAD\\n');
  expect((await refused(strange)).sentence).toContain('never gave out');
});

test('a bundle that is cut short, lacks objects, is no file or is too large is refused', async () => {
  const { bundle, agent } = await changed('head -c 200000 /dev/urandom > noise.bin');
  const refused = async (path: string) => (await problemOf(importOf(path, agent.prepared))).failure.code;
  const small = bench.other({ caps: { bundleBytes: 1_000 } });
  const large = await problemOf(
    small.import({
      repository: web,
      task,
      part: 0,
      run: firstRun,
      bundle,
      start: agent.prepared.start,
      base: agent.prepared.base,
      words,
    }),
  );
  expect(large.failure.sentence).toContain('1000 are allowed');
  await symlink(bundle, `${bundle}.link`);
  await expect(importOf(`${bundle}.link`, agent.prepared)).rejects.toThrow();
  await truncate(bundle, (await stat(bundle)).size - 5_000);
  expect(await refused(bundle)).toBe('bundle_refused');
  const commit = await agent.sh('git rev-parse HEAD');
  await agent.sh(
    `{ printf '# v2 git bundle\\n-%s x\\n%s HEAD\\n\\n' ${agent.prepared.start} ${commit}; echo ${commit} | git pack-objects --stdout -q; } > ${bundle}`,
  );
  expect(await refused(bundle)).toBe('bundle_refused');
});

test('a pack that unpacks into far more than its size, or holds too much, is refused', async () => {
  const { bundle, agent } = await changed('head -c 60000000 /dev/zero > zeros.bin');
  expect((await stat(bundle)).size).toBeLessThan(200_000);
  expect((await problemOf(importOf(bundle, agent.prepared))).failure.sentence).toContain('60000000 bytes');
  const few = bench.other({ caps: { objects: 2 } });
  const order = {
    repository: web,
    task,
    part: 0,
    run: firstRun,
    bundle,
    start: agent.prepared.start,
    base: agent.prepared.base,
    words,
  };
  expect((await problemOf(few.import(order))).failure.sentence).toContain('2 are allowed');
  const total = bench.other({ caps: { blobBytes: 1e9, totalBytes: 1_000_000 } });
  expect((await problemOf(total.import(order))).failure.sentence).toContain('unpacks to');
  const files = bench.other({ caps: { blobBytes: 1e9, changedFiles: 0 } });
  expect((await problemOf(files.import(order))).failure.code).toBe('too_many_files');
  expect(await readdir(join(bench.dir, 'tasks'))).toEqual([`${task}.git`]);
});

const pushOrder = { task, part: 0, repository: web, branch, remote: null, signal: new AbortController().signal };

async function readyToPush() {
  const { bundle, agent } = await changed('echo one >> README.md');
  const imported = required((await importOf(bundle, agent.prepared)) ?? undefined);
  return { ...pushOrder, head: imported.head };
}

const pushes = () =>
  bench.forge.control.ledger().filter(({ what, by }) => what === `refs/heads/${branch}` && by === 'errand-bot');

test('a pull request is measured as a whole, from where it left its base', async () => {
  const { repositories } = bench;
  const first = await readyToPush();
  await repositories.push(first);
  await bench.forge.control.commit({ repository: 'acme/web', files: { 'other.txt': 'o' }, message: 'Elsewhere' });
  const next = await repositories.prepare(prepareOrder);
  const agent = await Agent.start(bench, next);
  await agent.sh('echo two >> README.md; echo three > three.txt; git add -A; git commit --quiet -m More');
  const more = required((await importOf(await agent.bundle(), next)) ?? undefined);
  expect(more.files.map(({ path }) => path)).toEqual(['README.md', 'three.txt']);
  const size = await repositories.size({ task, part: 0, base: next.base, head: more.head });
  expect(size).toEqual({ files: 2, added: 3, removed: 0 });
});

test('parts of a task share nothing: what one holds is not in the other, nor taken into it', async () => {
  const { agent, bundle } = await changed('echo one >> README.md');
  await importOf(bundle, agent.prepared);
  const files = { 'api.txt': 'api' };
  await bench.forge.control.createRepository({ repository: 'acme/api', files });
  const api = { ...prepareOrder, part: 1, repository: 'acme/api' as typeof web };
  const second = await bench.repositories.prepare(api);
  const refused = await problemOf(
    bench.repositories.import({ ...api, run: firstRun, bundle, start: second.start, base: second.base, words }),
  );
  expect(refused.failure.code).toBe('bundle_refused');
  expect(required(second.repositories.at(-1))).not.toBe(required(agent.prepared.repositories.at(-1)));
  await bench.repositories.remove(task);
  expect((await readdir(join(bench.dir, 'tasks'))).filter((name) => name.startsWith(task))).toEqual([]);
});

test('a push makes one branch; the next run starts from it, and so from what people pushed on top', async () => {
  const order = await readyToPush();
  expect(await bench.repositories.push(order)).toBe('pushed');
  expect(await bench.repositories.push({ ...order, remote: order.head })).toBe('already');
  expect(await bench.repositories.prepare(prepareOrder)).toMatchObject({ start: order.head, remote: order.head });
  const theirs = await bench.forge.control.commit({
    repository: 'acme/web',
    branch,
    files: { 'theirs.txt': 'x' },
    message: 'Theirs',
  });
  const next = await bench.repositories.prepare(prepareOrder);
  expect(next).toMatchObject({ start: theirs, remote: theirs });
  const agent = await Agent.start(bench, next, 'second');
  expect(await agent.sh('ls')).toContain('theirs.txt');
});

test('a push whose answer was lost counts as done, once', async () => {
  const order = await readyToPush();
  bench.forge.control.fault({ route: 'POST /acme/web.git/git-receive-pack', kind: 'lost_answer' });
  expect(await bench.repositories.push(order)).toBe('already');
  expect(await bench.repositories.push(order)).toBe('already');
  expect(pushes()).toHaveLength(1);
});

test('a push that never arrived is worth another try', async () => {
  const order = await readyToPush();
  bench.forge.control.fault({ route: 'POST /acme/web.git/git-receive-pack', kind: 'disconnect', times: 3 });
  expect(await problemOf(bench.repositories.push(order))).toMatchObject({ retry: true });
  bench.forge.control.clearFaults();
  expect(await bench.repositories.push(order)).toBe('pushed');
});

test('what somebody pushed meanwhile is never overwritten', async () => {
  const order = await readyToPush();
  const theirs = await bench.forge.control.commit({
    repository: 'acme/web',
    branch,
    files: { 'theirs.txt': 'x' },
    message: 'Theirs',
  });
  expect(await bench.repositories.push(order)).toBe('moved');
  expect(await bench.forge.control.branchHead('acme/web', branch)).toBe(theirs);
  expect(await bench.repositories.push({ ...order, remote: shaOf(order.head) })).toBe('moved');
});

test('a refusal by the rules of the repository is told with its reason', async () => {
  const order = await readyToPush();
  await bench.forge.control.setRules('acme/web', branch, { pullRequestRequired: true });
  const { failure, retry } = await problemOf(bench.repositories.push(order));
  expect(retry).toBe(false);
  expect(failure).toMatchObject({
    code: 'push_refused',
    sentence: expect.stringContaining('must be made through a pull request'),
  });
});

test.skipIf(process.platform !== 'linux')('no token shows in the arguments of a process', async () => {
  const order = await readyToPush();
  bench.forge.control.fault({ route: 'GET /acme/web.git/info/refs', kind: 'hang' });
  const stop = new AbortController();
  const pushing = bench.repositories.push({ ...order, signal: stop.signal });
  const seen: string[] = [];
  await vi.waitUntil(async () => {
    for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
      seen.push(await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''));
    }
    return seen.some((line) => line.includes('remote-http') && line.includes(bench.forge.url));
  }, 10_000);
  stop.abort(new Error('enough'));
  await expect(pushing).rejects.toThrow('enough');
  const encoded = Buffer.from(`x-access-token:${token}`).toString('base64');
  expect(seen.filter((line) => line.includes(token) || line.includes(encoded))).toEqual([]);
});

test('no token is left on disk', async () => {
  await bench.repositories.push(await readyToPush());
  const encoded = Buffer.from(`x-access-token:${token}`).toString('base64');
  for (const folder of ['mirrors', 'tasks']) {
    for (const entry of await readdir(join(bench.dir, folder), { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const text = await readFile(join(entry.parentPath, entry.name), 'latin1');
      expect(text.includes(token) || text.includes(encoded), entry.name).toBe(false);
    }
  }
});

test('tasks that are over leave nothing behind after a while, what a crash left included; others stay', async () => {
  await bench.repositories.prepare(prepareOrder);
  await mkdir(join(bench.dir, 'tasks', `quarantine-${task}-crashed`));
  await bench.repositories.reap([task], 0);
  expect(await readdir(join(bench.dir, 'tasks'))).toEqual([`${task}.git`]);
  await bench.repositories.reap([], 3_600_000);
  expect(await readdir(join(bench.dir, 'tasks'))).toEqual([`${task}.git`]);
  await bench.repositories.reap([], 0);
  expect(await readdir(join(bench.dir, 'tasks'))).toEqual([]);
});

test('a mirror that nobody asked for in a long time goes, unless a task borrows from it; the next task fetches it anew', async () => {
  const first = await bench.repositories.prepare(prepareOrder);
  const [mirror = ''] = first.repositories;
  const long = new Date(Date.now() - 40 * 24 * 3_600_000);
  const month = 30 * 24 * 3_600_000;
  const { signal } = new AbortController();
  await utimes(mirror, long, long);
  await bench.repositories.reapMirrors(month, signal);
  expect(await readdir(mirror)).toContain('HEAD');
  await bench.repositories.remove(task);
  await bench.repositories.prepare(prepareOrder);
  await bench.repositories.remove(task);
  await bench.repositories.reapMirrors(month, signal);
  expect(await readdir(mirror)).toContain('HEAD');
  await utimes(mirror, long, long);
  await bench.repositories.reapMirrors(month, signal);
  expect(await readdir(dirname(mirror))).toEqual([]);
  const again = await bench.repositories.prepare(prepareOrder);
  expect(again.base).toBe(first.base);
});

test('a task that is forgotten leaves nothing behind', async () => {
  await bench.repositories.prepare(prepareOrder);
  await mkdir(join(bench.dir, 'tasks', `quarantine-${task}-crashed`));
  await bench.repositories.remove(task);
  expect(await readdir(join(bench.dir, 'tasks'))).toEqual([]);
});

test.each([
  [{ '.github/PULL_REQUEST_TEMPLATE.md': 'hidden\n', 'PULL_REQUEST_TEMPLATE.md': 'root\n' }, 'hidden'],
  [{ 'docs/pull_request_template.txt': 'docs\r\nlines\r\n' }, 'docs\nlines'],
  [{ '.github/PULL_REQUEST_TEMPLATE/bug.md': 'bug', '.github/PULL_REQUEST_TEMPLATE/Default.md': 'default' }, 'default'],
  [{ '.github/PULL_REQUEST_TEMPLATE/bug.md': 'bug', '.github/PULL_REQUEST_TEMPLATE/feature.md': 'feature' }, null],
  [{ 'pull_request_template.md': `${'x'.repeat(33 * 1024)}` }, null],
  [{ 'README.md': 'none' }, null],
])('the template among %o is found where GitHub looks', async (files, expected) => {
  await bench.forge.control.commit({ repository: 'acme/web', files, message: 'Add a template' });
  const { base } = await bench.repositories.prepare(prepareOrder);
  expect(await bench.repositories.template({ task, part: 0, base })).toBe(expected);
});

describe('with a key to sign with', () => {
  const makeKey = async (kind: string, passphrase = '', format: readonly string[] = []) => {
    const file = join(bench.dir, `key-${kind}-${passphrase}${format.join('')}`);
    await run('ssh-keygen', ['-q', '-t', kind, ...format, '-N', passphrase, '-C', '', '-f', file]);
    return { privateKey: await readFile(file, 'utf8'), publicKey: await readFile(`${file}.pub`, 'utf8') };
  };

  test.each([
    ['ed25519', []],
    ['rsa', []],
    ['rsa', ['-m', 'PEM']],
    ['rsa', ['-m', 'PKCS8']],
  ])('of the kind %s, written with %j, commits are signed, and the same again after a crash', async (kind, format) => {
    const { privateKey, publicKey } = await makeKey(kind, '', format);
    const { bundle, agent } = await changed('echo more >> README.md');
    const order = {
      repository: web,
      task,
      part: 0,
      run: firstRun,
      bundle,
      start: agent.prepared.start,
      base: agent.prepared.base,
      words,
    };
    const made = async () => {
      const signer = createSigner(privateKey.trim().replaceAll('\n', '\\n'));
      return (await bench.other({ signer }).import(order))?.head;
    };
    const head = await made();
    expect(await made()).toBe(head);
    const allowed = join(bench.dir, 'allowed');
    await writeFile(allowed, `errand@localhost ${publicKey}`);
    const repository = join(bench.dir, 'tasks', `${task}.git`);
    const verify = ['-c', `gpg.ssh.allowedSignersFile=${allowed}`, '--git-dir', repository, 'verify-commit', '-v'];
    const { stderr } = await run('git', [...verify, head ?? '']);
    expect(stderr).toContain('Good "git" signature for errand@localhost');
  });

  test('the forge that demands signatures takes them from the account that has the key, and nobody else’s', async () => {
    const { privateKey, publicKey } = await makeKey('ed25519');
    await bench.forge.control.setRules('acme/web', 'errand/**', { requiredSignatures: true });
    await bench.forge.control.addSigningKey('errand-bot', publicKey);
    const { bundle, agent } = await changed('echo more >> README.md');
    const order = {
      repository: web,
      task,
      part: 0,
      run: firstRun,
      bundle,
      start: agent.prepared.start,
      base: agent.prepared.base,
      words,
    };
    const pushAs = async (options: Partial<RepositoriesOptions>) => {
      const imported = await bench.other(options).import(order);
      if (imported === null) throw new Error('nothing changed');
      const signal = new AbortController().signal;
      const { head } = imported;
      return bench.repositories.push({ task, part: 0, repository: web, branch, head, remote: null, signal });
    };
    const email = bench.forge.control.signerOf('errand-bot');
    const bot = { name: 'Errand', email };
    const signer = createSigner(privateKey);
    expect((await problemOf(pushAs({ committer: async () => bot }))).failure.sentence).toContain(
      'Commits must have verified signatures',
    );
    const stranger = { ...bot, email: 'errand@localhost' };
    expect((await problemOf(pushAs({ signer, committer: async () => stranger }))).failure.code).toBe('push_refused');
    const other = createSigner((await makeKey('rsa')).privateKey);
    expect((await problemOf(pushAs({ signer: other, committer: async () => bot }))).failure.code).toBe('push_refused');
    expect(await pushAs({ signer, committer: async () => bot })).toBe('pushed');
  });

  test.each([
    ['a passphrase', 'ed25519', 'secret', 'has a passphrase'],
    ['a kind that signs differently each time', 'ecdsa', '', 'signs differently each time'],
  ])('with %s it is refused', async (_name, kind, passphrase, says) => {
    const { privateKey } = await makeKey(kind, passphrase);
    const { failure } = await problemOf((async () => createSigner(privateKey).publicKey())());
    expect(failure.code).toBe('signing_key_invalid');
    expect(failure.sentence).toContain(says);
  });
});
