import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { scan } from '../../sandbox/scan.ts';

const secret = 'a canary of a set-up';
const secrets = [
  { name: 'OTHER', patterns: [Buffer.from('another one')] },
  {
    name: 'TOKEN',
    patterns: [Buffer.from(secret), Buffer.from(secret).toString('base64')].map((form) => Buffer.from(form)),
  },
];
const mebibyte = 1024 * 1024;
let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'scan-'));
  await mkdir(join(root, 'repo/deep'), { recursive: true });
  await writeFile(join(root, 'repo/README'), 'a canary of a set');
});
afterEach(() => rm(root, { recursive: true, force: true }));

const write = (path: string, content: string | Buffer) => writeFile(join(root, path), content);

test.each<[string, () => Promise<unknown>, string]>([
  ['a file', () => write('repo/deep/.npmrc', `token=${secret}\n`), 'repo/deep/.npmrc'],
  ['another form', () => write('repo/deep/x', Buffer.from(secret).toString('base64')), 'repo/deep/x'],
  [
    'bytes that are no text',
    () => write('repo/x', Buffer.concat([Buffer.from([0xff, 0]), Buffer.from(secret)])),
    'repo/x',
  ],
  ['the name of a file', () => write(`repo/${secret}`, ''), `repo/${secret}`],
  ['the name of a folder', () => mkdir(join(root, secret)), secret],
  ['the target of a link', () => symlink(`/nowhere/${secret}`, join(root, 'link')), 'link'],
  [
    'a file where two pieces meet',
    () => write('big', Buffer.concat([Buffer.alloc(mebibyte - 5), Buffer.from(secret)])),
    'big',
  ],
  [
    'the end of a large file',
    () => write('big', Buffer.concat([Buffer.alloc(3 * mebibyte), Buffer.from(secret)])),
    'big',
  ],
])('a secret is found in %s', async (_where, put, path) => {
  await put();
  expect((await scan(root, secrets)).hits).toEqual([{ name: 'TOKEN', path }]);
});

test('what has none of the secrets is clean, all of it looked at', async () => {
  await write('repo/deep/x', 'another, but not one');
  expect(await scan(root, secrets)).toEqual({ hits: [], files: 2 });
});

test('many files with a secret are not all listed', async () => {
  for (let n = 0; n < 60; n += 1) await write(`repo/${n}`, secret);
  expect((await scan(root, secrets)).hits).toHaveLength(20);
});
