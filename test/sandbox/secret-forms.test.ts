import { describe, expect, test } from 'vitest';
import { formsOf, withoutSecrets } from '../../src/sandbox/secret-forms.ts';

const secret = 'npm_s3cr3t/of+the&house';

describe('a secret is found', () => {
  test.each([
    ['as it is', secret],
    ['in JSON', JSON.stringify({ token: 'a "quoted" secret' }), 'a "quoted" secret'],
    ['in a URL', `https://example.org/?t=${encodeURIComponent(secret)}`],
    ['in a URL that is written small', `https://example.org/?t=${encodeURIComponent(secret).toLowerCase()}`],
    ['in base64', Buffer.from(secret).toString('base64')],
    ['in base64 without padding', Buffer.from(secret).toString('base64').replace(/=+$/, '')],
    ['in base64 after one byte', Buffer.from(`:${secret}!`).toString('base64')],
    ['in base64 after two bytes', Buffer.from(`u:${secret}`).toString('base64')],
    ['in base64 for URLs', Buffer.from(`??${secret}??`).toString('base64url')],
    ['in hexadecimal', Buffer.from(secret).toString('hex')],
    [
      'by one line of many',
      'xx MIIEvQIBADANBgkqhkiG9w0B xx',
      '-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0B\n-----END KEY-----',
    ],
    [
      'in base64 that is broken into lines',
      Buffer.from('long'.repeat(40)).toString('base64').replaceAll(/.{76}/g, '$&\n'),
      'long'.repeat(40),
    ],
  ])('%s', (_how, text, value = secret) => {
    expect(formsOf(value).some((form) => text.includes(form))).toBe(true);
    expect(withoutSecrets(text, { TOKEN: value })).toContain('[secret]');
  });
});

test('what only begins like a secret stays', () => {
  const text = `${secret.slice(0, -1)} and ${Buffer.from(secret.slice(0, 5)).toString('base64')}`;
  expect(withoutSecrets(text, { TOKEN: secret })).toBe(text);
});

test('nothing of one secret is left where it stands within another', () => {
  const secrets = { SHORT: 'sesame-open', LONG: 'sesame-open-wide' };
  expect(withoutSecrets('said sesame-open-wide', secrets)).toBe('said [secret]');
});
