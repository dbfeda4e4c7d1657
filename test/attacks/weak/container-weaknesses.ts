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
};

function with_(spec: Spec, change: Dockerode.HostConfig): Spec {
  return { ...spec, HostConfig: { ...spec.HostConfig, ...change } };
}

function asRoot(spec: Spec): Spec {
  return { ...spec, User: '0:0' };
}
