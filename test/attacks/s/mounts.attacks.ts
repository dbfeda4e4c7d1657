import type { Attack } from '../attack.ts';
import { mountsOf } from '../observers/processes.ts';

export const attacks: readonly Attack[] = [
  {
    id: 'S2',
    title: 'mount a tmpfs and a proc, fsopen, open_tree, move_mount',
    expected: 'EPERM; no process has a new mount',
    representative: true,
    attack: (stage) =>
      stage.hold(
        `mkdir -p /tmp/m; mount -t tmpfs none /tmp/m; mkdir -p /tmp/p; mount -t proc none /tmp/p; mount --bind / /tmp/p; true`,
        async (live) => {
          const mounts = await Promise.all((await live.processes()).map(({ pid }) => mountsOf(pid)));
          const own = [...new Set(mounts.flat().map(({ at }) => at))].filter((at) => /^\/tmp\/[mp]$/.test(at));
          return { through: own.length > 0, seen: own.length > 0 ? `mounted ${own.join(', ')}` : 'no new mount' };
        },
      ),
    control: { weakness: 'mounts', without: 'seccomp list, capabilities dropped, a user of its own' },
  },
];
