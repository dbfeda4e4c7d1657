import { describe, expect, test } from 'vitest';
import { checkMessage } from '../../src/gateway/mcp-rules.ts';

const jsonrpc = '2.0';
const check = (message: unknown, tools: readonly string[] | null = ['search']) =>
  checkMessage({ name: 'house', tools }, Buffer.from(JSON.stringify(message)));
const forwarded = (message: unknown, tools?: null) => {
  const checked = check(message, tools);
  return checked.type === 'fit' ? JSON.parse(checked.body.toString()) : checked.type;
};
const open = { name: 'search', arguments: { Name: 'x', name: 'y' }, _meta: { progressToken: 1 } };
const closed = { name: 'delete_repo' };

describe('a message of known keys is passed on', () => {
  test.each([
    ['an open tool', { jsonrpc, id: 1, method: 'tools/call', params: open }],
    ['a call that needs no tools', { jsonrpc, id: 'a', method: 'ping' }],
    ['a notification', { jsonrpc, method: 'notifications/initialized', params: {} }],
    ['a result', { jsonrpc, id: 1, result: { roots: [] } }],
    ['an error', { jsonrpc, id: 1, error: { code: -32_601, message: 'no' } }],
  ])('%s', (_what, message) => expect(forwarded(message)).toEqual(message));

  test('any of the server’s where no list narrows it', () => {
    const message = { jsonrpc, id: 1, method: 'tools/call', params: { ...closed, task: {} } };
    expect(forwarded(message, null)).toEqual(message);
  });
});

describe('a closed tool is not reached', () => {
  test('by its name', () => {
    expect(check({ jsonrpc, id: 1, method: 'tools/call', params: closed })).toMatchObject({
      type: 'refused',
      answer: expect.stringContaining('delete_repo of house is not open'),
    });
  });

  test.each([
    ['beside an open method', { jsonrpc, id: 1, method: 'ping', Method: 'tools/call', params: closed }],
    ['as what looks like a reply', { jsonrpc, id: 1, Method: 'tools/call', params: closed }],
    ['as a reply with a result', { jsonrpc, id: 1, result: {}, Method: 'tools/call', params: closed }],
    ['beside an open tool', { jsonrpc, id: 1, method: 'tools/call', params: { ...open, Name: 'delete_repo' } }],
    ['by other parameters', { jsonrpc, id: 1, method: 'tools/call', params: open, Params: closed }],
    ['by a letter that folds to another', { jsonrpc, id: 1, method: 'tools/call', params: open, paramſ: closed }],
  ])('by a key in another case: %s', (_how, message) => expect(forwarded(message)).not.toBeTypeOf('object'));

  test('by a key that stands twice', () => {
    const twice = '{"jsonrpc":"2.0","id":1,"method":"tools/call","method":"ping","params":{"name":"delete_repo"}}';
    const checked = checkMessage({ name: 'house', tools: ['search'] }, Buffer.from(twice));
    expect(checked.type === 'fit' && checked.body.toString()).not.toContain('tools/call');
  });
});
