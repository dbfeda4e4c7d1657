import { describe, expect, test } from 'vitest';
import {
  checkSpec,
  exportSpec,
  helperSpec,
  probeSpec,
  runSpec,
  scanSpec,
  setUpSpec,
} from '../../src/sandbox/container-spec.ts';
import { containerOrder } from './example.ts';
import { asInspected, hardening, hidden, pathValue } from './hardening.ts';

const run = runSpec(containerOrder, { command: ['node', 'runner.ts'], gateway: '/run/e/g/t000000/s' });
const out = exportSpec(containerOrder, ['sh', '-c', 'true']);
const check = checkSpec(containerOrder, ['sh', '-c', 'true'], 'abc');
const probe = probeSpec(containerOrder, { command: ['node', '-e', ''], gateway: '/run/e/g/t000000/s' });

const setUp = setUpSpec(containerOrder, { command: ['node', 'set-up.ts'], gateway: '/run/e/s/t000000/s' });
const scan = scanSpec(containerOrder, ['node', 'scan.ts']);

describe.each([
  ['run', run],
  ['setup', setUp],
  ['scan', scan],
  ['export', out],
  ['check', check],
  ['probe', probe],
])('the %s container', (_kind, spec) => {
  test.each(hardening)('keeps $item: $field', ({ field, value }) => {
    expect(pathValue(asInspected(spec), field)).toEqual(value);
  });

  test('leaves what Docker hides of the machine hidden', () => {
    for (const field of hidden) expect(pathValue(spec, field)).toBeUndefined();
  });

  test('shares no mount back to the host, and mounts none of its folders (CIS 5.6, 5.20)', () => {
    for (const mount of spec.HostConfig?.Mounts ?? []) {
      expect(mount.Source).not.toMatch(/^\/(?:boot|dev|etc|lib|proc|sys|usr|var\/run|run\/docker)?(?:\/|$)/);
      if (mount.ReadOnly) expect(mount.BindOptions?.Propagation).toBe('rprivate');
    }
  });

  test('can write nowhere but its workspace and temporary file systems', () => {
    const writable = (spec.HostConfig?.Mounts ?? []).filter((mount) => mount.ReadOnly !== true);
    expect(writable.map((mount) => mount.Target)).toEqual(['/workspace']);
  });

  test('mounts no socket of Docker (CIS 5.32)', () => {
    expect(JSON.stringify(spec.HostConfig?.Mounts)).not.toMatch(/docker\.sock|containerd/);
  });

  test('sees the repositories read-only under the name that the worker gave them', () => {
    expect(spec.HostConfig?.Mounts).toContainEqual({
      Type: 'bind',
      Source: '/real/mirrors/m.git',
      Target: '/data/mirrors/m.git',
      ReadOnly: true,
      BindOptions: { Propagation: 'rprivate' },
    });
  });

  test('carries the labels that the reaper and a restarted broker go by', () => {
    expect(spec.Labels).toMatchObject({
      'errand.instance': 'unit',
      'errand.engine': 'ENGINE',
      'errand.slot': '20007',
      'errand.task': 't000000',
      'errand.run': 't000000-r1',
      'errand.kind': _kind,
      'errand.run-ms': '60000',
    });
  });
});

test('the run container reads stdin that no detaching closes, and mounts the gateway directory read-only', () => {
  expect(run).toMatchObject({ OpenStdin: true, StdinOnce: false, Tty: false });
  expect(run.HostConfig?.Mounts).toContainEqual(
    expect.objectContaining({ Source: '/run/e/g/t000000/s', Target: '/run/errand', ReadOnly: true }),
  );
});

test('only the run container reaches the gateway', () => {
  for (const spec of [out, check]) {
    expect(spec.HostConfig?.Mounts?.some((mount) => mount.Target === '/run/errand')).toBe(false);
    expect(spec.Env?.some((line) => /proxy/i.test(line))).toBe(false);
    expect(spec.OpenStdin).toBe(false);
  }
});

test('the log is capped where there is one, and Docker keeps none of a bundle', () => {
  expect(run.HostConfig?.LogConfig).toEqual({ Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '2' } });
  expect(out.HostConfig?.LogConfig?.Type).toBe('none');
  expect(check.HostConfig?.LogConfig?.Type).toBe('none');
});

test('a probe is a run in all that holds it, and differs in its name, its command and its stdin alone', () => {
  const { name, Cmd, Labels, OpenStdin, ...rest } = probe;
  const { name: _name, Cmd: _command, Labels: _labels, OpenStdin: _stdin, ...same } = run;
  expect(rest).toEqual(same);
  expect([name, OpenStdin, Labels?.['errand.kind']]).toEqual(['errand-unit-probe', false, 'probe']);
});

describe('a helper on a workspace', () => {
  const helper = (capability: 'CHOWN' | 'DAC_READ_SEARCH') =>
    helperSpec(containerOrder, { command: ['sh'], capability, suffix: 'x' });

  test('is root with one capability, and in all else a container like the others', () => {
    const made = asInspected(helper('CHOWN'));
    const differing = hardening.filter(
      ({ field, value }) => JSON.stringify(pathValue(made, field)) !== JSON.stringify(value),
    );
    expect(differing.map(({ field }) => field)).toEqual([
      'HostConfig.CapAdd',
      // A matcher, and no text.
      'HostConfig.SecurityOpt.1',
      'Config.User',
    ]);
    expect(helper('CHOWN')).toMatchObject({ User: '0:0', HostConfig: { CapAdd: ['CHOWN'] } });
  });

  test('that measures can read everything there and write nothing', () => {
    const { HostConfig } = helper('DAC_READ_SEARCH');
    expect(HostConfig?.CapAdd).toEqual(['DAC_READ_SEARCH']);
    expect(HostConfig?.Mounts?.every(({ ReadOnly }) => ReadOnly)).toBe(true);
  });
});

test('an engine with AppArmor confines by it (CIS 5.2); gVisor brings its own system call filter', () => {
  const options = (change: object) => exportSpec({ ...containerOrder, ...change }, []).HostConfig?.SecurityOpt;
  const engine = { ...containerOrder.engine, apparmor: true };
  expect(options({ engine })).toContain('apparmor=docker-default');
  expect(options({})).not.toContain('apparmor=docker-default');
  expect(options({ runtime: 'runsc' })).toEqual(['no-new-privileges:true']);
});
