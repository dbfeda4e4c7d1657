/** One changed path, as `git diff-tree --raw` tells it. */
export interface Change {
  readonly path: string;
  readonly oldMode: string;
  readonly newMode: string;
  /** The blob after the change; all zeros when deleted. */
  readonly blob: string;
}

/** Why a change can't be let in at all, whoever approves it; undefined for a fit one. */
export function refusalOf({ path, oldMode, newMode }: Change): string | undefined {
  const shown = JSON.stringify(path);
  if (oldMode === '160000' || newMode === '160000') return `changes the submodule ${shown}`;
  if (path.split('/').some((part) => part.toLowerCase() === '.gitmodules')) return `changes ${shown}`;
  if (/\p{Cc}/u.test(path)) return `makes a path with control characters, ${shown}`;
  if (path.split('/').some(looksLikeGit)) return `makes a path that poses as git's own, ${shown}`;
  if (newMode !== '000000' && !['100644', '100755', '120000'].includes(newMode))
    return `gives ${shown} mode ${newMode}`;
  return undefined;
}

/** `.git` as some file system would read it: by case, short name, stream, trailing dots, or characters that HFS+ ignores. */
function looksLikeGit(part: string): boolean {
  const plain = part
    .normalize('NFKC')
    .replace(/\p{Cf}/gu, '')
    .toLowerCase()
    .replace(/:.*$/, '')
    .replace(/[. ]+$/, '');
  return plain === '' || plain === '.git' || /^git~\d+$/.test(plain) || /\\(?:\.git|\.\.)(?:\\|$)|^\.git\\/.test(plain);
}

/** True for a link that leads out of the checkout or into git's own folder. */
export function linkEscapes(path: string, target: string): boolean {
  if (target.startsWith('/') || /^[a-z]:/i.test(target) || target.includes('\\') || target.includes('\0')) return true;
  let depth = path.split('/').length - 1;
  for (const part of target.split('/')) {
    if (!['', '.', '..'].includes(part) && looksLikeGit(part)) return true;
    if (part === '..') depth -= 1;
    else if (part !== '.' && part !== '') depth += 1;
    if (depth < 0) return true;
  }
  return false;
}

const lifecycle = [
  'preinstall',
  'install',
  'postinstall',
  'prepublish',
  'preprepare',
  'prepare',
  'postprepare',
  'dependencies',
];

/** True when a `package.json` gains or changes a script that runs by itself on install, or can't be compared. */
export function changesLifecycle(before: string | undefined, after: string | undefined): boolean {
  if (after === undefined) return false;
  const [old, now] = [scriptsOf(before ?? '{}'), scriptsOf(after)];
  if (old === undefined || now === undefined) return true;
  return lifecycle.some((name) => now[name] !== undefined && now[name] !== old[name]);
}

function scriptsOf(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const scripts = isRecord(value) ? value.scripts : undefined;
    return isRecord(scripts) ? scripts : {};
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
