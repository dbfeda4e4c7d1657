import { describe, expect, test } from 'vitest';
import { frames } from '../../src/sandbox/frames.ts';
import { startGate } from '../../src/sandbox/start-gate.ts';
import { turns } from '../../src/task/turns.ts';

describe('the start gate', () => {
  test('lets so many through at once and the others in their order, failed ones included', async () => {
    const gate = startGate(2);
    const ends = Array.from({ length: 4 }, () => Promise.withResolvers<void>());
    const began: number[] = [];
    const work = ends.map(({ promise }, index) =>
      gate(async () => {
        began.push(index);
        await promise;
      }),
    );
    expect(began).toEqual([0, 1]);
    ends[1]?.reject(new Error('no'));
    await expect(work[1]).rejects.toThrow('no');
    ends[0]?.resolve();
    await work[0];
    for (const { resolve } of ends) resolve();
    await Promise.allSettled(work);
    expect(began).toEqual([0, 1, 2, 3]);
  });
});

describe('turns', () => {
  test('keep the work of one key apart and let other keys go on', async () => {
    const inTurn = turns<string>();
    const first = Promise.withResolvers<void>();
    const seen: string[] = [];
    const a = inTurn('a', () => first.promise.then(() => seen.push('a1')));
    const b = inTurn('a', async () => seen.push('a2'));
    await inTurn('b', async () => seen.push('b'));
    expect(seen).toEqual(['b']);
    first.reject(new Error('no'));
    await expect(a).rejects.toThrow('no');
    await b;
    expect(seen).toEqual(['b', 'a2']);
  });
});

test('a stream of frames is taken apart wherever it was cut', async () => {
  const frame = (type: number, text: string) => {
    const header = Buffer.alloc(8);
    header[0] = type;
    header.writeUInt32BE(Buffer.byteLength(text), 4);
    return Buffer.concat([header, Buffer.from(text)]);
  };
  const whole = Buffer.concat([frame(1, 'hello'), frame(2, 'oops'), frame(1, ''), frame(1, 'world')]);
  for (let size = 1; size <= whole.length; size += 1) {
    async function* cut() {
      for (let at = 0; at < whole.length; at += size) yield whole.subarray(at, at + size);
    }
    const found = (await Array.fromAsync(frames(cut()))).map(({ stream, bytes }) => [stream, bytes.toString()]);
    expect(found).toEqual([
      ['stdout', 'hello'],
      ['stderr', 'oops'],
      ['stdout', ''],
      ['stdout', 'world'],
    ]);
  }
});
