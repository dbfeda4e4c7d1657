import { describe, expect, test } from 'vitest';
import { checkSpec, exportSpec, runSpec, scanSpec, setUpSpec } from '../../src/sandbox/container-spec.ts';
import { containerOrder } from './example.ts';
import { hardening, pathValue } from './hardening.ts';

const run = runSpec(containerOrder, { command: ['node', 'runner.ts'], gateway: '/run/e/g/t000000/s' });
const out = exportSpec(containerOrder, ['sh', '-c', 'true']);
const check = checkSpec(containerOrder, ['sh', '-c', 'true'], 'abc');

const setUp = setUpSpec(containerOrder, { command: ['node', 'set-up.ts'], gateway: '/run/e/s/t000000/s' });
const scan = scanSpec(containerOrder, ['node', 'scan.ts']);

describe.each([
  ['run', run],
  ['setup', setUp],
  ['scan', scan],
  ['export', out],
  ['check', check],
])('the %s container', (_kind, spec) => {
  test.each(hardening)('keeps $item: $field', ({ field, value }) => {
    expect(pathValue(spec, field)).toEqual(value);
  });

  test('can write nowhere but its workspace and temporary file systems', () => {
    const writable = (spec.HostConfig?.Mounts ?? []).filter((mount) => mount.ReadOnly !== true);
    expect(writable.map((mount) => mount.Target)).toEqual(['/workspace']);
  });

  test('mounts no socket of Docker', () => {
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

test('an engine with AppArmor confines by it; gVisor brings its own system call filter', () => {
  const options = (change: object) => exportSpec({ ...containerOrder, ...change }, []).HostConfig?.SecurityOpt;
  const engine = { ...containerOrder.engine, apparmor: true };
  expect(options({ engine })).toContain('apparmor=docker-default');
  expect(options({})).not.toContain('apparmor=docker-default');
  expect(options({ runtime: 'runsc' })).toEqual(['no-new-privileges:true']);
});
