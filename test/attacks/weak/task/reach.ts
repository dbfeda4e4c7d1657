import type { Network } from '../../../../src/task/network.ts';
import { reachOf as reach } from '../../../../src/task/reach.ts';
import { weaknessOfRepository } from '../weakness.ts';

export * from '../../../../src/task/reach.ts';

/** Where a repository's file widens: its hosts beside those that the operator opened. */
export function reachOf(...[policy, task, checkouts]: Parameters<typeof reach>): Network {
  const found = reach(policy, task, checkouts);
  if (weaknessOfRepository(task.parts[0].repository) !== 'file-widens' || found.hosts === 'any') return found;
  const more = checkouts.flatMap(({ network }) => (network && network.hosts !== 'any' ? network.hosts : []));
  return { ...found, hosts: [...found.hosts, ...more] };
}
