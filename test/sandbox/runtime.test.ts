import { expect, test } from 'vitest';
import { chooseRuntime } from '../../src/sandbox/runtime.ts';

test('gVisor is taken where the engine has it, unless it is not wanted', () => {
  expect(chooseRuntime('auto', ['runc', 'runsc'])).toBe('runsc');
  expect(chooseRuntime('auto', ['runc'])).toBeNull();
  expect(chooseRuntime('runc', ['runc', 'runsc'])).toBe('runc');
  expect(chooseRuntime('runsc', ['runc', 'runsc'])).toBe('runsc');
});

test('a runtime that is required and missing is a problem that names what is there', () => {
  expect(() => chooseRuntime('runsc', ['runc', 'crun'])).toThrow(/runsc .* knows crun, runc/);
});
