import { createHmac } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createWebhookDoor, serveDoor, webhookPath } from '../../src/github/webhook-door.ts';
import { type LocalForge, startLocalForge } from '../../src/local/forge/start.ts';
import type { Hint } from '../../src/task/ports/forge.ts';
import { token } from './git-fixture.ts';

const secret = 'a long random text';
const repository = 'acme/web';
const branch = 'errand/tabcdef-fix';

let dir: string;
let forge: LocalForge;
let door: Awaited<ReturnType<typeof serveDoor>>;
let address: string;
let storeIsAway = false;
const hints: Hint[] = [];
const errors: unknown[] = [];

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'errand-hooks-'));
  forge = await startLocalForge({ port: 0, dataDir: dir, token });
  const look = async (hint: Hint) => {
    if (storeIsAway) throw new Error('Redis is away');
    hints.push(hint);
  };
  door = await serveDoor(createWebhookDoor({ secret, look, onError: (error) => errors.push(error) }), 0);
  address = `http://127.0.0.1:${door.port}${webhookPath}`;
  forge.control.webhooks.subscribe({ url: address, secret });
});
beforeEach(async () => {
  await forge.control.webhooks.settled();
  hints.length = 0;
  errors.length = 0;
  forge.control.webhooks.deliveries.length = 0;
});
afterAll(async () => {
  await door[Symbol.asyncDispose]();
  await forge.close();
  await rm(dir, { recursive: true, force: true });
});

const statuses = () => forge.control.webhooks.deliveries.map(({ event, status }) => `${event} ${status}`);

test('what people and CI do on GitHub is told of at once, by the branch that it is about', async () => {
  const sha = await forge.control.commit({ repository, branch, files: { 'a.txt': 'a\n' }, message: 'Fix' });
  const body = JSON.stringify({ title: 'Fix', head: branch, base: 'main' });
  const headers = { authorization: `token ${token}` };
  const opened = await fetch(`${forge.apiUrl}/repos/${repository}/pulls`, { method: 'POST', headers, body });
  expect(opened.status).toBe(201);
  await forge.control.setCheck({ repository, sha, name: 'ci', conclusion: 'success' });
  await forge.control.setCheck({ repository, sha, name: 'lint', conclusion: 'success', kind: 'status' });
  await forge.control.reviewPull(repository, 1, { state: 'APPROVED' });
  await forge.control.closePull(repository, 1);
  await forge.control.webhooks.settled();
  const events = ['push', 'pull_request', 'check_run', 'status', 'pull_request_review', 'pull_request'];
  expect(statuses()).toEqual(events.map((event) => `${event} 202`));
  expect(hints.map(({ of }) => of)).toEqual(['pull', 'pull', 'rules', 'rules', 'rules', 'pull']);
  expect(new Set(hints.flatMap(({ branches }) => branches))).toEqual(new Set([branch]));
});

test('a delivery twice is two hints, one that is lost is none, and one of somebody else’s secret is refused', async () => {
  forge.control.webhooks.fault('twice', 'lost', 'unsigned');
  await forge.control.reopenPull(repository, 1);
  await forge.control.closePull(repository, 1);
  await forge.control.reopenPull(repository, 1);
  await forge.control.webhooks.settled();
  expect(statuses()).toEqual(['pull_request 202', 'pull_request 202', 'pull_request null', 'pull_request 401']);
  expect(hints).toHaveLength(2);
});

test('what could not be noted is said to be so', async () => {
  storeIsAway = true;
  await forge.control.closePull(repository, 1);
  await forge.control.webhooks.settled();
  storeIsAway = false;
  expect(statuses()).toEqual(['pull_request 503']);
  expect(errors).toHaveLength(1);
});

const sent = async (body: string, headers: Record<string, string> = {}, path = '', method = 'POST') => {
  const signature = `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
  const answer = fetch(`${address}${path}`, {
    method,
    headers: { 'x-github-event': 'push', 'x-hub-signature-256': signature, ...headers },
    ...(method === 'GET' ? {} : { body }),
  });
  return answer.then(
    ({ status }) => status,
    () => 'cut off',
  );
};
const push = JSON.stringify({ ref: `refs/heads/${branch}`, repository: { full_name: repository } });

test.each([
  ['as JSON', () => sent(push), 202, 1],
  [
    'as a form',
    () => sent(`payload=${encodeURIComponent(push)}`, { 'content-type': 'application/x-www-form-urlencoded' }),
    202,
    1,
  ],
  ['of an event that Errand does not follow', () => sent(push, { 'x-github-event': 'issues' }), 202, 0],
  ['without a signature', () => sent(push, { 'x-hub-signature-256': '' }), 401, 0],
  [
    'with the older, weaker signature alone',
    () => sent(push, { 'x-hub-signature-256': '', 'x-hub-signature': 'sha1=x' }),
    401,
    0,
  ],
  [
    'with the signature of another body',
    () => sent(push, { 'x-hub-signature-256': `sha256=${'0'.repeat(64)}` }),
    401,
    0,
  ],
  ['that is no JSON', () => sent('ref=main'), 400, 0],
  ['with nothing in it', () => sent(''), 400, 0],
  ['to another path', () => sent(push, {}, '/x'), 404, 0],
  ['by another method', () => sent('', {}, '', 'GET'), 405, 0],
])('a delivery %s gets its answer', async (_, deliver, status, noted) => {
  expect(await deliver()).toBe(status);
  expect(hints).toHaveLength(noted);
});

test('nothing is kept of a delivery that is larger than any that matters', async () => {
  // The refusal may be cut off with the rest of what is being sent.
  expect([413, 'cut off']).toContain(await sent('x'.repeat(6 * 2 ** 20)));
});
