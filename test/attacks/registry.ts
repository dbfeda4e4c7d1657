import { globSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Attack, type AttackId, attackIds } from './attack.ts';

/**
 * All cases that are written, in the order of the table. A case is an element of an `attacks` that a file `<group>/<name>.attacks.ts`
 * exports. Throws on an id that there is not, or twice.
 */
export async function readAttacks(): Promise<readonly Attack[]> {
  const files = globSync('*/*.attacks.ts', { cwd: import.meta.dirname }).toSorted();
  const modules = await Promise.all(
    files.map(
      (file): Promise<{ attacks: readonly Attack[] }> => import(pathToFileURL(join(import.meta.dirname, file)).href),
    ),
  );
  const found = new Map<AttackId, Attack>();
  for (const attack of modules.flatMap(({ attacks }) => attacks)) {
    if (found.has(attack.id)) throw new Error(`There are two cases ${attack.id}`);
    if (!attackIds.includes(attack.id)) throw new Error(`There is no attack ${attack.id} in the safety case`);
    found.set(attack.id, attack);
  }
  return attackIds.flatMap((id) => found.get(id) ?? []);
}

/** The cases that are meant: by id (`S2`), by group (`S`), `representatives`, or all. Throws on a word that means none. */
export function chosen(attacks: readonly Attack[], words: readonly string[]): readonly Attack[] {
  if (words.length === 0) return attacks;
  const tests = words.map((word) => {
    const means = ({ id, representative }: Attack) =>
      word === 'representatives' ? representative === true : [id, id.charAt(0)].includes(word.toUpperCase());
    if (!attacks.some(means)) throw new Error(`No case is meant by ${word}: name ids such as S2, groups such as S`);
    return means;
  });
  return attacks.filter((attack) => tests.some((means) => means(attack)));
}
