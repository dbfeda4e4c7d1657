import { once } from 'node:events';
import { createServer } from 'node:http';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Problem } from '../../src/task/problem.ts';
import { type Bench, prepareOrder, startBench } from './git-fixture.ts';

let bench: Bench;

beforeEach(async () => {
  bench = await startBench();
});
afterEach(async () => {
  await bench[Symbol.asyncDispose]();
});

async function serve(answer: (url: string) => string | null) {
  const heard: string[] = [];
  const server = createServer((request, response) => {
    heard.push(`${request.url} ${request.headers.authorization ?? 'without a token'}`);
    const location = answer(request.url ?? '/');
    response.writeHead(location === null ? 404 : 302, location === null ? {} : { location }).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  return { heard, url, [Symbol.dispose]: () => server.close() };
}

async function problemOf(promise: Promise<unknown>): Promise<Problem> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof Problem) return error;
  throw new Error('Expected a Problem', { cause: error });
}

test('git shows the token to no other host, whoever stands before GitHub', async () => {
  using elsewhere = await serve(() => null);
  using liar = await serve((url) => `${elsewhere.url}${url}`);
  const repositories = bench.other({ githubUrl: liar.url });
  await problemOf(repositories.prepare(prepareOrder));
  expect(liar.heard).toHaveLength(1);
  expect(elsewhere.heard).toEqual([]);
});

test('git follows no repository to its new name', async () => {
  await bench.forge.control.renameRepository('acme/web', 'acme/shop');
  const problem = await problemOf(bench.repositories.prepare(prepareOrder));
  expect(problem).toMatchObject({ retry: false, failure: { code: 'repository_moved' } });
  expect(bench.forge.control.requests().some((each) => each.includes('acme/shop'))).toBe(false);
});
