import { expect, test } from 'vitest';
import { type AddedLine, createPatchReader } from '../../src/git/added-lines.ts';

const patch = `diff --git a/a.txt b/a.txt
index 1..2 100644
--- a/a.txt
+++ b/a.txt
@@ -1 +1,2 @@
-old
+++ b/looks/like/a.header
+@@ -1 +1 @@
@@ -10,0 +12 @@ function x() {
+more
\\ No newline at end of file
diff --git "a/quo\\"te" "b/quo\\"te"
new file mode 100644
index 0..3
--- /dev/null
+++ "b/quo\\"te"
@@ -0,0 +1 @@
+first
diff --git a/with space b/with space
--- /dev/null
+++ b/with space\t
@@ -0,0 +1 @@
+s
`;

const lines = [
  { path: 'a.txt', line: 1, text: '++ b/looks/like/a.header' },
  { path: 'a.txt', line: 2, text: '@@ -1 +1 @@' },
  { path: 'a.txt', line: 12, text: 'more' },
  { path: 'quo"te', line: 1, text: 'first' },
  { path: 'with space', line: 1, text: 's' },
];

test.each([1, 2, 7, 1_000])('added lines are told by file and number, in pieces of %i bytes alike', (size) => {
  const told: AddedLine[] = [];
  const reader = createPatchReader((line) => told.push(line));
  const bytes = Buffer.from(patch);
  for (let at = 0; at < bytes.length; at += size) reader.take(bytes.subarray(at, at + size));
  reader.end();
  expect(told).toEqual(lines);
});
