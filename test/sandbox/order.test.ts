import { mkdir, mkdtemp, realpath, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { admit, orderSchema } from '../../src/sandbox/order.ts';
import type { RunOrder } from '../../src/task/ports/sandbox.ts';
import { containerOrder, run, task } from './example.ts';

const { limits } = containerOrder;
const order: RunOrder = {
  task,
  run,
  image: 'default',
  repositories: [],
  limits,
  policy: {
    providers: ['anthropic'],
    allow: [],
    open: false,
    registries: false,
    budgetUsd: null,
    budgetTokens: null,
    unpriced: 'dearest' as const,
    dummyKey: 'dummy',
    mcp: [{ name: 'docs', tools: ['look_up'] }],
  },
};
let root: string;
let data: string;
const rules = (change: object = {}) => ({
  images: { default: 'sandbox:1' },
  repositoryDirs: [data],
  maxLimits: limits,
  ...change,
});

beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'order-')));
  data = join(root, 'data');
  await mkdir(join(data, 'm.git'), { recursive: true });
  await mkdir(join(root, 'other'));
  await mkdir(join(root, 'data-of-another'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

describe('an order', () => {
  test('names an image by the operator’s key and nothing else', async () => {
    expect((await admit(order, rules())).image).toBe('sandbox:1');
    for (const image of ['sandbox:1', 'constructor', '__proto__']) {
      await expect(admit({ ...order, image }, rules())).rejects.toMatchObject({ failure: { code: 'order_refused' } });
    }
  });

  test('gets at most what the operator allows', async () => {
    const greedy = { ...limits, memoryBytes: 2 ** 40, cpus: 64, pids: 9, runMs: 10 ** 12 };
    expect((await admit({ ...order, limits: greedy }, rules())).limits).toEqual({ ...limits, pids: 9 });
  });

  test('may mount what lies in the data folder', async () => {
    const repository = join(data, 'm.git');
    expect((await admit({ ...order, repositories: [repository] }, rules())).repositories).toEqual([
      { source: repository, target: repository },
    ]);
  });

  test('may mount by the name of a data folder that is a link', async () => {
    await symlink(data, join(root, 'link'));
    const repositories = [join(root, 'link', 'm.git')];
    const linked = rules({ repositoryDirs: [join(root, 'link')] });
    expect((await admit({ ...order, repositories }, linked)).repositories).toEqual([
      { source: join(data, 'm.git'), target: join(root, 'link', 'm.git') },
    ]);
  });

  test.each([
    ['the data folder itself', () => data],
    ['a folder beside it', () => join(root, 'other')],
    ['a folder whose name begins alike', () => join(root, 'data-of-another')],
    ['a way out of it', () => `${data}/m.git/../../other`],
    ['a name that leads back into it', () => `${data}/../data/m.git`],
    ['the root', () => '/'],
    ['what is not there', () => join(data, 'gone.git')],
    ['a relative path', () => 'm.git'],
  ])('may not mount %s', async (_what, path) => {
    await expect(admit({ ...order, repositories: [path()] }, rules())).rejects.toMatchObject({
      failure: { code: 'order_refused' },
      retry: false,
    });
  });

  test('may not mount through a link that leads out of the data folder', async () => {
    await symlink(join(root, 'other'), join(data, 'evil.git'));
    await expect(admit({ ...order, repositories: [join(data, 'evil.git')] }, rules())).rejects.toThrow('data folder');
  });
});

describe('the form of an order', () => {
  test('is kept by a good one', () => {
    expect(orderSchema.parse(order)).toEqual(order);
  });

  test.each([
    ['an unknown key', { privileged: true }],
    ['a run of another task', { run: 't111111-r1' }],
    ['a task that is a path', { task: '../../etc' }],
    ['no limits', { limits: undefined }],
    ['an endless limit', { limits: { ...limits, runMs: Number.POSITIVE_INFINITY } }],
    ['a negative limit', { limits: { ...limits, memoryBytes: -1 } }],
  ])('refuses %s', (_what, change) => {
    expect(orderSchema.safeParse({ ...order, ...change }).success).toBe(false);
  });
});
