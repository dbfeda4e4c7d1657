import { describe, expect, test } from 'vitest';
import { createBoard } from '../../src/operate/board.ts';

const password = 'a password of some length';
const basic = (word: string) => ({ authorization: `Basic ${btoa(`errand:${word}`)}` });

function board() {
  let now = 1_000_000;
  let refused = 0;
  const onRefused = () => {
    refused += 1;
  };
  const app = createBoard({ at: '/', queues: async () => [], password, now: () => now, onRefused });
  return {
    ask: async (path: string, word: string | null, method = 'GET') =>
      await app.request(path, { method, headers: word === null ? {} : basic(word) }),
    refused: () => refused,
    pass: (ms: number) => {
      now += ms;
    },
  };
}

describe('the board', () => {
  test.each(['/', '/api/queues', '/static/css/main.css', '/queue/run'])(
    'shows nothing of %s without the password',
    async (path) => {
      const { ask, refused } = board();
      expect((await ask(path, null)).status).toBe(401);
      expect((await ask(path, 'another')).status).toBe(401);
      expect(refused()).toBe(1);
    },
  );

  test('shows itself to who knows the password', async () => {
    const { ask } = board();
    expect(await (await ask('/', password)).text()).toContain('Errand');
    expect((await ask('/api/queues', password)).status).toBe(200);
  });

  test.each(['POST', 'PUT', 'PATCH', 'DELETE'])('takes no %s from anybody', async (method) => {
    const { ask } = board();
    expect((await ask('/api/queues/run/add', password, method)).status).toBe(405);
  });

  test('lets nobody guess for long, and lets in again after a minute', async () => {
    const { ask, pass } = board();
    for (let tries = 0; tries < 10; tries += 1) await ask('/', `guess ${tries}`);
    expect((await ask('/', password)).status).toBe(429);
    pass(60_000);
    expect((await ask('/', password)).status).toBe(200);
  });

  test('has a browser fetch nothing from elsewhere, and stands in no frame', async () => {
    const policy = (await board().ask('/', password)).headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'self'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain('http');
  });
});
