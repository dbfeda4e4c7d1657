/** What runs containers, as far as a version of it says something. */
export type Component = 'runc' | 'containerd' | 'engine';

export interface Hole {
  readonly name: string;
  /** What it lets somebody do, in a few words. */
  readonly what: string;
}

interface KnownHole extends Hole {
  readonly component: Component;
  /** The releases that closed it, one for each line that was still maintained. */
  readonly fixed: readonly string[];
  /** Versions of distributions that closed it without a new number. */
  readonly mended?: RegExp;
}

/**
 * Known ways out of a container or up in it. Left out is what Errand's settings shut whatever the version: bridges, name servers and ports
 * (CVE-2024-29018, CVE-2025-54410), images from strangers, plugins that authorise (CVE-2024-41110, CVE-2026-34040), AF_VSOCK and AF_ALG
 * (CVE-2026-31431).
 */
const holes: readonly KnownHole[] = [
  {
    component: 'runc',
    name: 'CVE-2024-21626',
    what: 'a leaked file handle leads to the host’s files',
    fixed: ['1.1.12'],
    mended: /^1\.1\.5\b.*\+deb12u|^1\.0\.0~rc93\b.*\+deb11u[3-9]/,
  },
  {
    component: 'runc',
    name: 'CVE-2024-45310',
    what: 'empty files can be made on the host',
    fixed: ['1.1.14', '1.2.0-rc.3'],
  },
  {
    component: 'runc',
    name: 'CVE-2025-31133, CVE-2025-52565, CVE-2025-52881',
    what: 'mounts over /proc and /dev can be led elsewhere while a container starts',
    fixed: ['1.2.8', '1.3.3', '1.4.0-rc.3'],
  },
  {
    component: 'runc',
    name: 'CVE-2026-41579',
    what: 'a container can reach out of itself while it is set up',
    fixed: ['1.3.6', '1.4.3', '1.5.0-rc.3'],
  },
  {
    component: 'containerd',
    name: 'CVE-2022-23648',
    what: 'an image can read the host’s files',
    fixed: ['1.4.13', '1.5.10', '1.6.1'],
  },
  {
    component: 'containerd',
    name: 'CVE-2023-25173',
    what: 'groups that a container should not have stay with it',
    fixed: ['1.5.18', '1.6.18'],
  },
  {
    component: 'containerd',
    name: 'CVE-2024-40635',
    what: 'a user number that is too large becomes root',
    fixed: ['1.6.38', '1.7.27', '2.0.4'],
    mended: /^1\.6\.20\b.*\+deb12u[2-9]/,
  },
  {
    component: 'containerd',
    name: 'CVE-2024-25621',
    what: 'other users of the host can read its folders',
    fixed: ['1.7.29', '2.0.7', '2.1.5'],
    mended: /^1\.6\.20\b.*\+deb12u[2-9]/,
  },
  {
    component: 'engine',
    name: 'CVE-2021-41091',
    what: 'other users of the host can run programs of containers',
    fixed: ['20.10.9'],
  },
  {
    component: 'engine',
    name: 'CVE-2022-24769',
    what: 'a container starts with capabilities to inherit',
    fixed: ['20.10.14'],
  },
  {
    component: 'engine',
    name: 'CVE-2022-36109',
    what: 'groups that a container should not have stay with it',
    fixed: ['20.10.18'],
  },
];

/** Which known holes this version of a component has by its number; distributions also mend without changing it. */
export function knownHoles(component: Component, version: string): readonly Hole[] {
  const own = parse(version);
  if (own === undefined) return [];
  return holes
    .filter((hole) => hole.component === component && hole.mended?.test(version) !== true && isOpen(own, hole.fixed))
    .map(({ name, what }) => ({ name, what }));
}

function isOpen(own: Version, fixed: readonly string[]): boolean {
  const fixes = fixed.map(parse).filter((each) => each !== undefined);
  const [first, second] = own;
  const mended = fixes.find((fix) => fix[0] === first && fix[1] === second);
  if (mended !== undefined) return compare(own, mended) < 0;
  // A line newer than all that were mended began after the fix.
  return !fixes.every((fix) => compare([first, second], [fix[0], fix[1]]) > 0);
}

type Version = readonly [major: number, minor: number, patch: number, candidate: number];

function compare(one: readonly number[], other: readonly number[]): number {
  const at = one.findIndex((part, index) => part !== other[index]);
  return at === -1 ? 0 : (one[at] ?? 0) - (other[at] ?? 0);
}

/** Major, minor, patch, and the release candidate's number, which is endless for a release. */
function parse(text: string): Version | undefined {
  const parts = /^v?(\d+)\.(\d+)\.(\d+)(?:[-~]rc\.?(\d+))?/.exec(text);
  if (parts === null) return undefined;
  const [, major, minor, patch, candidate] = parts;
  return [Number(major), Number(minor), Number(patch), candidate === undefined ? Infinity : Number(candidate)];
}
