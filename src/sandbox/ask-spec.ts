import { type ContainerOrder, labels, type Spec, securityOptions } from './container-spec.ts';

const memoryBytes = 512 * 1024 * 1024;

/** One command in an image of the operator's, to ask what is in it: no task, no workspace, no gateway, and a user who owns nothing. */
export function askSpec(
  order: Pick<ContainerOrder, 'instance' | 'engine' | 'image' | 'runtime'> & { readonly command: readonly string[] },
): Spec {
  return {
    name: `errand-${order.instance}-ask-${order.image.slice(-12)}`,
    Image: order.image,
    Entrypoint: [],
    Cmd: [...order.command],
    User: '65534:65534',
    WorkingDir: '/tmp',
    Env: ['HOME=/tmp'],
    Labels: { [labels.instance]: order.instance, [labels.engine]: order.engine.id, [labels.kind]: 'ask' },
    HostConfig: {
      NetworkMode: 'none',
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      SecurityOpt: securityOptions(order),
      Init: true,
      IpcMode: 'private',
      PidsLimit: 64,
      Memory: memoryBytes,
      MemorySwap: memoryBytes,
      Tmpfs: { '/tmp': 'rw,noexec,nosuid,nodev,size=64m,mode=1777' },
      LogConfig: { Type: 'none', Config: {} },
      RestartPolicy: { Name: 'no' },
      ...(order.runtime === null ? {} : { Runtime: order.runtime }),
    },
  };
}
