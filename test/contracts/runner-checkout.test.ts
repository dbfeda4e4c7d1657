import { execFileSync } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { mkdir, readdir, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Ground, makeGround, shell } from '../runner/drive.ts';

let runs = 0;

async function check(ground: Ground, script: string, start?: string): Promise<string> {
  const runner = ground.here({ run: `tabc123-r${++runs}` });
  runner.send(ground.spec(shell(script), start));
  const result = await runner.result();
  if (result.type === 'failed') throw new Error(`${result.code}: ${result.message}`);
  return result.claim;
}

test('the checkout borrows its objects from the repository, has no remote, and can commit', async () => {
  await using ground = await makeGround();
  const claim = await check(
    ground,
    'git remote; find .git/objects -type f ! -path "*/info/*" | wc -l; echo b > b; git add b; git commit -qm b && git log --format=%s',
  );
  expect(claim.split('\n')).toEqual(['0', 'b', 'Change']);
});

test('a second run starts at its own commit: changes gone, new files gone, ignored files kept, untouched files untouched', async () => {
  await using ground = await makeGround({ 'a.txt': 'a\n', 'same.txt': 'same\n', '.gitignore': 'node_modules\n' });
  await check(
    ground,
    'mkdir node_modules; echo dep > node_modules/dep; echo changed > a.txt; echo new > new.txt; git add -A; git commit -qm mine',
  );
  const before = await stat(join(ground.checkout, 'same.txt'));
  const second = await ground.commit({ 'b.txt': 'b\n' });
  const claim = await check(
    ground,
    'cat a.txt; ls; git status --porcelain; git rev-parse HEAD; cat node_modules/dep',
    second,
  );
  expect(claim.split('\n')).toEqual(['a', 'a.txt', 'b.txt', 'node_modules', 'same.txt', second, 'dep']);
  const after = await stat(join(ground.checkout, 'same.txt'));
  expect([after.ino, after.mtimeMs]).toEqual([before.ino, before.mtimeMs]);
});

test('hooks, settings, locks and nested repositories of an earlier run live on nowhere', async () => {
  await using ground = await makeGround({ 'a.txt': 'a\n' });
  await check(
    ground,
    `printf '#!/bin/sh\\necho hooked >> ${ground.folder}/hooked\\n' > .git/hooks/post-checkout || { mkdir .git/hooks; printf '#!/bin/sh\\n' > .git/hooks/post-checkout; }
     chmod +x .git/hooks/*; git config filter.x.smudge 'touch ${ground.folder}/hooked'; echo '* filter=x' > .git/info/attributes || true
     touch .git/index.lock; git init -q nested; echo n > nested/n; echo changed > a.txt`,
  );
  expect(await check(ground, 'cat a.txt; ls; ls .git/hooks 2>/dev/null; git config --get-regexp filter')).toBe(
    'a\na.txt',
  );
  expect(await readdir(ground.folder)).not.toContain('hooked');
});

test.each([
  ['a damaged index', 'echo rubbish > .git/index'],
  ['a missing .git', 'rm -rf .git'],
  ['a .git that is a file', 'rm -rf .git; echo "gitdir: /nowhere" > .git'],
  ['a change that keeps a file as long as it was', 'echo b > a.txt'],
  ['an index that hides changes', 'git update-index --assume-unchanged a.txt; echo hidden > a.txt'],
  ['an index that skips a file', 'git update-index --skip-worktree a.txt; echo hidden > a.txt'],
])('%s is mended', async (_name, damage) => {
  await using ground = await makeGround({ 'a.txt': 'a\n' });
  await check(ground, damage);
  expect(await check(ground, 'cat a.txt; git status --porcelain')).toBe('a');
});

test('new files of a set-up stay for every run, and are nobody’s work', async () => {
  await using ground = await makeGround({ 'a.txt': 'a\n' });
  await mkdir(join(ground.workspace, 'set-up'));
  await writeFile(join(ground.workspace, 'set-up/repo.exclude'), '/made/\n');
  await check(ground, 'mkdir made; echo x > made/x; echo y > y');
  expect(await check(ground, 'ls; ls made; git status --porcelain')).toBe('a.txt\nmade\nx');
});

test('what an agent puts in the place of a list of such files is not read', async () => {
  await using ground = await makeGround({ 'a.txt': 'a\n' });
  await check(ground, 'mkdir ../set-up; mkfifo ../set-up/repo.exclude');
  expect(await check(ground, 'cat a.txt')).toBe('a');
});

test('a checkout replaced by a link is moved aside, and what it points to is left alone', async () => {
  await using ground = await makeGround({ 'a.txt': 'a\n' });
  const elsewhere = join(ground.folder, 'elsewhere');
  await mkdir(elsewhere);
  await writeFile(join(elsewhere, 'precious'), 'p');
  await symlink(elsewhere, ground.checkout);
  expect(await check(ground, 'ls')).toBe('a.txt');
  expect(await readdir(elsewhere)).toEqual(['precious']);
  const aside = (await readdir(ground.workspace)).find((name) => name.startsWith('repo.broken-')) ?? '';
  expect(readlinkSync(join(ground.workspace, aside))).toBe(elsewhere);
});

describe('several checkouts', () => {
  /** Runs a script beside two checkouts of the ground's repository, `api` and `web`. */
  async function beside(ground: Ground, script: string, starts = [ground.start, ground.start]): Promise<string> {
    const runner = ground.here({ run: `tabc123-r${++runs}` });
    const checkouts = ['api', 'web'].map((name, index) => ({
      ...{ folder: `repos/${name}`, from: ground.from, branch: 'errand/tabc123-x' },
      start: starts[index] ?? ground.start,
    }));
    runner.send({ type: 'spec', checkouts, cwd: 'repos', agent: shell(script) });
    const result = await runner.result();
    if (result.type === 'failed') throw new Error(`${result.code}: ${result.message}`);
    expect(runner.records.filter(({ type }) => type === 'checked_out')).toHaveLength(2);
    return result.claim;
  }

  test('lie side by side, each at its own commit, and the agent works beside them', async () => {
    await using ground = await makeGround({ 'a.txt': 'a\n' });
    const later = await ground.commit({ 'b.txt': 'b\n' });
    const claim = await beside(ground, 'pwd; ls; ls api; ls web', [ground.start, later]);
    const repos = join(ground.workspace, 'repos');
    expect(claim.split('\n')).toEqual([repos, 'api', 'web', 'a.txt', 'a.txt', 'b.txt']);
  });

  test('are each made as they should be for the next run, whatever the last one left', async () => {
    await using ground = await makeGround({ 'a.txt': 'a\n' });
    await beside(ground, 'echo changed > api/a.txt; echo n > api/new; rm -rf web; ln -s api web; echo x > note');
    expect(await beside(ground, 'cat api/a.txt web/a.txt; ls api web; ls -ld web | cut -c1')).toBe(
      ['a', 'a', 'api:', 'a.txt', '', 'web:', 'a.txt', 'd'].join('\n'),
    );
    const aside = (await readdir(ground.workspace)).find((name) => name.startsWith('repos-web.broken-')) ?? '';
    expect(readlinkSync(join(ground.workspace, aside))).toBe('api');
  });

  test('lie in a folder of their own, and not where a link in its place leads', async () => {
    await using ground = await makeGround({ 'a.txt': 'a\n' });
    const elsewhere = join(ground.folder, 'elsewhere');
    await mkdir(elsewhere);
    await symlink(elsewhere, join(ground.workspace, 'repos'));
    expect(await beside(ground, 'ls')).toBe('api\nweb');
    expect(await readdir(elsewhere)).toEqual([]);
  });
});

test('a commit that the repository lacks fails the run as checkout', async () => {
  await using ground = await makeGround();
  await expect(check(ground, 'true', '0123456789012345678901234567890123456789')).rejects.toThrow(
    /^checkout: Git could not check out 0123456: /,
  );
});

test('the repository that is lent is never written to', async () => {
  await using ground = await makeGround({ 'a.txt': 'a\n' });
  const sum = () =>
    execFileSync('sh', [
      '-c',
      `find ${ground.from} ${ground.folder}/mirror/.git -type f | sort | xargs sha1sum`,
    ]).toString();
  const before = sum();
  await check(ground, 'echo b > a.txt; git commit -qam b; git gc -q --prune=now; git repack -adq');
  expect(sum()).toBe(before);
});

test('a link in the place of the record file is not followed', async () => {
  await using ground = await makeGround();
  await mkdir(join(ground.workspace, 'records'));
  const other = join(ground.folder, 'other');
  await writeFile(other, 'kept');
  await symlink(other, join(ground.workspace, 'records/tabc123-r77.jsonl'));
  const runner = ground.here({ run: 'tabc123-r77' });
  const code = await new Promise((resolve) => runner.child.once('exit', resolve));
  expect(code).not.toBe(0);
  expect(readFileSync(other, 'utf8')).toBe('kept');
});

test('numbers go on after what the file holds, also behind a torn line', async () => {
  await using ground = await makeGround();
  await mkdir(join(ground.workspace, 'records'));
  const held = '{"n":1,"at":1,"type":"ready"}\n{"n":2,"at":2,"type":"message","text":"x"}\n{"n":3,"at"';
  await writeFile(join(ground.workspace, 'records/tabc123-r78.jsonl'), held);
  const runner = ground.here({ run: 'tabc123-r78' });
  runner.send(ground.spec(shell('true')));
  await runner.result();
  expect(runner.records[0]).toMatchObject({ n: 3, type: 'ready' });
  const file = readFileSync(join(ground.workspace, 'records/tabc123-r78.jsonl'), 'utf8');
  expect(file.startsWith(`${held}\n{"n":3,`)).toBe(true);
});

test('a run whose result is written does nothing when it is started again', async () => {
  await using ground = await makeGround();
  const first = ground.here({ run: 'tabc123-r79' });
  first.send(ground.spec(shell('true')));
  await first.result();
  const again = ground.here({ run: 'tabc123-r79' });
  expect(await new Promise((resolve) => again.child.once('exit', resolve))).toBe(0);
  expect(again.records).toEqual([]);
});
