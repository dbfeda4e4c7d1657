import type { Attack } from '../attack.ts';

export const attacks: readonly Attack[] = [
  {
    id: 'G1',
    title: 'core.fsmonitor in the configuration of the checkout',
    expected: 'no marker on the host',
    representative: true,
    attack: async (stage) => {
      await stage.play(
        `printf '#!/bin/sh\\ntouch ${stage.folder}/ran\\n' > .git/monitor; chmod 755 .git/monitor
git config core.fsmonitor .git/monitor; echo changed > changed.txt`,
      );
      const through = await stage.marked('ran');
      return { through, seen: through ? 'marker on the host' : 'no marker' };
    },
    control: { weakness: 'naive-git', without: 'bundle: git status, add and commit in the checkout, on the host' },
  },
];
