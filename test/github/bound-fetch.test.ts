import { expect, test } from 'vitest';
import { boundFetch } from '../../src/github/bound-fetch.ts';
import { readyMutation } from '../../src/github/mark-ready.ts';

const api = 'https://github.example/api/v3';

/** What was really sent, and what whoever asked got. */
async function ask(url: string, init: RequestInit = {}, answer: Response = new Response('{}')) {
  const sent: string[] = [];
  const fetched = boundFetch(api, async (input, given) => {
    sent.push(`${given?.method ?? 'GET'} ${String(input)} ${given?.redirect}`);
    return answer;
  })(url, init);
  const why = await fetched.then(
    () => 'answered',
    (error: unknown) => String(error),
  );
  return { sent, why };
}

test('GitHub itself is asked, and no redirect is followed', async () => {
  expect(await ask(`${api}/repos/acme/web`)).toEqual({
    sent: [`GET ${api}/repos/acme/web manual`],
    why: 'answered',
  });
});

test.each([
  'https://evil.example/api/v3/repos',
  'http://github.example/api/v3/x',
  'https://github.example:444/api/v3/x',
])('%s is never asked, not even for the next page of a list', async (url) => {
  expect(await ask(url)).toEqual({ sent: [], why: `Strayed: ${new URL(url).host}` });
});

test.each([
  ['https://evil.example/steal', 'Strayed: evil.example'],
  [`${api}/repositories/7`, 'Strayed: /api/v3/repos/acme/web'],
  ['/api/v3/repositories/7', 'Strayed: /api/v3/repos/acme/web'],
])('a redirect to %s ends there', async (location, why) => {
  const moved = new Response(null, { status: 301, headers: { location } });
  expect((await ask(`${api}/repos/acme/web`, {}, moved)).why).toBe(why);
});

test('a body that has not changed is an answer', async () => {
  expect((await ask(`${api}/repos/acme/web`, {}, new Response(null, { status: 304 }))).why).toBe('answered');
});

const mutation = (query: string) => JSON.stringify({ query, variables: {} });

test.each([
  ['POST', `${api}/repos/acme/web/pulls`, ''],
  ['PATCH', `${api}/repos/acme/web/pulls/7`, ''],
  ['PUT', `${api}/repos/acme/web/pulls/7/merge`, ''],
  ['POST', `${api}/app/installations/3/access_tokens`, ''],
  ['DELETE', `${api}/installation/token`, ''],
  ['POST', 'https://github.example/api/graphql', mutation(readyMutation)],
])('%s %s is one of Errand’s calls', async (method, url, body) => {
  expect((await ask(url, { method, body })).why).toBe('answered');
});

test.each([
  ['POST', `${api}/repos/acme/web/pulls/7/reviews`, ''],
  ['PUT', `${api}/repos/acme/web/pulls/7/reviews/1/dismissals`, ''],
  ['POST', `${api}/repos/acme/web/merges`, ''],
  ['PUT', `${api}/repos/acme/web/branches/main/protection`, ''],
  ['DELETE', `${api}/repos/acme/web/git/refs/heads/main`, ''],
  ['POST', `${api}/repos/acme/web/actions/workflows/ci.yml/dispatches`, ''],
  ['POST', `${api}/repos/acme/web/pulls/7/../../../../x/pulls`, ''],
  ['POST', 'https://github.example/api/graphql', mutation('mutation { enablePullRequestAutoMerge }')],
  ['POST', 'https://github.example/api/graphql', mutation(`${readyMutation} mutation { addPullRequestReview }`)],
])('%s %s is none, and is never sent', async (method, url, body) => {
  const { sent, why } = await ask(url, { method, body });
  expect(sent).toEqual([]);
  expect(why).toMatch(/^Strayed/);
});
