/**
 * @typedef {{ kind: 'same' | 'added' | 'removed' | 'note', text: string, before: number | null, after: number | null }} Line
 * @typedef {{ words: string, lines: Line[] }} Hunk
 * @typedef {{ path: string, from: string | null, status: 'added' | 'removed' | 'renamed' | 'modified', binary: boolean, added: number, removed: number, hunks: Hunk[] }} File
 */

/**
 * Reads a unified diff as `git diff` writes it.
 * @param {string} text
 * @returns {File[]}
 */
export function parseDiff(text) {
  /** @type {File[]} */
  const files = [];
  /** @type {File | undefined} */
  let file;
  /** @type {Hunk | undefined} */
  let hunk;
  let before = 0;
  let after = 0;
  let leftBefore = 0;
  let leftAfter = 0;
  for (const line of text.split('\n')) {
    const inHunk = hunk !== undefined && (leftBefore > 0 || leftAfter > 0);
    if (!inHunk && line.startsWith('diff --git ')) {
      const names = /^diff --git "?a\/(.*?)"? "?b\/(.*?)"?$/.exec(line);
      file = {
        path: names?.[2] ?? line.slice(11),
        from: null,
        status: 'modified',
        binary: false,
        added: 0,
        removed: 0,
        hunks: [],
      };
      hunk = undefined;
      files.push(file);
    } else if (file === undefined) {
    } else if (inHunk && hunk !== undefined) {
      const sign = line.charAt(0);
      const rest = line.slice(1);
      if (sign === '+') {
        hunk.lines.push({ kind: 'added', text: rest, before: null, after: after++ });
        leftAfter -= 1;
        file.added += 1;
      } else if (sign === '-') {
        hunk.lines.push({ kind: 'removed', text: rest, before: before++, after: null });
        leftBefore -= 1;
        file.removed += 1;
      } else if (sign === '\\') {
        hunk.lines.push({ kind: 'note', text: rest.trim(), before: null, after: null });
      } else {
        hunk.lines.push({ kind: 'same', text: rest, before: before++, after: after++ });
        leftBefore -= 1;
        leftAfter -= 1;
      }
    } else if (line.startsWith('@@')) {
      const [, fromLine = '0', fromCount, toLine = '0', toCount, words = ''] =
        /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@ ?(.*)$/.exec(line) ?? [];
      before = Number(fromLine);
      after = Number(toLine);
      leftBefore = Number(fromCount ?? 1);
      leftAfter = Number(toCount ?? 1);
      hunk = { words, lines: [] };
      file.hunks.push(hunk);
    } else if (line.startsWith('\\') && hunk !== undefined) {
      hunk.lines.push({ kind: 'note', text: line.slice(1).trim(), before: null, after: null });
    } else if (line.startsWith('new file')) file.status = 'added';
    else if (line.startsWith('deleted file')) file.status = 'removed';
    else if (line.startsWith('rename from ')) {
      file.status = 'renamed';
      file.from = line.slice(12);
    } else if (line.startsWith('Binary files ') || line.startsWith('GIT binary patch')) file.binary = true;
  }
  return files;
}

/**
 * The words of a line, each with whether the other line lacks it. Empty where the two have too little in common to be compared.
 * @param {string} one @param {string} other
 * @returns {{ text: string, changed: boolean }[]}
 */
export function compareWords(one, other) {
  const mine = words(one);
  const theirs = words(other);
  if (mine.length * theirs.length > maxCompared) return [];
  // Longest common subsequence, from the end, so that it can be walked from the start.
  const common = Array.from({ length: mine.length + 1 }, () => new Uint16Array(theirs.length + 1));
  for (let i = mine.length - 1; i >= 0; i -= 1) {
    for (let j = theirs.length - 1; j >= 0; j -= 1) {
      common[i][j] = mine[i] === theirs[j] ? common[i + 1][j + 1] + 1 : Math.max(common[i + 1][j], common[i][j + 1]);
    }
  }
  if (common[0][0] * 3 < Math.max(mine.length, theirs.length)) return [];
  const out = [];
  let i = 0;
  let j = 0;
  while (i < mine.length) {
    const same = j < theirs.length && mine[i] === theirs[j];
    if (!same && j < theirs.length && common[i + 1][j] < common[i][j + 1]) {
      j += 1;
      continue;
    }
    const last = out.at(-1);
    if (last !== undefined && last.changed === !same) last.text += mine[i];
    else out.push({ text: mine[i], changed: !same });
    i += 1;
    if (same) j += 1;
  }
  return out;
}

const maxCompared = 90_000;
const words = (text) => text.match(/\w+|\s+|[^\w\s]/g) ?? [];
