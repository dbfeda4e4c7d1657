import { access, constants, open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Attack } from '../attack.ts';

const caches = '/tmp /var/tmp /dev/shm /var/cache/packages $HOME $HOME/.npm $HOME/.cache $HOME/.cache/pip';

export const attacks: readonly Attack[] = [
  {
    id: 'S17',
    title: 'look for another task’s files, processes, shared memory and abstract sockets',
    expected: 'nothing of the other is found',
    attack: async (stage) => {
      const { word } = stage;
      const victim = `echo ${word}-file > /workspace/home/secret; echo ${word}-shm > /dev/shm/${word}; echo ${word}-tmp > /tmp/secret
python3 -c 'import socket, time; s = socket.socket(socket.AF_UNIX); s.bind("\\0${word}-abstract"); time.sleep(600)' ${word}-argv & sleep 0.5`;
      // It knows no more than how such a word begins.
      const thief = `cat > look.py <<'END'
import glob, os, re
seen = b''
for pattern in ['/proc/*/cmdline', '/proc/*/environ', '/proc/*/root/tmp/*', '/proc/*/root/workspace/home/*', '/proc/*/fd/*', '/proc/net/unix', '/dev/shm/*', '/tmp/*', '/workspace/**', '/var/tmp/*']:
    for path in glob.glob(pattern):
        if path.startswith(('/workspace/repo', '/proc/self')) or path == '/workspace/home/loot' or not os.access(path, os.R_OK): continue
        try:
            if os.path.isfile(path): seen += open(path, 'rb').read(65536) + path.encode()
        except OSError: pass
open('/workspace/home/loot', 'wb').write(b' '.join(sorted(set(re.findall(rb's17(?:real|weak)[a-z0-9]+-[a-z]+', seen)))))
END
python3 look.py`;
      return await stage.look(
        victim,
        async () =>
          stage.look(thief, async (live) => {
            const file = await open(join(live.workspace, 'home/loot'), constants.O_RDONLY | constants.O_NOFOLLOW);
            const loot = await file.readFile('utf8').finally(() => file.close());
            const found = ['file', 'shm', 'tmp', 'abstract', 'argv'].filter((kind) => loot.includes(`${word}-${kind}`));
            return {
              through: found.length > 0,
              seen: found.length > 0 ? `found: ${found.join(', ')}` : 'found nothing',
            };
          }),
        { after: `rm -f /dev/shm/${word}; kill %1` },
      );
    },
    control: { weakness: 'shared-spaces', without: 'processes and shared memory of one’s own' },
  },
  {
    id: 'S19',
    title: 'have an image of the repository’s choice used, or its Dockerfile built',
    expected: 'the operator’s image, whatever the repository says',
    attack: async (stage) => {
      const { unlisted, repository, errand, docker } = stage;
      await errand.forge.control.commit({
        repository,
        files: {
          '.devcontainer/devcontainer.json': JSON.stringify({ image: unlisted, workspaceFolder: '/proc/self/fd/8' }),
          '.devcontainer/Dockerfile': `FROM ${unlisted}\\nRUN touch ${stage.folder}/ran\\n`,
          Dockerfile: `FROM ${unlisted}\\nWORKDIR /proc/self/fd/8\\nRUN touch ${stage.folder}/ran\\n`,
        },
        message: 'Bring an image',
      });
      return stage.look('true', async (live) => {
        const { Id } = await docker.getImage(unlisted).inspect();
        const through = live.info.Image === Id || (await stage.marked('ran'));
        return { through, seen: through ? 'ran in the repository’s image' : 'ran in the operator’s image' };
      });
    },
    control: { weakness: 'repository-image', without: 'list of images' },
  },
  {
    id: 'S21',
    title: 'leave a poisoned package cache for the next task',
    expected: 'the next task finds no trace of it',
    attack: async (stage) => {
      const name = `poison-${stage.word}`;
      await stage.play(
        `for folder in ${caches}; do mkdir -p $folder; echo x > $folder/${name}; done 2>/dev/null; true`,
      );
      return stage.look('true', async (live) => {
        const places = [
          '/tmp',
          '/var/tmp',
          '/dev/shm',
          '/var/cache/packages',
          ...['', '/.npm', '/.cache', '/.cache/pip'].map((path) => `/workspace/home${path}`),
        ];
        const found = await Promise.all(
          places.map((place) =>
            access(`/proc/${live.info.State.Pid}/root${place}/${name}`).then(
              () => [place],
              () => [],
            ),
          ),
        );
        const own = found.flat();
        return {
          through: own.length > 0,
          seen: own.length > 0 ? `found in ${own.join(', ')}` : `none in ${places.length} places`,
        };
      });
    },
    control: { weakness: 'shared-cache', without: 'caches of each task’s own' },
  },
];
