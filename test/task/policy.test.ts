import { expect, test } from 'vitest';
import { parseRepositoryName, type RepositoryName, type UserId } from '../../src/task/ids.ts';
import {
  chooseEnvironment,
  chooseRepositories,
  mayApprove,
  type Policy,
  plainRepository,
  shellScript,
  toBranch,
  toTitle,
} from '../../src/task/policy.ts';
import { alice, bob, channel, noTurnLimits, task } from './example.ts';

const web = repository('acme/web');
const shop = repository('acme/shop');
const script = 'Add a note\n```sh\necho hi > note\n```';

function repository(name: string): RepositoryName {
  const parsed = parseRepositoryName(name);
  if (parsed === undefined) throw new Error(`${name} is no repository`);
  return parsed;
}

function policy(more: Partial<Policy> = {}): Policy {
  return {
    command: '/agent',
    repositories: [plainRepository(web)],
    groups: new Map(),
    channels: new Map(),
    agents: [],
    providers: new Map(),
    environments: ['default', 'java'],
    requesters: [],
    onlyChannels: [],
    intake: { personRequests: null, channelRequests: null, personTasks: null, queuedTasks: null },
    turns: noTurnLimits,
    approvers: [],
    selfApproval: false,
    budget: { usd: 5, tokens: 20e6, minutes: 30, taskMinutes: 240 },
    maxBudgetUsd: 5,
    day: {
      person: { usd: 50, tokens: 200e6 },
      everybody: { usd: 200, tokens: 800e6 },
      timeZone: 'UTC',
    },
    ...more,
  };
}

const two = policy({
  repositories: [web, shop].map((name) => plainRepository(name)),
});

test('the only repository needs no naming', () => {
  expect(chooseRepositories(policy(), channel, [])).toMatchObject({ ok: true, value: [{ name: web }] });
});

test('a channel has its own repository among several', () => {
  const channels = new Map([[channel, { repository: shop, agent: null, model: null, provider: null }]]);
  expect(chooseRepositories({ ...two, channels }, channel, [])).toMatchObject({ ok: true, value: [{ name: shop }] });
});

test('several repositories and none named is a question, not a guess', () => {
  expect(chooseRepositories(two, channel, [])).toMatchObject({
    ok: false,
    failure: { code: 'repository_missing', next: 'Begin it with repo: and one of acme/web, acme/shop.' },
  });
});

test('a request may name several, and gets them in its order', () => {
  expect(chooseRepositories(two, channel, [shop, web])).toMatchObject({
    ok: true,
    value: [{ name: shop }, { name: web }],
  });
});

test('a group stands for its repositories, each of them once, whoever else names them', () => {
  const grouped = { ...two, groups: new Map([['Both', [shop, web]]]) };
  const value = [{ name: shop }, { name: web }];
  expect(chooseRepositories(grouped, channel, ['both'])).toMatchObject({ ok: true, value });
  expect(chooseRepositories(grouped, channel, [shop, 'both', 'ACME/web'])).toMatchObject({ ok: true, value });
  expect(chooseRepositories(grouped, channel, ['neither'])).toMatchObject({
    failure: { code: 'repository_unknown', next: 'Name one of them: Both, acme/web, acme/shop.' },
  });
});

test('more repositories than somebody can review at once are refused', () => {
  const names = ['1', '2', '3', '4', '5', '6'].map((name) => repository(`acme/${name}`));
  const many = policy({ repositories: names.map(plainRepository) });
  expect(chooseRepositories(many, channel, names.slice(1))).toMatchObject({ ok: true });
  expect(chooseRepositories(many, channel, names)).toMatchObject({ failure: { code: 'repositories_too_many' } });
});

test('a repository that is not listed is refused by name', () => {
  const chosen = chooseRepositories(two, channel, [web, repository('acme/secret')]);
  expect(chosen).toMatchObject({ ok: false, failure: { sentence: expect.stringContaining('acme/secret') } });
});

test('an environment is one of the configuration, or none is asked for', () => {
  expect(chooseEnvironment(policy(), 'java')).toEqual({ ok: true, value: 'java' });
  expect(chooseEnvironment(policy(), null)).toEqual({ ok: true, value: null });
  expect(chooseEnvironment(policy(), 'cobol')).toMatchObject({
    ok: false,
    failure: { code: 'environment_unknown', next: 'Name one of them: default, java.' },
  });
});

test('the script of a spec is its first fenced block that is sh or bare', () => {
  expect(shellScript(script)).toBe('echo hi > note\n');
  expect(shellScript('```\nls\n```')).toBe('ls\n');
  expect(shellScript('```js\nlet a\n```')).toBeNull();
  expect(shellScript('```sh\n```')).toBeNull();
  expect(shellScript('just words')).toBeNull();
});

test('a title is the first sentence of the prose, or of the script', () => {
  expect(toTitle('Fix the flaky checkout test. It fails on Mondays.')).toBe('Fix the flaky checkout test');
  expect(toTitle(script)).toBe('Add a note');
  expect(toTitle('```sh\nnpm version minor\n```')).toBe('npm version minor');
  expect(toTitle('word '.repeat(40)).length).toBeLessThanOrEqual(72);
});

test('a branch carries the task and a slug that git accepts', () => {
  expect(toBranch('t000001', 'Füge "etwas" hinzu: ../x')).toBe('errand/t000001-fu-ge-etwas-hinzu-x');
  expect(toBranch('t000001', '修复')).toBe('errand/t000001');
});

test('a repository can allow or forbid self-approval against the general rule', () => {
  const allowed = policy({ repositories: [{ ...plainRepository(shop), selfApproval: true }] });
  const forbidden = policy({ selfApproval: true, repositories: [{ ...plainRepository(shop), selfApproval: false }] });
  expect(mayApprove(allowed, { task: task(), repository: shop }, alice, new Map())).toBeNull();
  expect(mayApprove(forbidden, { task: task(), repository: shop }, alice, new Map())).toMatchObject({
    code: 'self_approval',
  });
});

test('somebody else than the requester approves, unless the policy allows it', () => {
  expect(mayApprove(two, { task: task(), repository: shop }, alice, new Map())).toMatchObject({
    code: 'self_approval',
  });
  expect(mayApprove({ ...two, selfApproval: true }, { task: task(), repository: shop }, alice, new Map())).toBeNull();
  expect(mayApprove(two, { task: task(), repository: shop }, bob, new Map())).toBeNull();
});

test('nobody approves in a repository that the configuration does not list any more', () => {
  const without = policy({ selfApproval: true, repositories: [] });
  expect(mayApprove(without, { task: task(), repository: shop }, bob, new Map())).toMatchObject({
    code: 'repository_unlisted',
    sentence: `${shop} is no longer one of the repositories that Errand may work on.`,
  });
});

test('a list of approvers holds people and groups, and nobody else approves', () => {
  const listed = { ...two, approvers: ['S0OWNERS'] };
  const groups = new Map([['S0OWNERS', new Set<UserId>([bob])]]);
  expect(mayApprove(listed, { task: task(), repository: shop }, bob, groups)).toBeNull();
  expect(mayApprove(listed, { task: task(), repository: shop }, alice, groups)).toMatchObject({
    code: 'not_an_approver',
  });
});
