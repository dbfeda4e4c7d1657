import {
  type ContainerOrder,
  checkSpec as check,
  exportSpec as exports,
  runSpec as run,
  type Spec,
} from '../../../../src/sandbox/container-spec.ts';
import { containerWeaknesses } from '../container-weaknesses.ts';
import { weaknessOfTask } from '../weakness.ts';

export * from '../../../../src/sandbox/container-spec.ts';

export function runSpec(order: ContainerOrder, options: Parameters<typeof run>[1]): Spec {
  return weakened(order, run(order, options));
}

export function exportSpec(order: ContainerOrder, ...rest: Tail<typeof exports>): Spec {
  return weakened(order, exports(order, ...rest));
}

export function checkSpec(order: ContainerOrder, ...rest: Tail<typeof check>): Spec {
  return weakened(order, check(order, ...rest));
}

type Tail<F> = F extends (first: never, ...rest: infer Rest) => unknown ? Rest : never;

function weakened(order: ContainerOrder, spec: Spec): Spec {
  return containerWeaknesses[weaknessOfTask(order.task) ?? '']?.(spec, order) ?? spec;
}
