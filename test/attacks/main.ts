import { join } from 'node:path';
import { openArena } from './arena.ts';
import { type Attack, attackIds } from './attack.ts';
import { keep, readLastRun } from './last-run.ts';
import { isApart, runApart } from './netns.ts';
import { writeRegion } from './region.ts';
import { chosen, readAttacks } from './registry.ts';
import { type Result, resultOf, statusOf } from './result.ts';
import { project } from './support.ts';
import { render, renderLine } from './table.ts';
import { playWorks } from './usability/play.ts';
import { renderWork, renderWorks, writeWorks } from './usability/report.ts';

const usage = `npm run attacks [-- <id or group> …]

Plays the attacks of the safety case, each against the real Errand and against one that lacks the protection it is about,
and prints a table of what was expected and what was seen. All of them also write the table in docs/security.md.

  npm run attacks                 all 115
  npm run attacks -- S            a group
  npm run attacks -- S2 N4        some
  npm run attacks -- representatives   those that npm test runs
  npm run attacks -- again        those that have not passed when they were last played here; writes the table, too
  npm run attacks -- usability    ordinary work through the same sandbox, which all of them play at the end

Ends with 0 when none got through, each control broke through or showed why this kernel can't, and none is missing.
Needs root (for a network namespace of its own), Docker, Redis and git, as npm test does.
`;

/** How many cases are played at once; each is two tasks. */
const abreast = 3;
const inside = '--inside';
const usability = 'usability';
const page = join(project, 'docs/security.md');

/** Plays cases side by side, those that need the machine alone at the end. `told` hears of each as it ends. */
async function play(attacks: readonly Attack[], told: (result: Result) => void): Promise<readonly Result[]> {
  const over = stopped();
  over.catch(() => undefined);
  await using arena = await openArena(attacks);
  const results: Result[] = [];
  const played: Attack[] = [];
  const lanes = async (cases: readonly Attack[], count: number) => {
    const next = cases.values();
    const lane = async () => {
      for (const attack of next) {
        const result = await resultOf(arena, attack);
        results.push(result);
        told(result);
        played.push(attack);
        await arena.tidy(played);
      }
    };
    await Promise.all(Array.from({ length: count }, lane));
  };
  const all = async () => {
    await lanes(
      attacks.filter(({ alone }) => alone !== true),
      abreast,
    );
    await lanes(
      attacks.filter(({ alone }) => alone === true),
      1,
    );
  };
  // Whoever ends the run early finds nothing of it on their machine.
  await Promise.race([all(), over]);
  return attacks.flatMap(({ id }) => results.find((result) => result.id === id) ?? []);
}

/** Rejects when the run is to end before it is through. */
function stopped(): Promise<never> {
  return new Promise((_, reject) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => reject(new Error('Ended before all attacks were played.')));
    }
  });
}

async function main(words: readonly string[]): Promise<number> {
  if (!(await isApart())) throw new Error('The attacks are only played in a network namespace of their own');
  const others = words.filter((word) => word !== usability);
  const attacked = others.length > 0 || words.length === 0 ? await attack(others) : 0;
  const worked = words.length === 0 || words.includes(usability) ? await work() : 0;
  return Math.max(attacked, worked);
}

/** Ordinary work, to its exit code. */
async function work(): Promise<number> {
  const results = await playWorks((result) => process.stderr.write(`${renderWork(result)}\n`));
  process.stdout.write(`\n${renderWorks(results)}\n`);
  await writeWorks(page, results);
  return results.some(({ missing }) => missing.length > 0) ? 1 : 0;
}

/** The attacks that these words mean, to their exit code. */
async function attack(words: readonly string[]): Promise<number> {
  const began = performance.now();
  const all = await readAttacks();
  const again = words.includes('again');
  const before = readLastRun();
  const passed = (id: string) => before.some((result) => result.id === id && statusOf(result) !== 'failed');
  const attacks = again ? all.filter(({ id }) => !passed(id)) : chosen(all, words);
  const results = await play(attacks, (result) => {
    process.stderr.write(`${renderLine(result)}\n`);
    process.send?.(result);
    keep([result]);
  });
  const kept = keep([]);
  const whole = again || words.length === 0;
  const shown = whole ? kept.filter(({ id }) => all.some((attack) => attack.id === id)) : results;
  const missing = whole ? attackIds.filter((id) => !shown.some((result) => result.id === id)) : [];
  process.stdout.write(`\n${render(shown, missing, performance.now() - began)}\n`);
  if (whole) await writeRegion(page, shown, missing);
  return missing.length > 0 || shown.some((result) => statusOf(result) === 'failed') ? 1 : 0;
}

/** In the namespace: plays. Outside of it: makes one, and starts this program again in it. */
async function begin(words: readonly string[]): Promise<number> {
  if (words[0] === inside) return main(words.slice(1));
  return (await runApart(import.meta.filename, [inside, ...words])).ended;
}

const words = process.argv.slice(2);
if (words.includes('--help')) process.stdout.write(usage);
else {
  const code = await begin(words).catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  });
  // Nothing that a test's server left open keeps the run from ending.
  process.exit(code);
}
