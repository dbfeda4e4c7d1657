import { dirname } from 'node:path';
import type Dockerode from 'dockerode';
import type { ContainerOrder, Spec } from '../../../src/sandbox/container-spec.ts';
import { plan } from './weakness.ts';

type Weaken = (spec: Spec, order: ContainerOrder) => Spec;

/** The settings of a container with one protection less each; everything else stays as it is. */
export const containerWeaknesses: Readonly<Record<string, Weaken>> = {
  /** A network card, whose other end is where the canaries are. */
  network: (spec) => {
    // The name of the machine comes with the network that is joined.
    const { Hostname: _, ...rest } = spec;
    return { ...rest, HostConfig: { ...spec.HostConfig, NetworkMode: `container:${plan().outside}` } };
  },
  /** No list of system calls, and the right to mount; its user is root, for whom that right holds. */
  mounts: (spec) => with_(asRoot(spec), { SecurityOpt: ['seccomp=unconfined'], CapAdd: ['SYS_ADMIN'], CapDrop: [] }),
  /** The folder of all gateways, beside the task's own. */
  'shared-gateways': (spec) => {
    const mounts = spec.HostConfig?.Mounts ?? [];
    const own = mounts.find(({ Target }) => Target === '/run/errand');
    if (own === undefined) return spec;
    const others = { ...own, Source: dirname(dirname(own.Source)), Target: '/run/others' };
    return with_(spec, { Mounts: [...mounts, others] });
  },
};

function with_(spec: Spec, change: Dockerode.HostConfig): Spec {
  return { ...spec, HostConfig: { ...spec.HostConfig, ...change } };
}

function asRoot(spec: Spec): Spec {
  return { ...spec, User: '0:0' };
}
