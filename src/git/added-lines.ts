import { GitError, type GitOrder, type TryGit } from './git.ts';

export interface AddedLine {
  readonly path: string;
  /** Counted from 1 in the file as it is after the change. */
  readonly line: number;
  readonly text: string;
}

/**
 * Tells of every line that a change adds, files in git's order, also of files that are binary: nothing hides by a zero byte.
 * What git writes is read as it comes, so that memory does not grow with the change.
 */
export async function readAddedLines(
  git: TryGit,
  at: GitOrder,
  change: { from: string; to: string; maxBytes: number },
  tell: (line: AddedLine) => void,
): Promise<void> {
  const reader = createPatchReader(tell);
  const flags = ['-r', '-p', '-U0', '--text', '--no-renames', '--no-ext-diff', '--no-textconv', '--no-color'];
  const prefixes = ['--src-prefix=a/', '--dst-prefix=b/'];
  const config = [['core.quotePath', 'false'] as const];
  const order = { ...at, config, maxOutputBytes: change.maxBytes, sink: reader.take };
  const { code, stderr } = await git(['diff-tree', ...flags, ...prefixes, change.from, change.to], order);
  if (code !== 0) throw new GitError(`git diff-tree ended with ${code}: ${stderr.slice(0, 300)}`, { stderr });
  reader.end();
}

/** Reads a patch in pieces. A hunk's own counts say where it ends: a line of a file may look like a header. */
export function createPatchReader(tell: (line: AddedLine) => void): { take(chunk: Buffer): void; end(): void } {
  /** The pieces of a line whose end has not come yet. */
  const begun: Buffer[] = [];
  let path = '';
  let number = 0;
  let removed = 0;
  let added = 0;
  const read = (bytes: Buffer): void => {
    const first = bytes[0];
    if (added > 0 && first === plus) {
      tell({ path, line: number, text: bytes.toString('utf8', 1) });
      added -= 1;
      number += 1;
    } else if (removed > 0 && first === minus) removed -= 1;
    else if (first === backslash) return;
    else header(bytes.toString('utf8'));
  };
  const header = (text: string): void => {
    const hunk = /^@@ -\d+(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/.exec(text);
    if (hunk !== null) {
      removed = Number(hunk[1] ?? 1);
      number = Number(hunk[2]);
      added = Number(hunk[3] ?? 1);
    } else if (text.startsWith('+++ ')) path = pathOf(text.slice(4));
  };
  return {
    take(chunk) {
      let at = 0;
      for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, at)) {
        read(Buffer.concat([...begun.splice(0), chunk.subarray(at, end)]));
        at = end + 1;
      }
      if (at < chunk.length) begun.push(chunk.subarray(at));
    },
    end() {
      if (begun.length > 0) read(Buffer.concat(begun.splice(0)));
    },
  };
}

const newline = 0x0a;
const plus = 0x2b;
const minus = 0x2d;
const backslash = 0x5c;

/** Git quotes a path with quotes, backslashes or control characters as C does, and ends one with spaces by a tab. */
function pathOf(written: string): string {
  const quoted = /^"(.*)"$/.exec(written)?.[1];
  const plain = quoted === undefined ? written.replace(/\t$/, '') : quoted.replaceAll(/\\(["\\])/g, '$1');
  return plain.replace(/^b\//, '');
}
