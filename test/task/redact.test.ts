import { describe, expect, it } from 'vitest';
import { createRedactor } from '../../src/task/redact.ts';

const secret = 'ghs_a+b/c "quoted" 16C7e42F292c6912E7';
const pem = '-----BEGIN KEY-----\nMIIEpAIBAAKCAQEA0Z3VS5JJcds3xfn\nqhkiG9w0BAQEFAASCBKgwggSk\n-----END KEY-----';
const base64 = (text: string) => Buffer.from(text).toString('base64');

describe('a redactor', () => {
  it.each([
    ['as it is', `so: ${secret}.`],
    ['in JSON', JSON.stringify({ message: `so: ${secret}` })],
    ['in an address', `https://x.test/?t=${encodeURIComponent(secret)}`],
    ['alone in base64', base64(secret)],
    ['in base64 with something before it', base64(`x-access-token:${secret}`)],
    ['in base64 with something around it', base64(`ab${secret}and so on`)],
    ['in base64 for addresses', Buffer.from(`u:${secret}`).toString('base64url')],
  ])('takes a secret out: %s', (_how, text) => {
    const clean = createRedactor([secret]).text(text);
    expect(clean).toContain('[secret]');
    expect(clean).not.toContain('16C7e42');
    expect(clean).not.toContain(base64(secret).slice(8, 24));
  });

  it.each([
    ['whole', pem],
    ['in JSON', JSON.stringify(pem)],
    ['in one of its lines', 'bad line: MIIEpAIBAAKCAQEA0Z3VS5JJcds3xfn'],
  ])('takes a key of several lines out: %s', (_how, text) => {
    expect(createRedactor([pem]).text(text)).not.toMatch(/MIIEpAI|qhkiG9w0/);
  });

  it('takes out the longer one where one secret begins another', () => {
    expect(createRedactor(['secret-one', 'secret-one-and-two']).text('secret-one-and-two')).toBe('[secret]');
  });

  it('takes out what follows Authorization, whoever’s it is', () => {
    const said = 'request failed {"authorization":"Bearer eyJhbGciOi.abc"} Authorization: Basic dXNlcjpwYXNz';
    expect(createRedactor([]).text(said)).toBe(
      'request failed {"authorization":"Bearer [secret]"} Authorization: Basic [secret]',
    );
  });

  it('learns a secret that comes later', () => {
    const redactor = createRedactor([]);
    expect(redactor.text('ghs_later')).toBe('ghs_later');
    redactor.learn('ghs_later');
    expect(redactor.text('ghs_later')).toBe('[secret]');
  });

  it('leaves alone what is too short to be told from a word, and nothing', () => {
    expect(createRedactor(['abc', '', null, undefined]).text('abc abcdef')).toBe('abc abcdef');
  });

  it('gives back the very value that holds no secret, and another without where one does', () => {
    const redactor = createRedactor([secret, pem]);
    const clean = { type: 'a', list: [1, null, 'x'] };
    expect(redactor.value(clean)).toBe(clean);
    expect(redactor.value({ a: [secret], b: `key ${pem}`, n: 1 })).toEqual({
      a: ['[secret]'],
      b: 'key [secret]',
      n: 1,
    });
    expect(redactor.value(undefined)).toBeUndefined();
  });
});
