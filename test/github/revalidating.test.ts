import { expect, test } from 'vitest';
import { revalidating } from '../../src/github/revalidating.ts';
import { wholeAnswers } from '../../src/github/whole-answer.ts';

const url = 'https://api.github.com/repos/acme/web/pulls/1';

/** A GitHub that answers 304 to who has what it would get. */
function github(content: () => string) {
  const asked: (string | null)[] = [];
  const answer: typeof fetch = async (_input, init) => {
    const known = new Headers(init?.headers).get('if-none-match');
    asked.push(known);
    const etag = `W/"${content()}"`;
    const headers = { etag, 'x-ratelimit-remaining': String(100 - asked.length), 'content-type': 'application/json' };
    if (known === etag) return new Response(null, { status: 304, headers });
    return new Response(JSON.stringify(content()), { headers });
  };
  return { asked, send: revalidating(wholeAnswers(answer)) };
}

const by = (token: string, method = 'GET') => ({ method, headers: { authorization: `token ${token}` } });

test('each call asks GitHub, with the mark of what is known, and settles with what holds now', async () => {
  let content = 'one';
  const { asked, send } = github(() => content);
  expect(await (await send(url, by('a'))).json()).toBe('one');
  const again = await send(url, by('a'));
  expect([again.status, await again.json()]).toEqual([200, 'one']);
  expect(again.headers.get('x-ratelimit-remaining')).toBe('98');
  content = 'two';
  expect(await (await send(url, by('a'))).json()).toBe('two');
  expect(asked).toEqual([null, 'W/"one"', 'W/"one"']);
});

test('what one token saw is not shown to another, and a write is not marked', async () => {
  const { asked, send } = github(() => 'one');
  await send(url, by('a'));
  await send(url, by('b'));
  await send(url, by('a', 'PUT'));
  expect(asked).toEqual([null, null, null]);
});

test('no more than 16 MiB are kept, and nothing that is large', async () => {
  const { asked, send } = github(() => 'x'.repeat(200_000));
  const at = (n: number) => `${url}?page=${n}`;
  for (let n = 0; n < 100; n += 1) await send(at(n), by('a'));
  await send(at(0), by('a'));
  await send(at(99), by('a'));
  expect(asked.slice(100).map((known) => known !== null)).toEqual([false, true]);
  const large = github(() => 'x'.repeat(300_000));
  await large.send(url, by('a'));
  await large.send(url, by('a'));
  expect(large.asked).toEqual([null, null]);
});

test.each([
  ['broke off', () => new Response(new ReadableStream({ start: (c) => c.error(new Error('cut')) }))],
  ['a proxy’s page', () => new Response('<p>Sign in', { headers: { 'content-type': 'text/html' } })],
  ['of no type', () => new Response(new Uint8Array([1]))],
])('an answer that is none is no answer: %s', async (_, answer) => {
  await expect(wholeAnswers(async () => answer())(url)).rejects.toThrow(/broke off|not GitHub's JSON/);
});

test('a refusal may be a page, and an answer may be empty', async () => {
  const page = new Response('<p>Unicorn', { status: 502, headers: { 'content-type': 'text/html' } });
  expect((await wholeAnswers(async () => page)(url)).status).toBe(502);
  expect((await wholeAnswers(async () => new Response(null, { status: 204 }))(url)).status).toBe(204);
});
