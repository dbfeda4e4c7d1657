import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { WebClient } from '@slack/web-api';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { clientOptions } from '../../src/slack/connection.ts';
import { createFileSource, fileOrigins } from '../../src/slack/file-source.ts';
import { Latches } from '../../src/slack/latches.ts';
import type { FileSource } from '../../src/task/ports/files.ts';
import { recordLog } from './slack-harness.ts';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

let server: Server;
let origin: string;
let info: object;
let content: Handler;
/** Paths that were asked for, with the token they came with. */
let seen: { path: string; token: string | undefined }[];
let logged: ReturnType<typeof recordLog>;
let source: FileSource;

beforeEach(async () => {
  seen = [];
  logged = recordLog();
  content = (_, response) => response.end('at line 3');
  server = createServer((request, response) => {
    seen.push({ path: request.url ?? '', token: request.headers.authorization });
    if (!request.url?.startsWith('/api/')) return content(request, response);
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(info));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  origin = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
  info = described({});
  const apiUrl = `${origin}/api/`;
  const { log } = logged;
  source = createFileSource({
    reader: new WebClient('xoxb-token', clientOptions({ apiUrl, log }, 0)),
    botToken: 'xoxb-token',
    apiUrl,
    latches: new Latches(log),
    log,
  });
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
});

function described(more: object): object {
  const address = `${origin}/files-pri/T1-F1/error.log`;
  return {
    ok: true,
    file: { id: 'F1', size: 9, mode: 'hosted', mimetype: 'text/plain', url_private: address, ...more },
  };
}

const fetch = (maxBytes = 100) =>
  source.fetch({ id: 'F1', name: 'error.log', bytes: 9 }, { maxBytes, signal: AbortSignal.timeout(5_000) });
const downloads = () => seen.filter(({ path }) => !path.startsWith('/api/'));

test('a file is fetched with the bot’s token', async () => {
  const fetched = await fetch();
  expect(fetched.ok && Buffer.from(fetched.bytes).toString()).toBe('at line 3');
  expect(downloads()).toEqual([{ path: '/files-pri/T1-F1/error.log', token: 'Bearer xoxb-token' }]);
});

describe('the token goes nowhere but to Slack', () => {
  test('when a file lies on another host', async () => {
    info = described({ url_private: `${origin.replace('127.0.0.1', 'localhost')}/stolen` });
    expect(await fetch()).toEqual({ ok: false, why: 'elsewhere' });
    expect(downloads()).toEqual([]);
  });

  test('when Slack sends elsewhere for it', async () => {
    content = (request, response) => {
      if (request.url === '/stolen') response.end('secret');
      else response.writeHead(302, { location: '/stolen' }).end();
    };
    expect(await fetch()).toEqual({ ok: false, why: 'not_allowed' });
    expect(downloads()).toHaveLength(1);
  });

  test.each([
    ['https://slack.com/api/', ['https://slack.com', 'https://files.slack.com']],
    ['https://slack-gov.com/api/', ['https://slack-gov.com', 'https://files.slack-gov.com']],
    ['https://notslack.com/api/', ['https://notslack.com']],
    ['http://127.0.0.1:3000/api/', ['http://127.0.0.1:3000']],
  ])('by the API at %s: only to its own hosts', (apiUrl, origins) => {
    expect([...fileOrigins(apiUrl)]).toEqual(origins);
  });
});

describe('a file that is too large', () => {
  test('is not fetched when Slack says so', async () => {
    info = described({ size: 101 });
    expect(await fetch()).toEqual({ ok: false, why: 'too_large' });
    expect(downloads()).toEqual([]);
  });

  test('is left in the middle when Slack said otherwise', async () => {
    const cut = Promise.withResolvers<void>();
    content = (_, response) => {
      response.on('close', cut.resolve);
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(64 * 1024)));
        response.once('drain', more);
      };
      more();
    };
    expect(await fetch()).toEqual({ ok: false, why: 'too_large' });
    await cut.promise;
  });
});

test.each([
  [{ mode: 'hidden_by_limit' }, 'gone'],
  [{ mode: 'tombstone' }, 'gone'],
  [{ mode: 'external', is_external: true, url_private: 'https://docs.example.com/1' }, 'elsewhere'],
  [{ mode: 'canvas' }, 'kind'],
  [{ mimetype: 'video/mp4' }, 'kind'],
  [{ url_private: 'not an address' }, 'elsewhere'],
])('what Slack describes as %j is %s', async (more, why) => {
  info = described(more);
  expect(await fetch()).toEqual({ ok: false, why });
});

test('without the scope no file is asked for a second time, and the log says what to do', async () => {
  info = { ok: false, error: 'missing_scope', needed: 'files:read' };
  expect(await fetch()).toEqual({ ok: false, why: 'not_allowed' });
  expect(await fetch()).toEqual({ ok: false, why: 'not_allowed' });
  expect(seen).toHaveLength(1);
  const told = logged.lines.items.filter(({ level }) => level === 'info').map(({ message }) => message);
  expect(told).toEqual([expect.stringContaining('files:read')]);
});

test.each([
  ['file_not_found', 'gone'],
  ['internal_error', 'unreachable'],
])('the answer %s means %s', async (error, why) => {
  info = { ok: false, error };
  expect(await fetch()).toEqual({ ok: false, why });
});
