import { afterEach, expect, test, vi } from 'vitest';
import { keepListening, type Listening } from '../../src/slack/listening.ts';

/** What all bots share, and one bot that notes only when it is woken. */
class Bot {
  readonly facts = new Map<string, string>();
  readonly looks: (number | null)[] = [];
  readonly left: boolean[] = [];
  readonly end = new AbortController();
  now = 100_000;
  hears = true;
  storeIsAway = false;
  everyMs = 3_600_000;
  /** What a look waits for, and comes to. */
  looking: Promise<void> = Promise.resolve();
  listening: Listening | undefined;

  start(): void {
    const warned = () => undefined;
    const ask =
      <T>(answer: () => T) =>
      async () => {
        if (this.storeIsAway) throw new Error('the store is away');
        return answer();
      };
    this.listening = keepListening({
      facts: {
        remember: (name, value) => ask(() => void this.facts.set(name, value))(),
        recall: (name) => ask(() => this.facts.get(name) ?? null)(),
      },
      hears: () => this.hears,
      lookUp: async (since, leavesToNext) => {
        this.looks.push(since);
        await this.looking;
        this.left.push(leavesToNext());
      },
      clock: { now: () => this.now },
      log: { debug: warned, info: warned, warn: warned, error: warned },
      signal: this.end.signal,
      everyMs: this.everyMs,
    });
  }

  async missed(): Promise<void> {
    this.listening?.missed();
    await settle();
  }
}

const bots: Bot[] = [];
afterEach(async () => {
  for (const bot of bots.splice(0)) {
    bot.end.abort();
    await bot.listening?.ended;
  }
});

/** Everything that is only a promise away has happened. */
async function settle(): Promise<void> {
  for (let n = 0; n < 5; n++) await new Promise((resolve) => setImmediate(resolve));
}

async function start(facts: Record<string, string> = {}, as: Partial<Bot> = {}): Promise<Bot> {
  const bot = Object.assign(new Bot(), as);
  for (const [name, value] of Object.entries(facts)) bot.facts.set(name, value);
  bots.push(bot);
  bot.start();
  await settle();
  return bot;
}

test('at the very first start what stands there is noted, and nothing more', async () => {
  const bot = await start();
  expect(bot.looks).toEqual([null]);
  expect(bot.facts.get('slack_heard')).toBe('100000');
});

test('each start looks up what came since Slack was last listened to', async () => {
  const bot = await start({ slack_heard: '60000' });
  expect(bot.looks).toEqual([60_000]);
  expect(Object.fromEntries(bot.facts)).toEqual({ slack_heard: '100000', slack_gap: '' });
});

test('a look that its process did not finish is begun again by the next', async () => {
  const bot = await start({ slack_heard: '90000', slack_gap: '50000' });
  expect(bot.looks).toEqual([50_000]);
});

test('while a look goes on the gap stays on record', async () => {
  const done = Promise.withResolvers<void>();
  const bot = await start({ slack_heard: '60000' }, { looking: done.promise });
  expect(bot.facts.get('slack_gap')).toBe('60000');
  done.resolve();
  await settle();
  expect(bot.facts.get('slack_gap')).toBe('');
});

test('while no connection stands nothing is noted; what came then is looked up when one does', async () => {
  const bot = await start({ slack_heard: '99000' });
  bot.hears = false;
  bot.now = 160_000;
  await bot.missed();
  expect(bot.facts.get('slack_heard')).toBe('100000');
  bot.hears = true;
  await bot.missed();
  expect(bot.looks).toEqual([99_000, 100_000]);
  expect(bot.facts.get('slack_heard')).toBe('160000');
});

test('a store that was away is a gap too', async () => {
  const bot = await start({ slack_heard: '99000' });
  bot.storeIsAway = true;
  await bot.missed();
  bot.storeIsAway = false;
  bot.now = 130_000;
  await bot.missed();
  expect(bot.looks).toEqual([99_000, 100_000]);
});

test('a process that stood still for longer than between a few notes looks up what came meanwhile', async () => {
  const bot = await start({ slack_heard: '99000' }, { everyMs: 1 });
  bot.now = 160_000;
  await vi.waitFor(() => expect(bot.looks).toEqual([99_000, 100_000]));
});

test('a look that failed is made again, from where it began', async () => {
  const failed = Promise.reject(new Error('Slack is away'));
  failed.catch(() => undefined);
  const bot = await start({ slack_heard: '60000' }, { looking: failed });
  bot.looking = Promise.resolve();
  await bot.missed();
  expect(bot.looks).toEqual([60_000, 60_000]);
  expect(bot.facts.get('slack_gap')).toBe('');
});

test('a second gap during a look is looked up after it, with what the first still lacks', async () => {
  const done = Promise.withResolvers<void>();
  const bot = await start({ slack_heard: '60000' }, { looking: done.promise });
  await bot.missed();
  expect(bot.looks).toEqual([60_000]);
  done.resolve();
  await settle();
  expect(bot.looks).toEqual([60_000, 60_000]);
});

test('a look that leaves the rest to the next has it begin as early, though another bot has finished its own', async () => {
  const done = Promise.withResolvers<void>();
  const bot = await start({ slack_heard: '60000' }, { looking: done.promise });
  bot.facts.set('slack_gap', '');
  await bot.missed();
  done.resolve();
  await settle();
  expect(bot.left).toEqual([true, false]);
  expect(bot.looks).toEqual([60_000, 60_000]);
});
