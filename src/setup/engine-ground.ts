import { existsSync, mkdirSync, readFileSync, statfsSync } from 'node:fs';
import { truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Journal } from './journal.ts';
import type { Places } from './places.ts';

const overlay = 0x794c7630;
const ordinary = '/var/lib/docker';

/**
 * A folder that Docker's overlay driver can work in. Inside a container the root is an overlay itself, on which Docker
 * falls back to copying every layer whole; a file with an ext4 of its own serves there.
 */
export async function dataRoot(places: Places, journal: Journal): Promise<string> {
  if (!onOverlay(ordinary)) return ordinary;
  const own = join(places.dataDir, 'docker');
  mkdirSync(own, { recursive: true });
  if (!onOverlay(own)) return own;
  const disk = `${own}.ext4`;
  try {
    if (!existsSync(disk)) {
      await writeFile(disk, '', { mode: 0o600 });
      await truncate(disk, 64 * 1024 ** 3);
      await journal.run('mkfs.ext4', ['-q', '-F', disk]);
    }
    await journal.run('mount', ['-o', 'loop', disk, own]);
  } catch (error) {
    journal.note(`No disk of its own for the engine, so its images will be slow: ${error}`);
  }
  return own;
}

function onOverlay(folder: string): boolean {
  const existing = existsSync(folder) ? folder : dirname(folder);
  return existsSync(existing) ? statfsSync(existing).type === overlay : onOverlay(existing);
}

/** A bare root (chroot, container) may have no control groups mounted, and Docker starts no container without them. */
export async function mountControlGroups(journal: Journal): Promise<void> {
  const mounts = readFileSync('/proc/mounts', 'utf8');
  if (/ \/sys\/fs\/cgroup(\/\S+)? cgroup2? /.test(mounts)) return;
  const enabled = readFileSync('/proc/cgroups', 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split('\t'));
  if (enabled.every(([, hierarchy]) => hierarchy === '0')) {
    await journal.run('mount', ['-t', 'cgroup2', 'cgroup2', '/sys/fs/cgroup']);
    return;
  }
  await journal.run('mount', ['-t', 'tmpfs', '-o', 'mode=755', 'cgroup', '/sys/fs/cgroup']);
  for (const [name = '', , , on] of enabled) {
    if (on !== '1') continue;
    const dir = join('/sys/fs/cgroup', name);
    mkdirSync(dir);
    await journal.run('mount', ['-t', 'cgroup', '-o', name, 'cgroup', dir]);
  }
}
