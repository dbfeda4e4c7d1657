import type { SensitivePath } from '../task/task.ts';
import type { GitOrder, TryGit } from './git.ts';
import { findSensitiveLines } from './look-through.ts';
import { type Change, changesLifecycle, linkEscapes } from './path-policy.ts';
import { otherWhys, sensitiveKinds, whySensitive } from './sensitive.ts';

const maxTextBytes = 8 * 1024 * 1024;

/** What a reviewer looks at first in a change, each path once with its gravest reason, the gravest reasons first. */
export async function findSensitive(
  git: TryGit,
  at: GitOrder,
  change: { from: string; to: string; changes: readonly Change[]; maxBytes: number },
): Promise<readonly SensitivePath[]> {
  const { from, changes } = change;
  const textOf = async (object: string) => {
    const order = { ...at, maxOutputBytes: maxTextBytes };
    const { code, stdout } = await git(['cat-file', 'blob', object], order);
    return code === 0 ? stdout : undefined;
  };
  const found: SensitivePath[] = [];
  for (const each of changes) {
    const { path, oldMode, newMode, blob } = each;
    const tell = (why: string) => found.push({ path, why });
    if (newMode === '120000' && linkEscapes(path, (await textOf(blob)) ?? '/')) tell(otherWhys.link);
    if (/(?:^|\/)package\.json$/i.test(path) && newMode !== '000000') {
      if (changesLifecycle(await textOf(`${from}:${path}`), await textOf(blob))) tell(otherWhys.lifecycle);
    }
    if (newMode === '100755' && oldMode !== '100755') tell(otherWhys.program);
    const why = whySensitive(path);
    if (why !== undefined) tell(why);
  }
  const lines = await findSensitiveLines(git, at, change, async (path) => (await textOf(`${from}:${path}`)) ?? '');
  return gravestOfEach([...found, ...lines]);
}

const gravity: readonly string[] = [
  otherWhys.link,
  otherWhys.hidden,
  ...sensitiveKinds.slice(0, -2).map(({ why }) => why),
  otherWhys.lockHost,
  ...sensitiveKinds.slice(-2).map(({ why }) => why),
  otherWhys.program,
];

function gravestOfEach(found: readonly SensitivePath[]): readonly SensitivePath[] {
  const sorted = found.toSorted(
    (one, other) => gravity.indexOf(one.why) - gravity.indexOf(other.why) || (one.path < other.path ? -1 : 1),
  );
  const seen = new Set<string>();
  return sorted.filter(({ path }) => !seen.has(path) && seen.add(path));
}
