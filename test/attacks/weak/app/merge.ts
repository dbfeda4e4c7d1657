import * as real from '../../../../src/app/merge.ts';
import { weaknessOfRepository } from '../weakness.ts';

export * from '../../../../src/app/merge.ts';

const stateless = new Set(['no-state', 'trusts-redis']);

/** `no-state` and `trusts-redis`: a job is an order, and what it merges is whatever the branch holds by now. */
export const merge: typeof real.merge = async (deps, id, signal) => {
  const task = await deps.store.find(id);
  const part = task?.parts.find(({ repository }) => stateless.has(weaknessOfRepository(repository) ?? ''));
  if (part === undefined || part.pull.type === 'none') return real.merge(deps, id, signal);
  const { repository, pull } = part;
  const { number } = pull.pull;
  const { head } = await deps.forge.findPull(repository, number);
  await deps.forge.merge({ repository, number, head, method: 'squash', title: 'Merge', message: '' });
};
