import { WebAPIPlatformError, WebAPIRateLimitedError } from '@slack/web-api';
import { expect, test } from 'vitest';
import { type Kept, keepConnected, type Link } from '../../src/slack/keep-connected.ts';

const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/** Slack's end of the connections: each `open` waits until the test lets it through, or fails it. */
class Door {
  readonly asked: { let(): Promise<FakeLink>; refuse(error: unknown): Promise<void> }[] = [];
  readonly pauses: number[] = [];
  readonly links: FakeLink[] = [];
  readonly end = new AbortController();
  returns = 0;
  nowMs = 0;

  keep(count: number): Promise<Kept> {
    return keepConnected({
      count,
      apiUrl: 'https://slack.com/api/',
      log: silent,
      signal: this.end.signal,
      onReturn: () => void this.returns++,
      now: () => this.nowMs,
      pause: async (ms) => void this.pauses.push(ms),
      open: () =>
        new Promise((resolve, reject) => {
          this.asked.push({
            let: async () => {
              const link = new FakeLink();
              this.links.push(link);
              resolve(link);
              await settle();
              return link;
            },
            refuse: async (error) => {
              reject(error);
              await settle();
            },
          });
        }),
    });
  }

  async next() {
    await settle();
    const asked = this.asked.shift();
    if (asked === undefined) throw new Error('nobody asks for a connection');
    return asked;
  }
}

class FakeLink implements Link {
  readonly #lost = Promise.withResolvers<void>();
  readonly lost = this.#lost.promise;
  closed = false;
  async lose(): Promise<void> {
    this.#lost.resolve();
    await settle();
  }
  async close(): Promise<void> {
    this.closed = true;
    this.#lost.resolve();
  }
}

/** Everything that is only a promise away has happened. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

async function twoOf(door: Door): Promise<{ kept: Kept; links: readonly [FakeLink, FakeLink] }> {
  const keeping = door.keep(2);
  const one = await (await door.next()).let();
  const kept = await keeping;
  const other = await (await door.next()).let();
  door.nowMs += 60_000;
  return { kept, links: [one, other] };
}

test('what comes is waited for once the first of two connections stands', async () => {
  const door = new Door();
  const keeping = door.keep(2);
  await (await door.next()).let();
  expect((await keeping).standing()).toBe(1);
  await (await door.next()).let();
  expect((await keeping).standing()).toBe(2);
});

test('a refusal at the start is a problem that says what to do', async () => {
  const door = new Door();
  const refused = expect(door.keep(2)).rejects.toMatchObject({ failure: { code: 'slack_token' } });
  await (await door.next()).refuse(new WebAPIPlatformError({ ok: false, error: 'invalid_auth' }));
  await refused;
});

test('a refreshed connection is opened again at once, while the other stands', async () => {
  const door = new Door();
  const { kept, links } = await twoOf(door);
  await links[0].lose();
  expect(kept.standing()).toBe(1);
  await (await door.next()).let();
  expect(kept.standing()).toBe(2);
  expect(door.pauses).toEqual([]);
  expect(door.returns).toBe(0);
});

test('no failed attempt is the last one, and each waits longer than the one before, up to half a minute', async () => {
  const door = new Door();
  const { kept, links } = await twoOf(door);
  await links[0].lose();
  for (let n = 0; n < 10; n++) await (await door.next()).refuse(new Error('Slack is away'));
  expect(door.pauses).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000, 30_000]);
  await (await door.next()).let();
  expect(kept.standing()).toBe(2);
});

test('Slack’s own time for the next attempt is kept', async () => {
  const door = new Door();
  const { links } = await twoOf(door);
  await links[0].lose();
  await (await door.next()).refuse(new WebAPIRateLimitedError(42));
  expect(door.pauses).toEqual([42_000]);
});

test('a token that is refused later is tried again, rarely: another one needs another start', async () => {
  const door = new Door();
  const { kept, links } = await twoOf(door);
  await links[0].lose();
  await (await door.next()).refuse(new WebAPIPlatformError({ ok: false, error: 'token_revoked' }));
  expect(door.pauses).toEqual([300_000]);
  await (await door.next()).let();
  expect(kept.standing()).toBe(2);
});

test('connections that break as soon as they stand are not asked for without a pause', async () => {
  const door = new Door();
  await twoOf(door);
  for (let n = 0; n < 5; n++) {
    await door.links.at(-1)?.lose();
    await (await door.next()).let();
  }
  expect(door.pauses).toEqual([1_000, 2_000, 4_000]);
});

test('when none stood for a while, the first that stands again is told, once', async () => {
  const door = new Door();
  const { links } = await twoOf(door);
  await links[0].lose();
  await links[1].lose();
  const [one, other] = [await door.next(), await door.next()];
  expect(door.returns).toBe(0);
  await one.let();
  await other.let();
  expect(door.returns).toBe(1);
});

test('the end closes what stands, and what is only just being opened', async () => {
  const door = new Door();
  const { kept, links } = await twoOf(door);
  await links[0].lose();
  const late = await door.next();
  door.end.abort();
  const link = await late.let();
  await kept.ended;
  expect([links[1].closed, link.closed]).toEqual([true, true]);
});
