import { execFile } from 'node:child_process';
import { chmodSync, chownSync, lstatSync, readFileSync, realpathSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { which } from './debian.ts';
import type { Places } from './places.ts';
import { type User, type Users, usersOf } from './users.ts';
import { viewOf } from './view.ts';

const run = promisify(execFile);
const project = resolve(import.meta.dirname, '../..');

/** Whether each process of this Errand can have a user of its own, and how one is started as such. */
export type Apart =
  | { readonly type: 'apart'; readonly users: Users; readonly command: (user: User, options?: Rights) => Command }
  /** All run as whoever started Errand; `ownGateways` where gateways can change their user by themselves all the same. */
  | { readonly type: 'together'; readonly why: string; readonly next: string; readonly ownGateways: boolean };

export interface Rights {
  /** Whether it may listen on a port below 1024. */
  readonly lowPorts?: boolean;
}

/** What stands before the program's own name and arguments. */
export type Command = readonly string[];

/**
 * Tries whether processes can be told apart by user here, by doing it once: it takes root, setpriv (util-linux), and program and data
 * that other users can get to. A clone in root's own home, where nobody else may enter, is shown to them alone in a view of the file
 * system. Changes nothing but the data folder, which it lets Errand's own group pass.
 */
export async function tellApart(places: Places): Promise<Apart> {
  const ownGateways = mayChangeUser();
  const together = (why: string, next: string): Apart => ({ type: 'together', why, next, ownGateways });
  if (process.getuid?.() !== 0)
    return together('Errand was not started as root', 'Start it as root to keep them apart.');
  const setpriv = which('setpriv');
  if (setpriv === undefined) return together('this machine has no setpriv', 'Install util-linux, then start again.');
  const users = usersOf(places.instance);
  letThrough(places.dataDir, users.all);
  const needed = [project, realpathSync(join(project, 'node_modules')), process.execPath, places.dataDir];
  const inside = ['src/main.ts', 'manifest.yml', 'node_modules/pino/package.json'].map((file) => join(project, file));
  const read = [...inside, process.execPath, join(places.dataDir, 'instance')];
  let found = '';
  for (const view of [[], viewOf(needed, places.viewDir)]) {
    if (view === null) continue;
    const command = (user: User, { lowPorts = false }: Rights = {}): Command => [
      ...view,
      setpriv,
      ...flags(user, lowPorts),
    ];
    const [program = '', ...args] = command(users.bot);
    const script = 'for file; do test -r "$file" || { echo "$file"; exit 9; }; done';
    try {
      await run(program, [...args, 'sh', '-c', script, 'sh', ...read], { cwd: '/' });
      return { type: 'apart', users, command };
    } catch (error) {
      found = wordsOf(error);
    }
  }
  if (isAbsolute(found)) {
    const next = 'Clone it where others may read (umask 022), such as /opt/errand, then start again.';
    return together(`only root can read ${found}`, next);
  }
  return together(
    `this machine refused it: ${found}`,
    'See what it lacks, or run bot and worker on machines of their own.',
  );
}

function flags({ uid, gid, groups }: User, lowPorts: boolean): string[] {
  const port = ['--inh-caps=+net_bind_service', '--ambient-caps=+net_bind_service'];
  return [
    `--reuid=${uid}`,
    `--regid=${gid}`,
    `--groups=${groups.join(',')}`,
    '--no-new-privs',
    ...(lowPorts ? port : []),
    '--',
  ];
}

/** A data folder that is root's alone is opened to Errand's group, to pass and not to list; each learns the instance's name there. */
function letThrough(dataDir: string, group: number): void {
  chmodSync(join(dataDir, 'instance'), 0o644);
  const { mode, gid } = lstatSync(dataDir);
  if ((mode & 0o001) !== 0 || (gid === group && (mode & 0o010) !== 0)) return;
  chownSync(dataDir, -1, group);
  chmodSync(dataDir, (mode & 0o7700) | 0o010);
}

const changing = { setgid: 6, setuid: 7, chown: 0 };

/** Whether a process of ours may become another user; root can lack what that takes, in a container say. */
export function mayChangeUser(): boolean {
  if (process.getuid?.() !== 0 || process.platform !== 'linux') return false;
  const effective = BigInt(
    `0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0'}`,
  );
  const isWide = ['uid_map', 'gid_map'].every(
    (map) => Number(readFileSync(`/proc/self/${map}`, 'utf8').trim().split(/\s+/)[2]) >= 65_536,
  );
  return isWide && Object.values(changing).every((bit) => (effective >> BigInt(bit)) & 1n);
}

function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
  return (stdout.trim() || stderr.trim().split('\n').at(-1) || error.message).slice(0, 200);
}
