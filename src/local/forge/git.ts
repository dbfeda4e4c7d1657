import { execFile } from 'node:child_process';

/** No configuration of the host or of a stranger, no hook, no prompt, one fixed identity. */
export const gitEnvironment = {
  PATH: '/usr/local/bin:/usr/bin:/bin',
  HOME: '/nonexistent',
  LC_ALL: 'C',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_TERMINAL_PROMPT: '0',
  GIT_CONFIG_COUNT: '6',
  GIT_CONFIG_KEY_0: 'core.hooksPath',
  GIT_CONFIG_VALUE_0: '/dev/null',
  GIT_CONFIG_KEY_1: 'http.receivepack',
  GIT_CONFIG_VALUE_1: 'true',
  GIT_CONFIG_KEY_2: 'receive.fsckObjects',
  GIT_CONFIG_VALUE_2: 'true',
  GIT_CONFIG_KEY_3: 'gc.auto',
  GIT_CONFIG_VALUE_3: '0',
  GIT_CONFIG_KEY_4: 'receive.autogc',
  GIT_CONFIG_VALUE_4: 'false',
  GIT_CONFIG_KEY_5: 'uploadpack.allowReachableSHA1InWant',
  GIT_CONFIG_VALUE_5: 'true',
} as const;

export interface GitResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs git in one bare repository and settles whatever its exit code; `git` below throws instead. */
export function tryGit(
  repository: string,
  args: readonly string[],
  options: { input?: string | Buffer; env?: Readonly<Record<string, string>> } = {},
): Promise<GitResult> {
  const { promise, resolve, reject } = Promise.withResolvers<GitResult>();
  const child = execFile(
    'git',
    ['--git-dir', repository, ...args],
    { env: { ...gitEnvironment, ...options.env }, maxBuffer: 256 * 1024 * 1024, timeout: 60_000 },
    (error, stdout, stderr) => {
      if (error !== null && typeof error.code !== 'number') reject(error);
      else resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
    },
  );
  // A child that exits before it has read its input breaks the pipe; its exit code says why.
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(options.input ?? '');
  return promise;
}

/** Runs git and gives its trimmed output; throws with git's own words when it fails. */
export async function git(
  repository: string,
  args: readonly string[],
  options: { input?: string; env?: Readonly<Record<string, string>> } = {},
): Promise<string> {
  const result = await tryGit(repository, args, options);
  if (result.code !== 0) throw new Error(`git ${args[0]} exited with ${result.code}: ${result.stderr.trim()}`);
  return result.stdout.trim();
}

/** A branch's head, or undefined. */
export async function headOf(repository: string, branch: string): Promise<string | undefined> {
  const result = await tryGit(repository, ['rev-parse', '--verify', '--quiet', `refs/heads/${branch}^{commit}`]);
  return result.code === 0 ? result.stdout.trim() : undefined;
}

export interface Person {
  readonly name: string;
  readonly email: string;
}

/** Commits files onto a branch (null deletes one), making the branch or, with `from`, starting it there. Returns the commit. */
export async function commitFiles(
  repository: string,
  order: {
    branch: string;
    from?: string | undefined;
    files: Readonly<Record<string, string | null>>;
    message: string;
    by: Person;
    at: Date;
  },
): Promise<string> {
  const parent = (await headOf(repository, order.branch)) ?? order.from;
  const person = `${order.by.name} <${order.by.email}> ${Math.floor(order.at.getTime() / 1000)} +0000`;
  const parts = [
    `commit refs/heads/${order.branch}\n`,
    `author ${person}\ncommitter ${person}\n`,
    data(order.message),
    parent === undefined ? '' : `from ${parent}\n`,
    ...Object.entries(order.files).map(([path, content]) =>
      content === null ? `D ${quoted(path)}\n` : `M 100644 inline ${quoted(path)}\n${data(content)}`,
    ),
    '\n',
  ];
  await git(repository, ['fast-import', '--quiet', '--date-format=raw'], { input: parts.join('') });
  const head = await headOf(repository, order.branch);
  if (head === undefined) throw new Error(`fast-import made no ${order.branch}`);
  return head;
}

function data(text: string): string {
  return `data ${Buffer.byteLength(text)}\n${text}\n`;
}

function quoted(path: string): string {
  return `"${path.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}
