import type { ContainerOrder } from '../../../../src/sandbox/container-spec.ts';
import type { Parts } from '../../../../src/sandbox/parts.ts';
import { scanWorkspace as scan } from '../../../../src/sandbox/scan.ts';
import { weaknessOfTask } from '../weakness.ts';

export * from '../../../../src/sandbox/scan.ts';

export async function scanWorkspace(parts: Parts, order: ContainerOrder, rest: Parameters<typeof scan>[2]) {
  if (weaknessOfTask(order.task) !== 'unscanned') await scan(parts, order, rest);
}
