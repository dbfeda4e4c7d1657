/** Known ways out of a container, and the releases that closed them, one for each line that was still maintained. */
const holes: readonly { readonly name: string; readonly fixed: readonly string[]; readonly mended?: RegExp }[] = [
  // Debian 12 mended it in its 1.1.5.
  { name: 'CVE-2024-21626', fixed: ['1.1.12'], mended: /^1\.1\.5\b.*\+deb12u/ },
  { name: 'CVE-2025-31133, CVE-2025-52565, CVE-2025-52881', fixed: ['1.2.8', '1.3.3', '1.4.0-rc.3'] },
  { name: 'CVE-2026-41579', fixed: ['1.3.6', '1.4.3', '1.5.0-rc.3'] },
];

/** Which known holes this version of runc has by its number; distributions also mend without changing it. */
export function runcHoles(version: string): readonly string[] {
  const own = parse(version);
  if (own === undefined) return [];
  const open = holes.filter(({ fixed, mended: byDistribution }) => {
    if (byDistribution?.test(version)) return false;
    const fixes = fixed.map(parse).filter((each) => each !== undefined);
    const [first, second] = own;
    const mended = fixes.find((fix) => fix[0] === first && fix[1] === second);
    if (mended !== undefined) return compare(own, mended) < 0;
    // A line newer than all that were mended began after the fix.
    return !fixes.every((fix) => compare([first, second], [fix[0], fix[1]]) > 0);
  });
  return open.map(({ name }) => name);
}

type Version = readonly [major: number, minor: number, patch: number, candidate: number];

function compare(one: readonly number[], other: readonly number[]): number {
  const at = one.findIndex((part, index) => part !== other[index]);
  return at === -1 ? 0 : (one[at] ?? 0) - (other[at] ?? 0);
}

/** Major, minor, patch, and the release candidate's number, which is endless for a release. */
function parse(text: string): Version | undefined {
  const parts = /^v?(\d+)\.(\d+)\.(\d+)(?:-rc\.?(\d+))?/.exec(text);
  if (parts === null) return undefined;
  const [, major, minor, patch, candidate] = parts;
  return [Number(major), Number(minor), Number(patch), candidate === undefined ? Infinity : Number(candidate)];
}
