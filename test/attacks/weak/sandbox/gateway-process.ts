import { type GatewayOptions, type Gateways, openGateways as open } from '../../../../src/sandbox/gateway-process.ts';
import { weaknessOfTask } from '../weakness.ts';

export * from '../../../../src/sandbox/gateway-process.ts';

export function openGateways(options: GatewayOptions): Gateways {
  const gateways = open(options);
  return {
    ...gateways,
    open: (task, policy) => {
      const free = weaknessOfTask(task) === 'no-budget';
      return gateways.open(task, free ? { ...policy, budgetUsd: null, budgetTokens: null } : policy);
    },
  };
}
