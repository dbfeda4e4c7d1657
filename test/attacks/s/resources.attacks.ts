import { readFile, stat, statfs } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import type { Attack } from '../attack.ts';
import { limits } from '../limits.ts';
import { openFilesOf, type SeenProcess } from '../observers/processes.ts';
import { type Live, pythonHold } from '../stage.ts';

const mebibyte = 1024 * 1024;

export const attacks: readonly Attack[] = [
  {
    id: 'S10',
    title: 'a fork bomb of 400',
    expected: 'stops at the limit of processes; the host has room',
    attack: (stage) =>
      stage.look(
        `cat > bomb.py <<'END'
import os, signal, time
${pythonHold}
made = []
for _ in range(400):
    try: pid = os.fork()
    except OSError: break
    if pid == 0: time.sleep(600)
    made.append(pid)
hold()
for pid in made: os.kill(pid, signal.SIGKILL)
for pid in made: os.waitpid(pid, 0)
END
python3 bomb.py`,
        async (live) => {
          const { length } = await live.processes();
          return { through: length > limits.pids, seen: `${length} processes, where ${limits.pids} are allowed` };
        },
      ),
    control: { weakness: 'pids', without: 'PidsLimit' },
  },
  {
    id: 'S11',
    title: 'take more memory than there is',
    expected: 'killed at the limit',
    attack: (stage) =>
      stage.look(
        `cat > hog.py <<'END'
${pythonHold}
kept = [bytearray(b'x' * 1048576) for _ in range(${limits.memoryMebibytes + 300})]
hold()
END
python3 hog.py`,
        async (live) => {
          const hog = (await live.processes()).find(({ command }) => command.startsWith('python3 hog.py'));
          const taken = Math.round(kilobytesOf(hog, 'VmRSS') / 1024);
          const through = taken > limits.memoryMebibytes;
          const allowed = `where ${limits.memoryMebibytes} are allowed`;
          return {
            through,
            seen: through ? `${taken} MiB taken, ${allowed}` : `killed before it had them, ${allowed}`,
          };
        },
      ),
    control: { weakness: 'memory', without: 'Memory' },
  },
  {
    id: 'S12',
    title: 'burn all processors with four processes',
    expected: 'no more than the processor it may have',
    alone: true,
    attack: (stage) =>
      stage.look(
        'for each in 1 2 3 4; do sh -c "while :; do :; done" & done; sleep 0.5',
        async (live) => {
          let most = 0;
          // Other work on the machine only ever makes it less.
          for (let window = 0; window < 5 && most <= limits.cpus * 1.2; window += 1) {
            const before = await burntSeconds(live);
            const began = performance.now();
            await pause(1_000);
            most = Math.max(most, ((await burntSeconds(live)) - before) / ((performance.now() - began) / 1_000));
          }
          // On a busy machine nobody gets more than their limit; whether there is one the kernel's own book of it shows.
          const limited = await isLimited(live.info.State.Pid);
          const seen = `${most.toFixed(2)} processors, ${limited ? `held to ${limits.cpus}` : 'held to nothing'}`;
          return { through: most > limits.cpus * 1.2 || !limited, seen };
        },
        { after: 'kill 0' },
      ),
    control: { weakness: 'cpus', without: 'NanoCpus' },
  },
  {
    id: 'S13',
    title: 'fill the workspace, its inodes, /tmp and /dev/shm',
    expected: 'ENOSPC at the quota; no more on the host’s disk',
    attack: (stage) =>
      stage.look(
        `python3 - <<'END'
import os
def attempt(work):
    try: work()
    except OSError: pass
def files():
    os.makedirs('/workspace/home/many')
    for n in range(20000): os.close(os.open(f'/workspace/home/many/{n}', os.O_CREAT))
open('/workspace/home/fill', 'w').close()
def fill(path, mebibytes):
    with open(path, 'wb', 0) as file:
        for _ in range(mebibytes): file.write(bytes(1048576))
attempt(files)
attempt(lambda: fill('/workspace/home/fill', 160))
attempt(lambda: fill('/dev/shm/fill', 300))
attempt(lambda: os.posix_fallocate(os.open('/tmp/fill', os.O_CREAT | os.O_WRONLY), 0, 1100 * 1048576))
END`,
        async (live) => {
          const at = (path: string) => `/proc/${live.info.State.Pid}/root${path}`;
          const [workspace, shm, tmp] = await Promise.all([live.workspace, at('/dev/shm'), at('/tmp')].map(usedOf));
          const over = [
            ...((workspace?.mebibytes ?? 0) > limits.workspaceMebibytes ? ['workspace'] : []),
            ...((workspace?.inodes ?? 0) > (limits.workspaceMebibytes * mebibyte) / 8192 ? ['inodes'] : []),
            ...((shm?.mebibytes ?? 0) > 256 ? ['/dev/shm'] : []),
            ...((tmp?.mebibytes ?? 0) > 1024 ? ['/tmp'] : []),
          ];
          const seen = `${workspace?.mebibytes} MiB, ${workspace?.inodes} inodes, shm ${shm?.mebibytes}, tmp ${tmp?.mebibytes}`;
          return { through: over.length > 0, seen: over.length > 0 ? `over: ${over.join(', ')} (${seen})` : seen };
        },
        { after: 'rm -rf /workspace/home/many /workspace/home/fill' },
      ),
    control: { weakness: 'space', without: 'quota of the workspace, sizes of /tmp and /dev/shm' },
  },
  {
    id: 'S14',
    title: 'flood the output, and the container’s own log, with 60 MB',
    expected: 'at most 20 MB of log on the host',
    attack: (stage) =>
      stage.look(
        `yes 'a line of the flood, again and again' | head -c 10M
yes 'a line of the flood, again and again and again and again and again and again and again' | head -c 50M > /proc/1/fd/1; true`,
        async (live) => {
          const bytes = await Promise.all(['', '.1', '.2'].map((suffix) => sizeOf(`${live.info.LogPath}${suffix}`)));
          const logged = Math.round(bytes.reduce((sum, size) => sum + size, 0) / 1e6);
          return { through: logged > 25, seen: `${logged} MB of log` };
        },
      ),
    control: { weakness: 'log', without: 'cap of the log' },
  },
  {
    id: 'S15',
    title: 'use up all inotify instances, so that another task has none',
    expected: 'the other task has its own',
    attack: async (stage) => {
      const watching = (count: number) => `cat > watch.py <<'END'
import ctypes
${pythonHold}
libc = ctypes.CDLL(None)
for _ in range(${count}): libc.inotify_init1(0)
hold()
END
python3 watch.py`;
      const most = Number(await readFile('/proc/sys/fs/inotify/max_user_instances', 'utf8'));
      return stage.look(watching(most + 20), async () =>
        stage.look(watching(1), async (other) => {
          const files = await Promise.all(
            (await other.processes()).filter(isWatcher).map(({ pid }) => openFilesOf(pid)),
          );
          const own = files.flat().filter(({ path }) => path.includes('inotify')).length;
          return {
            through: own === 0,
            seen: own === 0 ? 'the other task watches nothing' : 'the other task watches its files',
          };
        }),
      );
    },
    control: { weakness: 'shared-uid', without: 'a uid for each task' },
  },
];

function isWatcher({ command }: SeenProcess): boolean {
  return command.startsWith('python3 watch.py');
}

function kilobytesOf(process: SeenProcess | undefined, field: string): number {
  return Number.parseInt(process?.status[field] ?? '0', 10);
}

/** Processor time of all of a container's processes, dead children included. */
async function burntSeconds(live: Live): Promise<number> {
  const texts = await Promise.all(
    (await live.processes()).map(({ pid }) => readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')),
  );
  const ticks = texts.map((text) => {
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return Number(fields[11] ?? 0) + Number(fields[12] ?? 0);
  });
  return ticks.reduce((sum, each) => sum + each, 0) / 100;
}

/** Whether the kernel counts periods in which the process's group may use up its share of the processors. */
async function isLimited(pid: number): Promise<boolean> {
  const groups = (await readFile(`/proc/${pid}/cgroup`, 'utf8')).trim().split('\n');
  const paths = groups.flatMap((line) => {
    const [, controllers = '', path = ''] = line.split(':');
    if (controllers === '') return [`/sys/fs/cgroup${path}`];
    return controllers.split(',').includes('cpu') ? [`/sys/fs/cgroup/cpu${path}`] : [];
  });
  const texts = await Promise.all(paths.map((path) => readFile(`${path}/cpu.stat`, 'utf8').catch(() => '')));
  const counted = texts.flatMap((text) => /^nr_periods (\d+)$/m.exec(text)?.[1] ?? []);
  if (counted.length === 0) throw new Error(`The kernel shows no cpu.stat in ${paths.join(', ')}`);
  return counted.some((periods) => Number(periods) > 0);
}

async function usedOf(path: string) {
  const { bsize, blocks, bfree, files, ffree } = await statfs(path);
  return { mebibytes: Math.round(((blocks - bfree) * bsize) / mebibyte), inodes: files - ffree };
}

async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.size ?? 0;
}
