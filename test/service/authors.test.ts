import { expect, test } from 'vitest';
import { readEnv } from '../../src/config/env.ts';
import { type Config, toConfig } from '../../src/config.ts';
import type { Authors } from '../../src/github/authors.ts';
import { toAuthor } from '../../src/service/authors.ts';
import { problem } from '../app/world.ts';
import { alice, task } from '../task/example.ts';

const logged: string[] = [];
const note = (_fields: object, text: string) => void logged.push(text);
const log = { info: note, warn: note, error: note };
const configured = (more: object): Config =>
  toConfig(readEnv({}), { people: { [alice]: { github: 'octocat', ...more } } }, { process: 'worker' });
const found: Authors['account'] = async (_repository, login) => ({
  login,
  url: `https://github.example.com/${login}`,
  email: `7+${login}@users.noreply.github.example.com`,
});
const authorOf = (account: Authors['account'], more: object = {}) => {
  const authors: Authors = { account, committer: async () => ({ name: 'Errand', email: 'errand@localhost' }) };
  return toAuthor(configured(more), authors, log)(task());
};

const nameless = { name: 'Alice', email: `${alice.toLowerCase()}@users.noreply.slack.invalid`, account: null };

test('somebody whose account is linked is named by it, with what the configuration says instead', async () => {
  expect(await authorOf(found)).toEqual({
    name: 'Alice',
    email: '7+octocat@users.noreply.github.example.com',
    account: { login: 'octocat', url: 'https://github.example.com/octocat' },
  });
  const own = { name: 'Alice Doe', email: 'alice@example.com' };
  expect(await authorOf(found, own)).toMatchObject(own);
});

test('somebody without a link is named, and has no address that anybody could own', async () => {
  const bare = toConfig(readEnv({}), {}, { process: 'worker' });
  const authors: Authors = { account: found, committer: async () => ({ name: '', email: '' }) };
  expect(await toAuthor(bare, authors, log)(task())).toEqual(nameless);
});

test('an account that is not there, or may not be looked up, stops nothing', async () => {
  expect(await authorOf(async () => null)).toEqual(nameless);
  expect(
    await authorOf(async () => {
      throw problem('github_forbidden');
    }),
  ).toEqual(nameless);
  expect(logged).toContain('Whoever asked is named without their account on GitHub');
});

test('a lookup that may pass is tried again, so that a run makes one commit and no other', async () => {
  const failing = authorOf(async () => {
    throw problem('github_unreachable', { retry: true });
  });
  await expect(failing).rejects.toMatchObject({ retry: true });
});
