import { describe, expect, test } from 'vitest';
import { readEnv, toConfig } from '../../src/config.ts';
import { checked, ok } from '../../src/doctor/finding.ts';
import { redact } from '../../src/doctor/redact.ts';
import { runcHoles } from '../../src/doctor/runc.ts';
import { Problem } from '../../src/task/problem.ts';

describe('a check', () => {
  test('that refuses becomes a row with its two sentences', async () => {
    const problem = new Problem({ code: 'x', sentence: 'It is closed.', next: 'Open it.' });
    expect(await checked('Door', 1_000, () => Promise.reject(problem))).toEqual([
      { name: 'Door', state: 'fail', found: 'It is closed.', next: 'Open it.' },
    ]);
  });

  test('that stays silent is given up, and told so', async () => {
    let given: AbortSignal | undefined;
    const [row] = await checked('Door', 1, (signal) => {
      given = signal;
      return new Promise(() => undefined);
    });
    expect(row).toMatchObject({ state: 'fail', found: 'No answer within 0.001 s.' });
    expect(given?.aborted).toBe(true);
  });

  test('that breaks names the innermost cause', async () => {
    const cause = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), { code: 'ECONNREFUSED' });
    const [row] = await checked('Door', 1_000, () => Promise.reject(new TypeError('fetch failed', { cause })));
    expect(row).toMatchObject({ state: 'fail', found: 'connect ECONNREFUSED 127.0.0.1:1' });
  });

  test('may give several rows', async () => {
    expect(await checked('Door', 1_000, async () => [ok('One', '1'), ok('Two', '2')])).toHaveLength(2);
  });
});

test('whatever an answer repeats, no secret of the configuration is shown', () => {
  const env = readEnv({
    SLACK_BOT_TOKEN: 'bot token',
    SLACK_APP_TOKEN: 'app token',
    GITHUB_APP_ID: '1',
    GITHUB_APP_PRIVATE_KEY: 'private key',
    ANTHROPIC_API_KEY: 'model key',
    REDIS_URL: 'redis://u:p%40ss@127.0.0.1:1',
    HTTPS_PROXY: 'http://u:way-out@127.0.0.1:1',
  });
  const said = 'bot token, app token, private key, model key, p%40ss, p@ss, way-out and nothing else';
  expect(redact(said, toConfig(env))).toBe(`${'[secret], '.repeat(6)}[secret] and nothing else`);
});

describe('runc', () => {
  const all = ['CVE-2024-21626', 'CVE-2025-31133, CVE-2025-52565, CVE-2025-52881', 'CVE-2026-41579'];
  test.each([
    ['1.1.5', all],
    ['1.1.5+ds1-1+deb12u1', all.slice(1)],
    ['1.1.12', all.slice(1)],
    ['1.2.7', all.slice(1)],
    ['1.2.8', all.slice(2)],
    ['1.3.3', all.slice(2)],
    ['1.3.6', []],
    ['1.4.0-rc.2', all.slice(1)],
    ['1.4.0', all.slice(2)],
    ['1.5.0-rc.2', all.slice(2)],
    ['1.5.0', []],
    ['2.0.0', []],
    ['what', []],
  ])('%s has the known holes %j', (version, holes) => {
    expect(runcHoles(version)).toEqual(holes);
  });
});
