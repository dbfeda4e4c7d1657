import { execFile } from 'node:child_process';
import { constants } from 'node:os';
import { promisify } from 'node:util';
import { BadBundle } from './bundle.ts';
import { GitError, programPath, type TryGit } from './git.ts';
import type { Remote } from './remote.ts';

const run = promisify(execFile);

/** What reading an agent's objects may cost the host. */
export interface ReadLimits {
  /** Of all steps together. */
  readonly timeoutMs: number;
  /** Of the largest file that a step writes. */
  readonly fileBytes: number;
  /** Of address space; git maps packs, so this is far above what it uses. */
  readonly memoryBytes: number;
}

const unlimited = 125;
/** A limit that can't be set ends it before git begins. POSIX counts memory in KiB and files in blocks of 512 bytes. */
const script = `ulimit -c 0 && ulimit -v "$1" && ulimit -t "$2" && ulimit -f "$3" || exit ${unlimited}; shift 3; exec "$@"`;

/**
 * Git for what hostile ground wrote: each command a child with bounded memory, processor time and file size, without privileges to gain,
 * and without a network wherever the host lets us take it away. Throws `BadBundle` at a limit, and `GitError` where no limit can be set:
 * nothing is read without them.
 */
export function limited(git: TryGit, limits: ReadLimits): TryGit {
  const endAt = performance.now() + limits.timeoutMs;
  const seconds = Math.ceil(limits.timeoutMs / 1000);
  // Darwin has no limit on address space; the others hold there as well.
  const memory = process.platform === 'darwin' ? 'unlimited' : String(Math.floor(limits.memoryBytes / 1024));
  const numbers = [memory, String(seconds), String(Math.ceil(limits.fileBytes / 512))];
  const tooLong = () => new BadBundle(`reading it took over ${seconds} s`);
  return async (args, order) => {
    const left = endAt - performance.now();
    if (left <= 0) throw tooLong();
    const wrapper = [...(await confined()), 'sh', '-c', script, 'sh', ...numbers];
    const config = [['pack.threads', '1'] as const, ...(order.config ?? [])];
    const timeoutMs = Math.min(left, order.timeoutMs ?? left);
    const result = await git(args, { ...order, wrapper, config, timeoutMs }).catch((error: unknown) => {
      if (!(error instanceof GitError)) throw error;
      if (error.timedOut) throw tooLong();
      if (error.overflowed) throw new BadBundle('reading it gives more than Errand can look through');
      throw error;
    });
    if (result.code === unlimited) throw new GitError('The limits for reading an agent’s objects could not be set');
    if (result.code === ended('SIGXCPU')) throw tooLong();
    if (result.code === ended('SIGXFSZ')) throw new BadBundle(`it unpacks to more than ${limits.fileBytes} bytes`);
    if (result.code !== 0 && /out of memory|cannot allocate memory|mmap failed/i.test(result.stderr))
      throw new BadBundle(`reading it takes more than ${limits.memoryBytes} bytes of memory`);
    return result;
  };
}

/** A command that ends a fetch once it writes a file of more than the remote may bring. */
export function fetchLimit({ fetchBytes }: Pick<Remote, 'fetchBytes'>): readonly string[] {
  const blocks = fetchBytes === undefined ? 'unlimited' : String(Math.ceil(fetchBytes / 512));
  return ['sh', '-c', `ulimit -f "$1" || exit ${unlimited}; shift; exec "$@"`, 'sh', blocks];
}

function ended(signal: 'SIGXCPU' | 'SIGXFSZ'): number {
  return 128 + constants.signals[signal];
}

let known: Promise<readonly string[]> | undefined;

/** The strictest way to start a child that this host lets us; asked once. */
function confined(): Promise<readonly string[]> {
  known ??= findConfinement();
  return known;
}

/** As root by right, else in a user namespace, which some hosts forbid: git's own protocols are off there all the same. */
async function findConfinement(): Promise<readonly string[]> {
  const isRoot = process.getuid?.() === 0;
  const plain = ['setpriv', '--no-new-privs', ...(isRoot ? ['--bounding-set=-all', '--inh-caps=-all'] : [])];
  const unshare = ['unshare', ...(isRoot ? [] : ['--user', '--map-current-user']), '--net'];
  const ways = [[...unshare, ...plain], plain];
  for (const [file = '', ...args] of ways) {
    const works = await run(file, [...args, 'true'], { timeout: 10_000, env: { PATH: programPath } }).then(
      () => true,
      () => false,
    );
    if (works) return [file, ...args];
  }
  return [];
}
