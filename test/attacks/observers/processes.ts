import { readdir, readFile, readlink, stat } from 'node:fs/promises';

/** A process of a container, as the host's kernel has it; nothing inside can lie about it. */
export interface SeenProcess {
  /** As the host counts. */
  readonly pid: number;
  readonly command: string;
  /** `/proc/<pid>/status` by name. */
  readonly status: Readonly<Record<string, string>>;
}

/** A file that a process has open, by the host's `/proc`. */
export interface OpenFile {
  readonly pid: number;
  /** What the link says: a path inside, or `socket:[…]`, `anon_inode:bpf-map`. */
  readonly path: string;
  readonly writable: boolean;
  /** Device and inode on the host. */
  readonly is: string;
}

/** All processes in a container's control group, whatever namespaces they are in. */
export async function processesIn(containerId: string): Promise<readonly SeenProcess[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(
    pids.map(async (pid) => {
      const groups = await maybe(readFile(`/proc/${pid}/cgroup`, 'utf8'));
      if (groups?.includes(containerId) !== true) return undefined;
      const [command, status] = await Promise.all([
        maybe(readFile(`/proc/${pid}/cmdline`, 'utf8')),
        maybe(readFile(`/proc/${pid}/status`, 'utf8')),
      ]);
      if (status === undefined) return undefined;
      const fields = Object.fromEntries(
        Array.from(status.matchAll(/^(\w+):\t(.*)$/gm), ([, key, value]) => [key, value]),
      );
      return { pid, command: (command ?? '').split('\0').join(' ').trim(), status: fields };
    }),
  );
  return found.filter((process) => process !== undefined);
}

/** What a process has open; empty for one that is gone. */
export async function openFilesOf(pid: number): Promise<readonly OpenFile[]> {
  const names = (await maybe(readdir(`/proc/${pid}/fd`))) ?? [];
  const found = await Promise.all(
    names.map(async (fd) => {
      const at = `/proc/${pid}/fd/${fd}`;
      const [path, info, facts] = await Promise.all([
        maybe(readlink(at)),
        maybe(readFile(`/proc/${pid}/fdinfo/${fd}`, 'utf8')),
        maybe(stat(at)),
      ]);
      if (path === undefined || info === undefined) return undefined;
      const flags = Number.parseInt(/^flags:\s*(\d+)/m.exec(info)?.[1] ?? '0', 8);
      return { pid, path, writable: (flags & 3) !== 0, is: facts === undefined ? '' : `${facts.dev}:${facts.ino}` };
    }),
  );
  return found.filter((file) => file !== undefined);
}

/** The namespaces a process is in, by kind: `{ net: 'net:[4026532281]', … }`. */
export async function namespacesOf(pid: number): Promise<Readonly<Record<string, string>>> {
  const kinds = ['mnt', 'net', 'pid', 'user', 'uts', 'ipc', 'cgroup'];
  const links = await Promise.all(
    kinds.map(async (kind) => [kind, (await maybe(readlink(`/proc/${pid}/ns/${kind}`))) ?? ''] as const),
  );
  return Object.fromEntries(links);
}

/** Mount points that a process sees, with their type. */
export async function mountsOf(pid: number): Promise<readonly { at: string; type: string; options: string }[]> {
  const text = (await maybe(readFile(`/proc/${pid}/mounts`, 'utf8'))) ?? '';
  return text.split('\n').flatMap((line) => {
    const [, at, type, options] = line.split(' ');
    return at === undefined || type === undefined || options === undefined ? [] : [{ at, type, options }];
  });
}

/** Processes end while one looks: what is gone is undefined. */
async function maybe<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch {
    return undefined;
  }
}
