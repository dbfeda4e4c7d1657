import { describe, expect, test } from 'vitest';
import { Redactor } from '../../src/gateway/redact.ts';

const secret = 'sk-canary-0123456789';

describe('taking secrets out of bytes that pass', () => {
  test.each([1, 2, 3, 19, 20, 21, 500])('finds them in chunks of %i bytes', (size) => {
    const redactor = new Redactor([secret, 'other-secret']);
    const bytes = Buffer.from(`a ${secret}${secret} sk-canary-01 sk-can other-secret ${secret}`);
    const out: Buffer[] = [];
    for (let at = 0; at < bytes.length; at += size) out.push(redactor.push(bytes.subarray(at, at + size)));
    out.push(redactor.end());
    expect(Buffer.concat(out).toString()).toBe('a [redacted][redacted] sk-canary-01 sk-can [redacted] [redacted]');
  });

  test('holds nothing back that can not be the beginning of one', () => {
    expect(new Redactor([secret]).push(Buffer.from('data: {}\n\n')).toString()).toBe('data: {}\n\n');
  });
});
