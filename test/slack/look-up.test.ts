import { WebAPIPlatformError, WebClient } from '@slack/web-api';
import { beforeEach, expect, test, vi } from 'vitest';
import { lookUp } from '../../src/slack/look-up.ts';
import type { ChannelId, UserId } from '../../src/task/ids.ts';
import { ts } from '../task/example.ts';

const channel = 'C0DEV' as ChannelId;
const ada = 'U0ADA' as UserId;
const stop = { by: ada, name: 'octagonal_sign' };
const self = {
  userId: 'U0BOT',
  emoji: { start: 'robot_face', approve: 'white_check_mark', stop: 'octagonal_sign', retry: 'repeat' },
};
const thread = { channel, thread: ts(1) };
const sinceMs = 1_000_000_000;

type Standing = readonly { by: UserId; name: string }[];

/** One thread whose request people react to, while it is looked at. */
class Ground {
  standing: Standing = [];
  known: Standing = [];
  now = sinceMs + 60_000;
  /** What happens once the thread was shown. */
  meanwhile: () => void = () => undefined;
  overtaken = false;
  /** Whether Slack fails to show this thread now. */
  fails: (thread: string | undefined) => boolean = () => false;
  readonly asked: unknown[] = [];
  readonly heard: Record<string, unknown>[] = [];
  readonly reader = new WebClient();
  readonly end = new AbortController();

  constructor() {
    const message = () => ({
      type: 'message' as const,
      channel,
      ts: ts(1),
      user: ada,
      reactions: this.standing.map(({ by, name }) => ({ name, users: [by], count: 1 })),
    });
    vi.spyOn(this.reader.conversations, 'replies').mockImplementation(async (query) => {
      this.asked.push(query?.ts);
      if (this.fails(query?.ts)) throw new WebAPIPlatformError({ ok: false, error: 'fatal_error' });
      const messages = [message()];
      this.meanwhile();
      return { ok: true, messages };
    });
    vi.spyOn(this.reader.reactions, 'get').mockImplementation(async () => ({ ok: true, message: message() }));
  }

  async look(since: number | null = sinceMs, places = [thread]): Promise<void> {
    const { reader } = this;
    const quiet = () => undefined;
    const known = async () => this.known;
    const note = async ({ by, name }: Standing[number]) => {
      this.known = [...this.known, { by, name }];
      return true;
    };
    await lookUp(places, since, {
      ...{ reader, self, teamId: 'T0', signal: this.end.signal },
      reactions: { known, note, covers: async () => false, forget: async () => undefined },
      hear: async ({ event }) => void this.heard.push(Object(event)),
      firstPauseMs: 0,
      leavesToNext: () => this.overtaken,
      clock: { now: () => this.now },
      log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    });
  }

  get reacted(): unknown[] {
    return this.heard.map(({ type }) => type).filter((type) => type !== 'message');
  }
}

let ground: Ground;
beforeEach(() => {
  ground = new Ground();
});

test('a reaction that nobody told of is found, and one that was taken off', async () => {
  ground.standing = [stop];
  ground.known = [{ by: ada, name: 'repeat' }];
  await ground.look();
  expect(ground.reacted).toEqual(['reaction_added', 'reaction_removed']);
});

test('what Slack tells of while a thread is looked at is neither found again nor taken for taken off', async () => {
  ground.meanwhile = () => {
    ground.standing = [stop];
    ground.known = [stop];
  };
  await ground.look();
  ground.meanwhile = () => {
    ground.standing = [];
    ground.known = [];
  };
  await ground.look();
  expect(ground.reacted).toEqual([]);
});

test('what is found was done before the look began, however long it takes', async () => {
  ground.standing = [stop];
  const begun = ground.now;
  ground.meanwhile = () => {
    ground.now += 600_000;
  };
  await ground.look();
  expect(ground.heard).toContainEqual(expect.objectContaining({ type: 'reaction_added', found_at: begun }));
});

test('the first look only notes what stands', async () => {
  ground.standing = [stop];
  await ground.look(null);
  expect(ground.known).toEqual([stop]);
  expect(ground.heard).toEqual([]);
});

test('a thread that Slack goes on failing to show is given up, as long as it shows another', async () => {
  ground.fails = (asked) => asked === ts(2);
  await ground.look(sinceMs, [{ channel, thread: ts(2) }, thread]);
  // Eight tries of the one, and the other once more, so that it is not all of Slack that fails.
  expect(ground.asked.filter((asked) => asked === ts(2))).toHaveLength(8);
  expect(ground.asked.filter((asked) => asked === ts(1))).toHaveLength(2);
});

test('nothing is given up while Slack shows nothing', async () => {
  let tries = 0;
  ground.fails = () => ++tries <= 9;
  await ground.look();
  expect(ground.asked).toHaveLength(10);
});

test('what fails is left to the next look where one waits, after everything was tried once', async () => {
  ground.overtaken = true;
  ground.fails = (asked) => asked === ts(2);
  await ground.look(sinceMs, [{ channel, thread: ts(2) }, thread]);
  expect(ground.asked).toEqual([ts(2), ts(1)]);
});
