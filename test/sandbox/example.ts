import type { ContainerOrder } from '../../src/sandbox/container-spec.ts';
import { parseRunId, parseTaskId } from '../../src/task/ids.ts';

export const task = must(parseTaskId('t000000'));
export const run = must(parseRunId('t000000-r1'));

export const containerOrder: ContainerOrder = {
  instance: 'unit',
  engine: { id: 'ENGINE' as ContainerOrder['engine']['id'], architecture: 'x86_64', apparmor: false },
  task,
  run,
  image: 'sandbox:1',
  uid: 20_007,
  workspace: { type: 'bind', source: '/data/workspaces/t000000/mount' },
  repositories: [{ source: '/real/mirrors/m.git', target: '/data/mirrors/m.git' }],
  limits: { memoryBytes: 2 ** 30, cpus: 1.5, pids: 256, workspaceBytes: 2 ** 28, runMs: 60_000 },
  runtime: null,
};

export function must<T>(value: T | undefined | null): T {
  if (value === undefined || value === null) throw new Error('expected a value');
  return value;
}
