import { expect, test } from 'vitest';
import { EventRewriter } from '../../src/gateway/event-rewriter.ts';

const stream = ': hi\n\nid: 1\nevent: message\ndata: {"a":\ndata: 1}\n\ndata: {"keep":1}\r\n\r\ndata: text\n\n';

/** Passes the text through in pieces of this many bytes. */
function pass(text: string, size: number): string {
  const rewriter = new EventRewriter((value) => (JSON.stringify(value) === '{"a":1}' ? { a: 2 } : null));
  const bytes = Buffer.from(text);
  let out = '';
  for (let at = 0; at < bytes.length; at += size) out += rewriter.push(bytes.subarray(at, at + size));
  return out;
}

test.each([1, 2, 3, 7, 1_000])('only the event that is meant changes, in pieces of %i bytes', (size) => {
  const rest = 'data: {"keep":1}\r\n\r\ndata: text\n\n';
  expect(pass(stream, size)).toBe(`: hi\n\nid: 1\nevent: message\ndata: {"a":2}\n\n${rest}`);
});

test('what the end cuts off does not pass, and what never ends breaks off', () => {
  expect(pass('data: {"a":1', 4)).toBe('');
  const rewriter = new EventRewriter(() => null);
  expect(() => rewriter.push(Buffer.from(`data: ${'x'.repeat(5 * 1024 * 1024)}`))).toThrow(RangeError);
});
