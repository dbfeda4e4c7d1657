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
 * Where two neighbouring lines differ: the lengths of what they share at both ends.
 * @param {string} one @param {string} other
 */
export function sharedEnds(one, other) {
  const shorter = Math.min(one.length, other.length);
  let start = 0;
  while (start < shorter && one[start] === other[start]) start += 1;
  let end = 0;
  while (end < shorter - start && one[one.length - 1 - end] === other[other.length - 1 - end]) end += 1;
  return { start, end };
}
