import { describe, expect, test } from 'vitest';
import { Pace } from '../../src/slack/outgoing/pace.ts';
import type { ChannelId } from '../../src/task/ids.ts';

const channel = 'C0DEV' as ChannelId;
const options = { postsPerMinute: 60, updatesPerMinute: 40, progressEveryMs: 3_000 };

describe('Pace', () => {
  test('lets a burst of posts pass, then one a second in each channel', () => {
    const pace = new Pace(options);
    for (let n = 0; n < 4; n++) {
      expect(pace.postWait(channel, 1_000)).toBe(0);
      pace.posted(channel, 1_000);
    }
    expect(pace.postWait(channel, 1_000)).toBe(1_000);
    expect(pace.postWait('C0OTHER' as ChannelId, 1_000)).toBe(0);
    expect(pace.postWait(channel, 2_000)).toBe(0);
  });

  test('gives a message one progress update in three seconds, and its change of state at once', () => {
    const pace = new Pace(options);
    pace.updated('C:1', 'progress', 10_000);
    expect(pace.updateWait('C:1', 'progress', 11_000)).toBe(2_000);
    expect(pace.updateWait('C:2', 'progress', 11_000)).toBe(0);
    expect(pace.updateWait('C:1', 'state', 11_000)).toBe(0);
    expect(pace.updateWait('C:1', 'progress', 13_000)).toBe(0);
  });

  test('keeps room for changes of state when progress has used its share', () => {
    const pace = new Pace(options);
    for (let n = 0; n < 5; n++) pace.updated(`C:${n}`, 'progress', 10_000);
    expect(pace.updateWait('C:9', 'progress', 10_000)).toBeGreaterThan(0);
    expect(pace.updateWait('C:9', 'state', 10_000)).toBe(0);
  });

  test('tells those who wait how many go before them only when there is little else to say, and each rarely', () => {
    const pace = new Pace(options);
    expect(pace.updateWait('C:9', 'waiting', 10_000)).toBe(0);
    pace.updated('C:9', 'waiting', 10_000);
    expect(pace.updateWait('C:9', 'waiting', 12_000)).toBe(13_000);
    expect(pace.updateWait('C:8', 'waiting', 12_000)).toBe(0);
    for (let n = 0; n < 4; n++) pace.updated(`C:${n}`, 'progress', 12_000);
    expect(pace.updateWait('C:8', 'waiting', 12_000)).toBeGreaterThan(0);
    expect(pace.updateWait('C:7', 'progress', 12_000)).toBe(0);
  });

  test('is not slowed down in what runs by what waits', () => {
    const pace = new Pace(options);
    for (let n = 0; n < 30; n++) pace.updated(`C:${n}`, 'waiting', 10_000 + 2_000 * n);
    expect(pace.updateWait('C:run', 'progress', 70_000)).toBe(0);
    pace.updated('C:run', 'progress', 70_000);
    expect(pace.updateWait('C:run', 'progress', 73_000)).toBe(0);
  });

  test('slows each message down as more of them show progress, so that together they stay within the limit', () => {
    const pace = new Pace(options);
    let sent = 0;
    for (let now = 10_000; now < 310_000; now += 500) {
      for (let message = 0; message < 20; message++) {
        if (pace.updateWait(`C:${message}`, 'progress', now) > 0) continue;
        pace.updated(`C:${message}`, 'progress', now);
        sent += 1;
      }
    }
    expect(sent).toBeLessThanOrEqual(5 * 40 + 10);
    expect(sent).toBeGreaterThan(5 * 30);
  });

  test('a pause holds for its method alone', () => {
    const pace = new Pace(options);
    pace.pause('chat.update', 20_000);
    expect(pace.updateWait('C:1', 'state', 5_000)).toBe(15_000);
    expect(pace.postWait(channel, 5_000)).toBe(0);
    expect(pace.updateWait('C:1', 'state', 20_000)).toBe(0);
  });

  test('spreads other calls over their minute, and lets those without a limit go', () => {
    const pace = new Pace({ ...options, callsPerMinute: { 'reactions.remove': 16 } });
    for (let n = 0; n < 4; n++) pace.called('reactions.remove', 10_000);
    expect(pace.callWait('reactions.remove', 10_000)).toBe(60_000 / 16);
    expect(pace.callWait('reactions.add', 10_000)).toBe(0);
  });

  test('has its share of the limits when others deliver to the same workspace', () => {
    let processes = 2;
    const pace = new Pace(options, () => processes);
    for (let n = 0; n < 2; n++) pace.posted(channel, 1_000);
    expect(pace.postWait(channel, 1_000)).toBe(2_000);
    for (let n = 0; n < 5; n++) pace.updated(`C:${n}`, 'state', 1_000);
    expect(pace.updateWait('C:9', 'state', 1_000)).toBe(3_000);
    processes = 1;
    expect(pace.postWait(channel, 2_000)).toBe(0);
  });

  test('lets each of very many processes go on', () => {
    const pace = new Pace(options, () => 100);
    expect(pace.updateWait('C:1', 'progress', 10_000)).toBe(0);
  });
});
