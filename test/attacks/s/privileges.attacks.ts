import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Attack } from '../attack.ts';
import { withLoop } from '../observers/loop.ts';
import { mountsOf, namespacesOf, openFilesOf } from '../observers/processes.ts';
import { pythonHold } from '../stage.ts';

const changesSchema = z.array(z.object({ Path: z.string() })).nullable();

export const attacks: readonly Attack[] = [
  {
    id: 'S1',
    title: 'find and use docker.sock, containerd.sock',
    expected: 'no such socket; the engine makes nothing',
    attack: async (stage) => {
      const { docker, word } = stage;
      await stage.play(`cat > use.py <<'END'
import http.client, json, os, socket
class Unix(http.client.HTTPConnection):
    def __init__(self, path): super().__init__('engine'); self.path = path
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX); self.sock.settimeout(5); self.sock.connect(self.path)
found = [line.split()[-1] for line in open('/proc/net/unix').read().splitlines()[1:] if '/' in line]
for top in ['/run', '/var/run', '/var/lib', '/tmp']:
    for folder, _, files in os.walk(top): found += [os.path.join(folder, name) for name in files if name.endswith('.sock')]
for path in sorted(set(found) | {'/var/run/docker.sock', '/run/containerd/containerd.sock'}):
    try:
        ask = Unix(path); ask.request('GET', '/images/json'); image = json.load(ask.getresponse())[0]['Id']
        ask = Unix(path)
        ask.request('POST', '/containers/create?name=${word}', json.dumps({'Image': image}), {'content-type': 'application/json'})
        ask.getresponse().read()
    except Exception: pass
END
python3 use.py`);
      const made = await docker.listContainers({ all: true, filters: { name: [word] } });
      for (const { Id } of made) await docker.getContainer(Id).remove({ force: true });
      return {
        through: made.length > 0,
        seen: made.length > 0 ? 'the engine made a container' : 'the engine made nothing',
      };
    },
    control: { weakness: 'docker-socket', without: 'own mounts only: docker.sock inside, as root' },
  },
  {
    id: 'S2',
    title: 'mount a tmpfs and a proc, bind the root elsewhere',
    expected: 'EPERM; no process has a new mount',
    representative: true,
    attack: (stage) =>
      stage.look(
        `mkdir -p /tmp/m; mount -t tmpfs none /tmp/m; mkdir -p /tmp/p; mount -t proc none /tmp/p; mount --bind / /tmp/p; true`,
        async (live) => {
          const mounts = await Promise.all((await live.processes()).map(({ pid }) => mountsOf(pid)));
          const own = [...new Set(mounts.flat().map(({ at }) => at))].filter((at) => /^\/tmp\/[mp]$/.test(at));
          return { through: own.length > 0, seen: own.length > 0 ? `mounted ${own.join(', ')}` : 'no new mount' };
        },
      ),
    control: { weakness: 'mounts', without: 'seccomp list, capabilities dropped, a user of its own' },
  },
  {
    id: 'S3',
    title: 'unshare, clone and clone3 into user, network, mount and pid namespaces',
    expected: 'EPERM or ENOSYS; all in the namespaces they began in',
    attack: (stage) =>
      stage.look(
        `for kind in --user --user\\ --net --user\\ --mount --net --mount --pid\\ --fork --ipc --uts; do
  unshare $kind sleep 60 & done; sleep 1`,
        async (live) => {
          const processes = await live.processes();
          const own = await namespacesOf(live.info.State.Pid);
          const found = await Promise.all(processes.map(({ pid }) => namespacesOf(pid)));
          const others = Object.keys(own).filter((kind) =>
            found.some((each) => each[kind] !== '' && each[kind] !== own[kind]),
          );
          return {
            through: others.length > 0,
            seen:
              others.length > 0
                ? `new ${others.join(', ')} namespaces`
                : `${processes.length} processes, no new namespace`,
          };
        },
      ),
    control: { weakness: 'mounts', without: 'seccomp list, capabilities dropped, a user of its own' },
  },
  {
    id: 'S4',
    title: 'sudo, su, every setuid program there is, a setuid copy of one’s own, file capabilities',
    expected: 'the uid stays; no capability',
    attack: (stage) =>
      stage.look(
        `for folder in /tmp /workspace/home; do
  cp /usr/bin/env $folder/env; chown root $folder/env; chmod 6755 $folder/env; setcap cap_sys_admin+ep $folder/env
  $folder/env sleep 60 &
done
for program in $(find / -xdev -type f '(' -perm -4000 -o -perm -2000 ')' 2>/dev/null); do $program sleep 60 & done
su -c 'sleep 60' & sleep 0.5`,
        async (live) => {
          const processes = await live.processes();
          const risen = processes.filter(
            ({ status }) => status.Uid?.split('\t')[1] === '0' || !/^0+$/.test(status.CapEff ?? ''),
          );
          const seen =
            risen.length > 0
              ? `${risen.length} processes are root`
              : `all ${processes.length} under their uid, CapEff 0`;
          return { through: risen.length > 0, seen };
        },
      ),
    control: { weakness: 'privileges', without: 'no-new-privileges; sudo in the image' },
  },
  {
    id: 'S5',
    title: 'mknod the host’s block devices and read them',
    expected: 'EPERM; not a byte of a disk',
    attack: async (stage) => {
      await using _loop = await withLoop(stage.folder, stage.word);
      return await stage.look(
        `cat > disks.py <<'END'
import glob, os, re, stat
loot = open('/workspace/home/loot', 'wb')
used = [int(re.search('[0-9]+', path)[0]) for path in glob.glob('/sys/block/loop*/loop')]
for folder in ['/dev', '/tmp', '/workspace/home', '/dev/shm']:
    for minor in used:
        node = f'{folder}/d{minor}'
        try:
            os.mknod(node, stat.S_IFBLK | 0o600, os.makedev(7, minor))
            with open(node, 'rb') as disk: loot.write(disk.read(4096))
            os.remove(node)
        except OSError: pass
END
python3 disks.py`,
        async (live) => {
          const file = await open(join(live.workspace, 'home/loot'), constants.O_RDONLY | constants.O_NOFOLLOW);
          const loot = await file.readFile('latin1').finally(() => file.close());
          const through = loot.includes(stage.word);
          return { through, seen: through ? 'read the host’s disk' : `${loot.length} bytes of any disk` };
        },
      );
    },
    control: { weakness: 'devices', without: 'seccomp list, CAP_MKNOD dropped, no device rule, a user of its own' },
  },
  {
    id: 'S6',
    title: 'write below /usr, /etc, /opt and into the runner',
    expected: 'read-only; the root stays as it was',
    attack: (stage) =>
      stage.look(
        `for path in /usr/local/bin/x /etc/x /opt/errand/x /x; do echo x > $path; done 2>/dev/null; echo '//' >> /opt/errand/runner.ts; true`,
        async (live) => {
          const changes = changesSchema.parse(await live.container.changes()) ?? [];
          const own = changes.map(({ Path }) => Path).filter((path) => /\/x$|runner\.ts$/.test(path));
          return {
            through: own.length > 0,
            seen: own.length > 0 ? `wrote ${own.join(', ')}` : 'no change in the root',
          };
        },
      ),
    control: { weakness: 'writable-root', without: 'read-only root, a user of its own' },
  },
  {
    id: 'S7',
    title: 'open sysrq-trigger, core_pattern, release_agent, cgroup.procs and /sys for writing',
    expected: 'none of them opens',
    attack: (stage) =>
      stage.look(
        // Opened and held, never written to: where it opens, the harm is one write away.
        `cat > kernel.py <<'END'
import glob, os
${pythonHold}
kept = []
for path in ['/proc/sysrq-trigger', '/proc/sys/kernel/core_pattern', '/proc/sys/kernel/modprobe', '/proc/sys/vm/panic_on_oom', '/sys/kernel/uevent_helper', '/proc/self/attr/current', *glob.glob('/sys/fs/cgroup/*/release_agent'), *glob.glob('/sys/fs/cgroup/*/cgroup.procs'), '/sys/fs/cgroup/cgroup.procs']:
    try: kept.append(os.open(path, os.O_WRONLY))
    except OSError: pass
hold()
END
python3 kernel.py`,
        async (live) => {
          const files = (await Promise.all((await live.processes()).map(({ pid }) => openFilesOf(pid)))).flat();
          const own = files.filter(({ path, writable }) => writable && /^\/(?:proc\/sys|sys\/)/.test(path));
          const names = [...new Set(own.map(({ path }) => path))];
          return {
            through: own.length > 0,
            seen: own.length > 0 ? `open for writing: ${names.slice(0, 2).join(', ')}` : 'none is open',
          };
        },
      ),
    control: { weakness: 'proc', without: 'masked and read-only paths, a user of its own' },
  },
];
