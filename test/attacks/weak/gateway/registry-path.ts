import { findRegistryTarget as find, type RegistryTarget } from '../../../../src/gateway/registry-path.ts';
import type { Registry } from '../../../../src/task/network.ts';
import { weakness } from './which.ts';

export * from '../../../../src/gateway/registry-path.ts';

export function findRegistryTarget(registries: readonly Registry[], method: string, target: string): RegistryTarget {
  const [, name, rest] = /^\/registry\/([a-z0-9-]+)\/(.*)$/.exec(target) ?? [];
  const registry = registries.find((each) => each.name === name);
  if (weakness !== 'whole-registry' || registry === undefined) return find(registries, method, target);
  return { type: 'path', registry, url: `${registry.url}${rest}` };
}
