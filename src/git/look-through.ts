import { createSecretFinder, type SecretFinder } from '../task/secrets.ts';
import type { SecretFinding, SensitivePath } from '../task/task.ts';
import { readAddedLines } from './added-lines.ts';
import type { GitOrder, TryGit } from './git.ts';
import { isLockFile, otherWhys } from './sensitive.ts';

/** More findings than these are counted and not listed. */
const maxFindings = 100;

/** Where hashes are what a file is made of: only secrets with a form of their own count. */
const fullOfHashes =
  /\.(?:map|min\.[cm]?js|min\.css|svg|snap|sum|sha\d*|asc|sig|ipynb|har|pdf|png|jpe?g|gif|webp|ico|woff2?|ttf|otf|zip|gz)$/i;

/** Marks that turn the direction of text, and letters that nobody sees. */
const hidden = /[\u202a-\u202e\u2066-\u2069\u{e0001}-\u{e007f}]/u;
const hostInUrl = /\bhttps?:\/\/(?:[^\s/@"']*@)?([a-z0-9.-]+)/gi;

export interface SecretsFound {
  readonly findings: readonly SecretFinding[];
  readonly count: number;
  /** A secret of Errand's own: where. */
  readonly own: SecretFinding | null;
}

/** Looks through what a change adds for secrets; says where and of which kind, never the value. */
export async function findSecretsAdded(
  git: TryGit,
  at: GitOrder,
  change: { from: string; to: string; maxBytes: number },
  options: { ignore: readonly string[]; isOwn: (text: string) => boolean },
): Promise<SecretsFound> {
  const findings: SecretFinding[] = [];
  let count = 0;
  let own: SecretFinding | null = null;
  let file: { path: string; finder: SecretFinder; ignored: boolean } | undefined;
  await readAddedLines(git, at, change, ({ path, line, text }) => {
    if (file?.path !== path) {
      const quiet = isLockFile(path) || fullOfHashes.test(path);
      file = { path, finder: createSecretFinder({ quiet }), ignored: isIgnored(path, options.ignore) };
    }
    if (own === null && options.isOwn(text)) own = { path, line, kind: 'a secret of Errand’s own' };
    if (file.ignored) return;
    for (const kind of file.finder.line(text)) {
      count += 1;
      if (findings.length < maxFindings) findings.push({ path, line, kind });
    }
  });
  return { findings, count, own };
}

/** A file by its path, or all that is below a folder, written with a slash at its end. */
export function isIgnored(path: string, ignore: readonly string[]): boolean {
  return ignore.some((each) => (each.endsWith('/') ? path.startsWith(each) : path === each));
}

/** What a reviewer should know of the lines that a change adds, where its paths alone don't say it. */
export async function findSensitiveLines(
  git: TryGit,
  at: GitOrder,
  change: { from: string; to: string; maxBytes: number },
  textBefore: (path: string) => Promise<string>,
): Promise<readonly SensitivePath[]> {
  const readsOtherwise = new Set<string>();
  const hosts = new Map<string, Set<string>>();
  await readAddedLines(git, at, change, ({ path, text }) => {
    if (hidden.test(text) && !text.includes('\0')) readsOtherwise.add(path);
    if (!isLockFile(path)) return;
    for (const host of hostsIn(text)) hosts.set(path, (hosts.get(path) ?? new Set()).add(host));
  });
  const found: SensitivePath[] = [...readsOtherwise].map((path) => ({ path, why: otherWhys.hidden }));
  for (const [path, added] of hosts) {
    const before = new Set(hostsIn(await textBefore(path)));
    // A new lock file has all its hosts for the first time.
    if (before.size > 0 && [...added].some((host) => !before.has(host))) found.push({ path, why: otherWhys.lockHost });
  }
  return found;
}

function hostsIn(text: string): readonly string[] {
  return Array.from(text.matchAll(hostInUrl), ([, host = '']) => host.toLowerCase());
}
