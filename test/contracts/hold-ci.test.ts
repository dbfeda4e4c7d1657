import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createSigner } from '../../src/git/signing.ts';
import type { Sha } from '../../src/task/ids.ts';
import { Problem } from '../../src/task/problem.ts';
import {
  Agent,
  type Bench,
  branch,
  firstRun,
  prepareOrder,
  required,
  shaOf,
  startBench,
  task,
  token,
  web,
  words,
} from './git-fixture.ts';

const run = promisify(execFile);
const repository = 'acme/web';
const place = { task, part: 0, repository: web };
const ci = 'on: [push, pull_request, pull_request_target]\njobs: { build: {} }\n';
let bench: Bench;

beforeEach(async () => {
  bench = await startBench();
  const { control } = bench.forge;
  await control.commit({ repository, files: { '.github/workflows/ci.yml': ci }, message: 'Build' });
  await control.setRepository(repository, { actions: true });
});
afterEach(async () => {
  await bench[Symbol.asyncDispose]();
});

const inTask = async (...args: string[]) =>
  (await run('git', ['--git-dir', join(bench.dir, 'tasks', `${task}.git`), ...args])).stdout;
/** What ran, and on what, as the forge has it. */
const ran = () =>
  bench.forge.control.ledger().flatMap(({ kind, what, after }) => (kind === 'run' ? [`${what} ${after}`] : []));

async function made(holdCi: boolean, repositories = bench.repositories): Promise<Sha> {
  const prepared = await repositories.prepare(prepareOrder);
  const agent = await Agent.start(bench, prepared, `checkout-${holdCi}`);
  await agent.sh("echo note > note.txt; git add -A; git commit --quiet -m 'x'");
  const bundle = await agent.bundle();
  const { start, base } = prepared;
  const imported = await repositories.import({
    ...place,
    run: firstRun,
    bundle,
    start,
    base,
    words: { ...words, holdCi },
  });
  return required(imported ?? undefined).head;
}

async function push(head: Sha, remote: Sha | null = null): Promise<string> {
  return bench.repositories.push({ ...place, branch, head, remote, signal: new AbortController().signal });
}

async function openPull(): Promise<void> {
  await fetch(`${bench.forge.apiUrl}/repos/acme/web/pulls`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
    body: JSON.stringify({ title: 'Note', head: branch, base: 'main' }),
  });
}

test('nothing runs on a marked commit but what GitHub runs whatever it says', async () => {
  const head = await made(true);
  expect(await push(head)).toBe('pushed');
  await openPull();
  expect(ran()).toEqual([`pull_request_target .github/workflows/ci.yml ${head}`]);
});

test('what is not marked runs at once', async () => {
  const head = await made(false);
  await push(head);
  await openPull();
  expect(ran()).toEqual(
    ['push', 'pull_request', 'pull_request_target'].map((each) => `${each} .github/workflows/ci.yml ${head}`),
  );
});

test('a held commit is released as the very commit that it would have been, and runs', async () => {
  const plain = await made(false);
  const held = await made(true);
  await push(held);
  await openPull();
  const released = await bench.repositories.release({ ...place, head: held });
  expect(released).toBe(plain);
  expect(await inTask('rev-parse', `${released}^{tree}`)).toBe(await inTask('rev-parse', `${held}^{tree}`));
  expect(await push(released, held)).toBe('pushed');
  expect(ran().slice(1)).toEqual([
    `push .github/workflows/ci.yml ${released}`,
    `pull_request .github/workflows/ci.yml ${released}`,
    `pull_request_target .github/workflows/ci.yml ${released}`,
  ]);
  expect(await push(released, held)).toBe('already');
});

test('a later worker knows a held branch by its mark, and a person’s by its lack', async () => {
  await push(await made(true));
  expect(await bench.repositories.prepare(prepareOrder)).toMatchObject({ startHeld: true });
  await bench.forge.control.commit({ repository, branch, files: { 'a.txt': 'a' }, message: 'Mine [skip ci]' });
  expect(await bench.repositories.prepare(prepareOrder)).toMatchObject({ startHeld: false });
});

test('a signed commit is signed again', async () => {
  const key = join(bench.dir, 'key');
  await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]);
  const signing = bench.other({ signer: createSigner(await readFile(key, 'utf8')) });
  const held = await made(true, signing);
  const released = await signing.release({ ...place, head: held });
  expect(await inTask('cat-file', 'commit', released)).toContain('-----BEGIN SSH SIGNATURE-----');
  expect(await signing.release({ ...place, head: held })).toBe(released);
});

test.each(['a commit of a person', 'a commit that is nowhere'])('%s is not released', async (which) => {
  await bench.repositories.prepare(prepareOrder);
  const head = which.includes('person') ? await bench.forge.control.branchHead(repository, 'main') : 'd'.repeat(40);
  const released = bench.repositories.release({ ...place, head: shaOf(head) });
  const error = await released.catch((thrown: unknown) => thrown);
  expect(error instanceof Problem && error.failure.code).toBe('ci_not_held');
});
