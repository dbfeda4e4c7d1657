import { expect, test } from 'vitest';
import { defaultRules, parseRules } from '../../src/git/rules.ts';
import { Problem } from '../../src/task/problem.ts';

test('an empty file says what no file says', () => {
  expect(parseRules('', 'x')).toEqual(defaultRules);
  expect(parseRules('# nothing yet\n', 'x')).toEqual(defaultRules);
  expect(defaultRules).toEqual({
    setup: null,
    maintenance: null,
    checks: [],
    ci: null,
    network: null,
    allow: null,
    agent: null,
    model: null,
    merge: { method: 'squash', approvers: [], selfApproval: null },
    pullRequest: { draft: false },
    secrets: { ignore: [] },
  });
});

test('everything can be said', () => {
  const text = `
setup: { run: npm ci, secrets: [NPM_TOKEN, NPM_TOKEN] }
maintenance: npm install
checks: [npm test, npm run lint]
allow: [registry.example.com]
network: [registries, docs.example.com]
agent: codex
model: gpt-5.5
merge: { method: rebase, approvers: [U012AB3CD, W0123], selfApproval: true }
pullRequest: { draft: true }
secrets: { ignore: [test/keys/, docs/a.md] }
ci: hold
`;
  expect(parseRules(text, 'x')).toEqual({
    setup: { script: 'npm ci', secrets: ['NPM_TOKEN'] },
    maintenance: 'npm install',
    checks: ['npm test', 'npm run lint'],
    allow: ['registry.example.com'],
    ci: 'hold',
    network: { model: true, registries: true, hosts: ['docs.example.com'] },
    agent: 'codex',
    model: 'gpt-5.5',
    merge: { method: 'rebase', approvers: ['U012AB3CD', 'W0123'], selfApproval: true },
    pullRequest: { draft: true },
    secrets: { ignore: ['test/keys/', 'docs/a.md'] },
  });
});

test('a set-up without secrets is a script', () => {
  expect(parseRules('setup: |\n  npm ci\n  npm run build\n', 'x').setup).toEqual({
    script: 'npm ci\nnpm run build',
    secrets: [],
  });
});

test.each([
  ['setup: { run: npm ci, secrets: [npm-token] }\n', /line 1: `setup.*`/],
  ['setup: { run: npm ci, secrets: { NPM_TOKEN: abc } }\n', /line 1: `setup.*`/],
  ['maintenance: { run: npm ci, secrets: [NPM_TOKEN] }\n', /line 1: `maintenance`/],
  ['checks:\n  - a\nmerge:\n  metod: squash\n', /line 4: unknown key `merge.metod`/],
  ['checks: [a]\nchecks: [b]\n', /line 2/],
  ['checks:\n  - [a\n', /line \d/],
  ['a: &x [1]\nchecks: *x\n', /aliases/],
  ['\nagent: 7\n', /line 2: `agent`/],
  ['merge:\n  approvers: [S0123]\n', /line 2: `merge.approvers.0`: .*user/],
  ['merge:\n  method: fast\n', /line 2: `merge.method`/],
  ['allow:\n  - ok.example.com\n  - "*.example.com"\n', /line 3: `allow.1`: .*exact host name/],
  ['checks: []\nnetwork: everything\n', /line 2: `network`: is neither/],
  ['allow: [10.0.0.1x/y]\n', /`allow.0`/],
  ['secrets: { ignore: ["**"] }\n', /`secrets.ignore.0`: .*a folder/],
  ['secrets: { ignore: [../x] }\n', /`secrets.ignore.0`/],
  ['- a\n', /line 1: `the file`/],
])('%j is refused with its line', (text, says) => {
  expect(() => parseRules(text, 'acme/web on `main`')).toThrow(Problem);
  expect(() => parseRules(text, 'acme/web on `main`')).toThrow(says);
});
