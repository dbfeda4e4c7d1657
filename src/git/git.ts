import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import type { Readable } from 'node:stream';

/** What a person or an app shows GitHub; asked for before each call, so that short-lived tokens stay fresh. */
export interface Credentials {
  readonly username: string;
  readonly token: string;
}

export interface GitOrder {
  /** The bare repository to work in. */
  readonly gitDir?: string;
  readonly input?: Readable | string;
  readonly env?: Readonly<Record<string, string>>;
  /** Settings beside ours. */
  readonly config?: readonly (readonly [string, string])[];
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number;
  readonly maxOutputBytes?: number;
  /** Set for commands that speak to the remote; nothing else sees the token or a proxy. */
  readonly credentials?: Credentials;
  /** A command that git is run by, such as one that limits it. */
  readonly wrapper?: readonly string[];
  /** Gets the output piece by piece, which is then not collected. */
  readonly sink?: (chunk: Buffer) => void;
}

export interface GitResult {
  /** As a shell counts: 128 and the signal's number where one ended it. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Git ended otherwise than the caller can use; `stderr` has its words, `timedOut` and `overflowed` say why we ended it. */
export class GitError extends Error {
  override readonly name = 'GitError';
  readonly stderr: string;
  readonly timedOut: boolean;
  readonly overflowed: boolean;

  constructor(
    message: string,
    options: { stderr?: string; timedOut?: boolean; overflowed?: boolean; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.stderr = options.stderr ?? '';
    this.timedOut = options.timedOut ?? false;
    this.overflowed = options.overflowed ?? false;
  }
}

/** Runs git and settles with whatever exit code it had; rejects where it could not run, took too long or said too much. */
export type TryGit = (args: readonly string[], order: GitOrder) => Promise<GitResult>;

/** Where programs are looked for, whatever this process was started with. */
export const programPath = '/usr/local/bin:/usr/bin:/bin:/opt/homebrew/bin';

const hardening: readonly (readonly [string, string])[] = [
  ['core.hooksPath', '/dev/null'],
  ['core.fsmonitor', 'false'],
  ['core.attributesFile', '/dev/null'],
  ['core.askPass', ''],
  ['credential.helper', ''],
  ['gc.auto', '0'],
  ['maintenance.auto', 'false'],
  ['submodule.recurse', 'false'],
  ['http.followRedirects', 'false'],
  ['http.lowSpeedLimit', '1000'],
  ['http.lowSpeedTime', '60'],
  ['protocol.allow', 'never'],
  // Bounds memory: mapped windows, and blobs above this size are streamed and count as binary.
  ['core.packedGitWindowSize', '32m'],
  ['core.packedGitLimit', '256m'],
  ['core.bigFileThreshold', '16m'],
];

/**
 * Makes the one way git is run on the host: an environment of our own, no configuration but ours, no hook, no prompt, only the remote's
 * protocol. Secrets go in through the environment, never through arguments or files. simple-git refuses these settings.
 */
export function createGit(options: {
  readonly remoteUrl: string;
  /** Variables for commands that speak to the remote: proxies and the host's certificates. */
  readonly outboundEnv: Readonly<Record<string, string>>;
}): TryGit {
  const protocol = new URL(options.remoteUrl).protocol.slice(0, -1);
  return (args, order) => {
    const config = [...hardening, [`protocol.${protocol}.allow`, 'always'] as const, ...(order.config ?? [])];
    const { credentials } = order;
    if (credentials !== undefined) {
      const basic = Buffer.from(`${credentials.username}:${credentials.token}`).toString('base64');
      config.push([`http.${options.remoteUrl}.extraHeader`, `Authorization: Basic ${basic}`]);
    }
    const env = {
      PATH: programPath,
      HOME: '/nonexistent',
      LC_ALL: 'C',
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_ATTR_NOSYSTEM: '1',
      GIT_TERMINAL_PROMPT: '0',
      GIT_OPTIONAL_LOCKS: '0',
      GIT_CONFIG_COUNT: String(config.length),
      ...Object.fromEntries(config.flatMap(([key, value], n) => [pair('KEY', n, key), pair('VALUE', n, value)])),
      ...(credentials === undefined ? {} : options.outboundEnv),
      ...order.env,
    };
    return run(args[0] ?? '', [...(order.wrapper ?? []), 'git', ...directory(order.gitDir), ...args], env, order);
  };
}

function pair(kind: string, n: number, value: string): [string, string] {
  return [`GIT_CONFIG_${kind}_${n}`, value];
}

function directory(gitDir: string | undefined): readonly string[] {
  return gitDir === undefined ? [] : ['--git-dir', gitDir];
}

async function run(
  verb: string,
  command: readonly string[],
  env: Record<string, string>,
  order: GitOrder,
): Promise<GitResult> {
  const [file = 'git', ...args] = command;
  const { signal, timeoutMs = 60_000, maxOutputBytes = 64 * 1024 * 1024, input = '' } = order;
  signal?.throwIfAborted();
  // A group of its own, so that ending git ends its transport children too.
  const child = spawn(file, args, { env, cwd: '/', detached: true });
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  let reason: GitError | undefined;
  const end = (error: GitError) => {
    reason ??= error;
    if (child.pid !== undefined) killGroup(child.pid);
  };
  const timer = setTimeout(
    () => end(new GitError(`git ${verb} took over ${timeoutMs} ms`, { timedOut: true })),
    timeoutMs,
  );
  const aborted = () => end(new GitError(`git ${verb} was stopped`));
  signal?.addEventListener('abort', aborted);
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  let outBytes = 0;
  child.stdout.on('data', (chunk: Buffer) => {
    outBytes += chunk.length;
    if (outBytes > maxOutputBytes)
      end(new GitError(`git ${verb} wrote over ${maxOutputBytes} bytes`, { overflowed: true }));
    else if (order.sink === undefined) out.push(chunk);
    else order.sink(chunk);
  });
  child.stderr.on('data', (chunk: Buffer) => {
    if (err.reduce((sum, each) => sum + each.length, 0) < 64 * 1024) err.push(chunk);
  });
  child.on('error', reject).on('close', (code, signal) => resolve(code ?? signalled(signal)));
  // Git may stop reading early; its exit code says why.
  child.stdin.on('error', () => undefined);
  if (typeof input === 'string') child.stdin.end(input);
  else {
    input.on('error', (cause) => end(new GitError(`The input of git ${verb} broke off`, { cause })));
    input.pipe(child.stdin);
  }
  try {
    const code = await promise;
    signal?.throwIfAborted();
    if (reason !== undefined) throw reason;
    return { code, stdout: Buffer.concat(out).toString('utf8'), stderr: Buffer.concat(err).toString('utf8') };
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', aborted);
  }
}

function signalled(signal: NodeJS.Signals | null): number {
  return signal === null ? -1 : 128 + constants.signals[signal];
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

/** Runs git where only success is of use: its trimmed output, or a `GitError` with git's words. */
export async function must(git: TryGit, args: readonly string[], order: GitOrder): Promise<string> {
  const { code, stdout, stderr } = await git(args, order);
  if (code !== 0) throw new GitError(`git ${args[0]} ended with ${code}: ${stderr.trim().slice(0, 500)}`, { stderr });
  return stdout.trim();
}
