import { expect, test } from 'vitest';
import { createSecretFinder, withoutSecrets } from '../../src/task/secrets.ts';

const found = (...lines: string[]) => {
  const finder = createSecretFinder();
  return lines.flatMap((line) => finder.line(line));
};

/** Drawn anew for these tests, and put together here so that no scanner of this repository stumbles over them. */
const body = 'Zx8Qv2Lm9Rt4Wy7Kp3Hn6Jd1Fs5Gb0Cc8Ae2Tu4g';
const upper = 'QW3ERT5YUI7OPA2S';
const hex = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08';

test.each([
  ['an AWS access key', `const id = "AKIA${upper}"`],
  ['an AWS secret key', `aws_secret_access_key = ${body}`],
  ['a GitHub token', `ghp_${body.slice(0, 36)}`],
  ['a GitHub token', `https://x-access-token:github_pat_${body}_${body}@github.com`],
  ['a GitLab token', `glpat-${body.slice(0, 20)}`],
  ['a Slack token', `xoxb-123456789012-${body}`],
  ['a Slack webhook', `https://hooks.slack.com/services/T0001/B0001/${body}`],
  ['an Anthropic key', `sk-ant-api03-${body}`],
  ['an OpenAI key', `sk-proj-${body}`],
  ['a Google API key', `AIza${body.slice(0, 35)}`],
  ['a Stripe key', `sk_live_${body}`],
  ['an npm token', `//registry.example/:_authToken=npm_${body.slice(0, 36)}`],
  ['a DigitalOcean token', `dop_v1_${hex}`],
  ['an Azure key', `AccountKey=${body}${body}Qw7ErT==`],
  ['a password in an address', `postgres://app:${body.slice(0, 20)}@db.internal/app`],
  ['a password in a header', `curl -H "Authorization: Bearer ${body}"`],
  ['a key or password', `SESSION_SECRET=${body}`],
  ['a key or password', `  "apiKey": "${hex}",`],
  ['a key or password', `const clientSecret = '${body.slice(0, 24)}';`],
  ['a key or password', `password: ${body.slice(0, 18)}`],
])('%s is found', (kind, line) => {
  expect(found(line)).toContain(kind);
});

test('a line whose key is known by its form is not told as one by its name as well', () => {
  expect(found(`SERVICE_TOKEN=ghp_${body.slice(0, 36)}`)).toEqual(['a GitHub token']);
});

test('a private key is told by what comes after its first line', () => {
  const start = '-----BEGIN RSA PRIVATE KEY-----';
  expect(found(start, `${body}${body}`)).toEqual(['a private key']);
  expect(found(start, 'Proc-Type: 4,ENCRYPTED', 'DEK-Info: AES-128-CBC,00', '', `${body}${body}`)).toEqual([
    'a private key',
  ]);
  expect(found(`key = "${start}\\n${body}${body}\\n"`)).toEqual(['a private key']);
  expect(found(`if (text.startsWith('${start}')) {`, 'return parse(text);')).toEqual([]);
});

test.each([
  `"integrity": "sha512-${body}${body}=="`,
  `sha256:${hex}`,
  `commit ${hex.slice(0, 40)}`,
  'const token = process.env.GITHUB_TOKEN ?? "";',
  `api_key: \${API_KEY_FOR_STAGE_2}`,
  'password = "changeme-please-12345"',
  'secretKeyRef: { name: app-secrets, key: password1 }',
  'token: your-token-goes-here-123',
  'const accessTokenExpiresInSeconds = 86_400_000;',
  `public_key = "${body}"`,
  `secret_id: ${body}`,
  'apiKey={this.props.settings.apiKey2}',
  'privateKey: ./certs/local/server-1.pem',
  'tokenizer = AutoTokenizer.from_pretrained("bert-base-uncased-v1")',
  'AKIAXXXXXXXXXXXXXXXX',
  'postgres://postgres:postgres@localhost:5432/app',
  `postgres://app:\${DB_PASSWORD}@db.internal/app`,
  'SECRET_KEY = os.environ["DJANGO_SECRET_KEY_2"]',
  'token = request.headers.get("x-token-header-v2")',
  `ghp_${'x'.repeat(36)}`,
  'the tokens sk-1 and sk-ant-short are none',
  'passwordResetToken: user.passwordResetToken1,',
])('%j holds no secret', (line) => {
  expect(found(line)).toEqual([]);
});

test('a file full of hashes is looked through for forms alone', () => {
  const quiet = createSecretFinder({ quiet: true });
  expect(quiet.line(`"authToken": "${hex}"`)).toEqual([]);
  expect(quiet.line(`ghp_${body.slice(0, 36)}`)).toEqual(['a GitHub token']);
});

test('a secret at the seam of two pieces of a long line is found', () => {
  for (const before of [19_980, 19_999, 20_990]) {
    expect(found(`${'x '.repeat(before / 2)} ghp_${body.slice(0, 36)} x`)).toEqual(['a GitHub token']);
  }
});

test('what is shown to people has a word in the place of each secret', () => {
  const token = `ghp_${body.slice(0, 36)}`;
  const key = `-----BEGIN PRIVATE KEY-----\n${body}\n${body}\n-----END PRIVATE KEY-----`;
  expect(withoutSecrets(`use ${token}, I said ${token}.\n${key}\nDone`)).toBe(
    'use [a GitHub token was taken out], I said [a GitHub token was taken out].\n[a private key was taken out]\nDone',
  );
  expect(withoutSecrets('no secret here')).toBe('no secret here');
});

test('a line of a megabyte takes no time that anybody notices', () => {
  const line = Array.from({ length: 30_000 }, (_, n) => `secret_token_${n}=aaaa.bbbb${n} `).join('');
  const from = performance.now();
  found(line);
  expect(performance.now() - from).toBeLessThan(5_000);
});
