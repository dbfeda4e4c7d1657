import { createHmac, randomBytes } from 'node:crypto';
import { z } from 'zod';

/** Shorter values would be found by chance, and are no keys. */
const minLength = 12;

/**
 * What tells a secret without holding it: who has the marks can find the value in a text and can't read it from them. The short sum is
 * cheap to carry along a text, and the keyed digest decides.
 */
export const secretMarks = z.object({
  key: z.string(),
  /** An odd number below 2^32, the base of the sums. */
  base: z.int(),
  marks: z.array(z.object({ length: z.int().min(minLength), sum: z.int(), digest: z.string() })),
});

export type SecretMarks = z.infer<typeof secretMarks>;

/** Marks of these values, and of how they look in base64, in hexadecimal and in an address. */
export function toSecretMarks(values: readonly string[]): SecretMarks {
  const key = randomBytes(32).toString('base64');
  const base = (randomBytes(4).readUInt32BE() | 1) >>> 0;
  const forms = values.flatMap((value) => {
    const bytes = Buffer.from(value);
    // A shift by one or two bytes gives base64 other letters; its ends depend on what stands beside it.
    const shifted = [0, 1, 2].map((by) =>
      Buffer.concat([Buffer.alloc(by), bytes])
        .toString('base64')
        .slice(by === 0 ? 0 : 4),
    );
    const whole = shifted.map((text) => text.replace(/.{0,3}=+$/, ''));
    // The first lines of a private key are those of every other.
    const lines = value.split(/\\n|\n/).slice(2);
    return [
      value,
      bytes.toString('hex'),
      encodeURIComponent(value),
      ...whole,
      ...lines.filter((line) => line.length >= 40),
    ];
  });
  const marks = [...new Set(forms)]
    .filter((form) => Buffer.byteLength(form) >= minLength)
    .map((form) => {
      const bytes = Buffer.from(form);
      return { length: bytes.length, sum: sumOf(bytes, base), digest: digestOf(bytes, key) };
    });
  return { key, base, marks };
}

/** Whether a text holds one of the marked values, wherever in it. */
export function createMarkFinder({ key, base, marks }: SecretMarks): (text: string) => boolean {
  const byLength = Map.groupBy(marks, ({ length }) => length);
  return (text) => {
    const bytes = Buffer.from(text);
    return Array.from(byLength).some(([length, wanted]) => holds(bytes, length, wanted));
  };

  function holds(bytes: Buffer, length: number, wanted: SecretMarks['marks']): boolean {
    if (bytes.length < length) return false;
    const digests = new Map(wanted.map(({ sum, digest }) => [sum, digest]));
    // What the oldest byte of the window counts for.
    let top = 1;
    for (let n = 1; n < length; n += 1) top = Math.imul(top, base);
    let sum = sumOf(bytes.subarray(0, length), base);
    for (let end = length; ; end += 1) {
      const digest = digests.get(sum);
      if (digest !== undefined && digestOf(bytes.subarray(end - length, end), key) === digest) return true;
      const next = bytes[end];
      if (next === undefined) return false;
      const gone = Math.imul(bytes[end - length] ?? 0, top);
      sum = (Math.imul(sum - gone, base) + next) >>> 0;
    }
  }
}

function sumOf(bytes: Buffer, base: number): number {
  let sum = 0;
  for (const byte of bytes) sum = (Math.imul(sum, base) + byte) >>> 0;
  return sum;
}

function digestOf(bytes: Buffer, key: string): string {
  return createHmac('sha256', key).update(bytes).digest('base64');
}
