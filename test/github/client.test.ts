import { expect, test } from 'vitest';
import { createClient } from '../../src/github/client.ts';
import { parseRepositoryName } from '../../src/task/ids.ts';

test('a write that waits its turn is not sent once an earlier one has met the limit', async () => {
  const repository = parseRepositoryName('acme/app');
  if (repository === undefined) throw new Error('no name');
  let sent = 0;
  const { promise: met, resolve } = Promise.withResolvers<void>();
  const turns = [Promise.resolve(), met];
  const client = createClient({
    apiUrl: 'https://api.github.com',
    credentials: async () => ({ token: 't', refused: () => undefined }),
    clock: { now: () => 0 },
    writeGapMs: 0,
    writeTurn: () => turns.shift() ?? Promise.resolve(),
    fetch: async () => {
      sent += 1;
      const headers = { 'content-type': 'application/json', 'retry-after': '30' };
      return new Response(JSON.stringify({ message: 'secondary rate limit' }), { status: 403, headers });
    },
  });
  const write = () =>
    client.call(
      repository,
      'Naming',
      (rest, target) => rest.pulls.update({ ...target, pull_number: 1, title: 'x' }),
      'write',
    );
  const [first, second] = await Promise.allSettled([write().finally(resolve), write()]);
  const limited = { status: 'rejected', reason: { failure: { code: 'github_rate_limited' } } };
  expect(first).toMatchObject(limited);
  expect(second).toMatchObject(limited);
  expect(sent).toBe(1);
});
