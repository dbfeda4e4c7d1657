import { expect, test } from 'vitest';
import { changesLifecycle, linkEscapes, refusalOf } from '../../src/git/path-policy.ts';
import { isWorkflow, whySensitive } from '../../src/git/sensitive.ts';

const change = (path: string, newMode = '100644', oldMode = '000000') => ({ path, oldMode, newMode, blob: '' });

test.each([
  'src/.git/config',
  '.GIT',
  'a/.git./x',
  'a/.git /x',
  'a/.g\u200bit/x',
  'GIT~1/x',
  '.git::$INDEX_ALLOCATION/x',
  'a\\.git\\hooks',
  '../x',
])("the path %j poses as git's own", (path) => {
  expect(refusalOf(change(path))).toContain("poses as git's own");
});

test.each(['src/a.ts', '.github/x', '.gitignore', '.gitattributes', 'git', 'a.git', 'digit~1', '.github/git~notes.md'])(
  'the path %j is fit',
  (path) => {
    expect(refusalOf(change(path))).toBeUndefined();
  },
);

test('submodules are refused when they come, change or go, and so is their file', () => {
  expect(refusalOf(change('lib', '160000'))).toContain('submodule');
  expect(refusalOf(change('lib', '000000', '160000'))).toContain('submodule');
  expect(refusalOf(change('a/.GitModules'))).toContain('changes');
  expect(refusalOf(change('a', '100664'))).toContain('mode 100664');
});

test.each(['a\rb', 'a\nb', 'a\u0000b', 'a\u0085b'])('the path %j has control characters', (path) => {
  expect(refusalOf(change(path))).toContain('control characters');
});

test.each([
  ['.github/workflows/ci.yml', 'runs on GitHub'],
  ['.github/actions/setup/action.yml', 'runs on GitHub'],
  ['.gitlab-ci.yml', 'another CI'],
  ['sub/Jenkinsfile', 'another CI'],
  ['.github/CODEOWNERS', 'decides who reviews'],
  ['docs/CODEOWNERS', 'decides who reviews'],
  ['.gitattributes', 'decides who reviews'],
  ['.errand.yml', 'steers Errand'],
  ['AGENTS.md', 'steers the agents'],
  ['sub/CLAUDE.md', 'steers the agents'],
  ['.claude/settings.json', 'steers the agents'],
  ['.github/copilot-instructions.md', 'steers the agents'],
  ['.cursor/rules/a.mdc', 'steers the agents'],
  ['opencode.json', 'steers the agents'],
  ['Makefile', 'runs by itself when somebody installs'],
  ['services/a/Dockerfile', 'runs by itself when somebody installs'],
  ['tests/conftest.py', 'runs by itself when somebody installs'],
  ['.husky/pre-commit', 'runs when somebody commits'],
  ['.vscode/tasks.json', 'opens the folder'],
  ['.devcontainer/devcontainer.json', 'opens the folder'],
  ['.envrc', 'opens the folder'],
  ['.npmrc', 'where packages come from'],
  ['packages/a/.npmrc', 'where packages come from'],
  ['.github/dependabot.yml', 'where packages come from'],
  ['package-lock.json', 'pins what is installed'],
  ['pnpm-lock.yaml', 'pins what is installed'],
  ['lib/tool.jar', 'no diff shows'],
])('a reviewer looks at %s first, since it %s', (path, why) => {
  expect(whySensitive(path)).toContain(why);
});

test.each([
  'src/agents.ts',
  'README.md',
  'package.json',
  'src/makefile.ts',
  '.github/ISSUE_TEMPLATE.md',
  'src/owners.ts',
  'docs/settings.md',
  'logo.png',
])('%s is ordinary', (path) => {
  expect(whySensitive(path)).toBeUndefined();
});

test('workflows are told whatever the case', () => {
  expect(isWorkflow('.GitHub/Workflows/ci.yml')).toBe(true);
  expect(isWorkflow('docs/.github/workflows/ci.yml')).toBe(false);
});

test.each([
  ['link', '/etc/passwd', true],
  ['link', '../x', true],
  ['a/b/link', '../../x', false],
  ['a/b/link', '../../../x', true],
  ['a/link', 'b/../../../x', true],
  ['link', '.git/config', true],
  ['link', 'C:\\x', true],
  ['a/link', './b', false],
])('the link %s to %s leads out: %s', (path, target, out) => {
  expect(linkEscapes(path, target)).toBe(out);
});

test('scripts that run by themselves count only where they come or change', () => {
  const scripts = (value: object) => JSON.stringify({ scripts: value });
  expect(changesLifecycle(scripts({ test: 'a' }), scripts({ test: 'b' }))).toBe(false);
  expect(changesLifecycle(scripts({ prepare: 'a' }), scripts({ prepare: 'a', x: 'y' }))).toBe(false);
  expect(changesLifecycle(scripts({ prepare: 'a' }), scripts({ prepare: 'b' }))).toBe(true);
  expect(changesLifecycle(undefined, scripts({ postinstall: 'a' }))).toBe(true);
  expect(changesLifecycle(scripts({}), 'not json')).toBe(true);
  expect(changesLifecycle(scripts({ prepare: 'a' }), undefined)).toBe(false);
});
