import { describe, expect, test } from 'vitest';
import { readEnv, toConfig } from '../../src/config.ts';
import { checkIsolation, infoSchema, versionSchema } from '../../src/doctor/checks/isolation.ts';
import { checked, ok } from '../../src/doctor/finding.ts';
import { knownHoles } from '../../src/doctor/holes.ts';
import { redact } from '../../src/doctor/redact.ts';
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
    REDIS_URL: 'redis://u:p%40ssword@127.0.0.1:1',
    HTTPS_PROXY: 'http://u:way-out@127.0.0.1:1',
  });
  const said = 'bot token, app token, private key, model key, p%40ssword, p@ssword, way-out and nothing else';
  expect(redact(said, toConfig(env))).toBe(`${'[secret], '.repeat(6)}[secret] and nothing else`);
});

describe('runc', () => {
  const all = [
    'CVE-2024-21626',
    'CVE-2024-45310',
    'CVE-2025-31133, CVE-2025-52565, CVE-2025-52881',
    'CVE-2026-41579',
  ] as const;
  test.each([
    ['1.0.0~rc93+ds1-5+deb11u3', all.slice(1)],
    ['1.1.5', all],
    ['1.1.5+ds1-1+deb12u1', all.slice(1)],
    ['1.1.12', all.slice(1)],
    ['1.1.14', all.slice(2)],
    ['1.2.0-rc.2', all.slice(1)],
    ['1.2.7', all.slice(2)],
    ['1.2.8', all.slice(3)],
    ['1.3.3', all.slice(3)],
    ['1.3.6', []],
    ['1.4.0-rc.2', all.slice(2)],
    ['1.4.0', all.slice(3)],
    ['1.5.0-rc.2', all.slice(3)],
    ['1.5.0', []],
    ['2.0.0', []],
    ['what', []],
  ])('%s has the known holes %j', (version, holes) => {
    expect(knownHoles('runc', version).map(({ name }) => name)).toEqual(holes);
  });
});

test.each([
  ['containerd', '1.6.20~ds1', ['CVE-2024-40635', 'CVE-2024-25621']],
  ['containerd', '1.6.20~ds1-1+deb12u3', []],
  ['containerd', '1.7.29', []],
  ['containerd', '2.0.4', ['CVE-2024-25621']],
  ['containerd', '2.2.0', []],
  ['engine', '20.10.12', ['CVE-2022-24769', 'CVE-2022-36109']],
  ['engine', '20.10.24+dfsg1', []],
  ['engine', '28.2.2', []],
] as const)('%s %s has the known holes %j', (component, version, holes) => {
  expect(knownHoles(component, version).map(({ name }) => name)).toEqual(holes);
});

describe('the isolation of an engine', () => {
  const whole = { MemoryLimit: true, SwapLimit: true, CpuCfsQuota: true, PidsLimit: true, CgroupVersion: '2' };
  const safe = ['name=seccomp,profile=default', 'name=apparmor', 'name=userns'];
  const rows = (info: object, version: string) =>
    checkIsolation(
      infoSchema.parse({ ...whole, SecurityOptions: safe, ...info }),
      versionSchema.parse({ Components: [{ Name: 'runc', Version: version }] }).Components,
    );

  test('with a second wall, no known hole and limits that hold needs nothing', () => {
    expect(rows({}, '1.3.6')).toEqual([
      ok('Docker isolation', 'runc 1.3.6, cgroup v2, seccomp, apparmor, userns.'),
      ok('Docker limits', 'Memory, swap, processors and processes are held.'),
    ]);
  });

  test('names each hole with what it lets in, and the walls that are missing', () => {
    expect(rows({ SecurityOptions: safe.slice(0, 1), Runtimes: { runc: {}, runsc: {} } }, '1.3.3')[0]).toEqual({
      name: 'Docker isolation',
      state: 'warn',
      found:
        'runc 1.3.3, cgroup v2, gVisor (runsc), seccomp. By its number, runc has CVE-2026-41579 (a container can reach out of itself while it is set up).',
      next: 'Update runc, or see in the package’s changelog that this is mended. A second wall would be AppArmor (or SELinux) on this host, and "userns-remap" in daemon.json, or rootless Docker.',
    });
  });

  test.each([
    [{ PidsLimit: false }, 'fail', 'This engine holds no container to its limit of processes, so no task runs.'],
    [{ MemoryLimit: false, PidsLimit: false }, 'fail', 'memory and processes'],
    [{ CpuCfsQuota: false }, 'warn', 'share of the processors'],
    [{ SwapLimit: false }, 'warn', 'flee into swap'],
  ])('with %j says so', (info, state, words) => {
    expect(rows(info, '1.3.6')[1]).toMatchObject({ state, found: expect.stringContaining(words) });
  });
});
