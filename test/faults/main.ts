import { join } from 'node:path';
import { controls, playControl } from './controls.ts';
import { closeAll, openGround } from './ground.ts';
import { stories } from './listed/registry.ts';
import { writePage } from './page.ts';
import { forgetLastRun, isFine, keep, project, type Result, readLastRun } from './result.ts';
import { playSweep } from './run.ts';
import { learnPoints, pairwise, sweepOf } from './sweep.ts';
import { playStories } from './tell.ts';

const page = join(project, 'docs/faults.md');

const usage = `npm run faults [-- <part of a name> …]

Sends real tasks through the local Slack and the local forge, and has one thing go wrong on the way of each: a throw, an exit, a SIGKILL or a
stop at every step boundary, the faults of the list, and Errands that are broken on purpose, which the judge has to catch.

  npm run faults                  all; writes docs/faults.md
  npm run faults -- list          the faults of the list, and those beside it
  npm run faults -- f38           some of them
  npm run faults -- controls      the broken Errands
  npm run faults -- sweep         the step boundaries
  npm run faults -- again         what has not passed when it was last played here; writes the page, too
  npm run faults -- page          writes the page from what was played here
  npm run faults -- sample        a pairwise sample: each port once, each process in each way
  npm run faults -- forge.merge   boundaries whose name has this in it

Ends with 0 when nothing was lost, nothing doubled and nothing left behind.
`;

/** Side by side; each is five processes. */
const errands = { quick: 2, hanging: 1 };

function line(result: Result): string {
  const mark = isFine(result) ? '✔' : '✘';
  const seconds = `(${(result.durationMs / 1000).toFixed(1)} s)`;
  const wrong = result.wrong.map((each) => `\n    ${each.split('\n')[0]}`).join('');
  const more = result.type === 'point' && result.struck === 0 ? ' never struck' : '';
  return `${mark} ${result.id}${more} ${seconds}${wrong}`;
}

/** The boundaries are learned from a task, which takes some seconds: only where some are meant. */
async function chooseSwept(words: readonly string[], means: (name: string, part: string) => boolean) {
  const isOther = (word: string) =>
    ['list', 'controls', 'page'].includes(word) ||
    word.startsWith('control-') ||
    stories.some(({ id }) => id.includes(word));
  if (words.length > 0 && words.every(isOther)) return [];
  await using ground = await openGround(['walk']);
  const points = await learnPoints(ground, 'walk');
  const cases = words.includes('sample') ? pairwise(points) : sweepOf(points);
  if (!words.includes('sample')) keep([], { boundaries: cases.length });
  const chosen = words.includes('sample')
    ? cases
    : cases.filter(({ name, point }) => means(`${name} ${point}`, 'sweep'));
  process.stderr.write(`${points.length} boundaries, ${chosen.length} cases\n`);
  return chosen;
}

async function main(words: readonly string[]): Promise<number> {
  const began = performance.now();
  const results: Result[] = [];
  let countedAt = began;
  const told = (result: Result) => {
    results.push(result);
    // What is broken off was played all the same, and took its time.
    const now = performance.now();
    keep([result], { spentMs: now - countedAt });
    countedAt = now;
    process.stderr.write(`${line(result)}\n`);
  };
  if (words.length === 0) forgetLastRun();
  const again = words.includes('again');
  const before = readLastRun().results;
  const passed = (id: string) => again && before.some((result) => result.id === id && isFine(result));
  const means = (name: string, part: string) =>
    words.length === 0 || again || words.some((word) => word === part || name.includes(word));
  const listed = stories.filter(({ id }) => means(id, 'list') && !passed(id));
  if (listed.length > 0) await playStories(listed, told);
  for (const control of controls.filter(
    ({ broken }) => means(`control-${broken}`, 'controls') && !passed(`control-${broken}`),
  )) {
    told(await playControl(control));
  }
  const swept = (await chooseSwept(words, means)).filter(({ name }) => !passed(name));
  if (swept.length > 0) await playSweep(swept, errands, told);
  const spentMs = performance.now() - began;
  const kept = readLastRun();
  if (words.length === 0 || again || words.includes('page')) await writePage(page, kept);
  const failed = results.filter((result) => !isFine(result));
  process.stdout.write(`${results.length} cases, ${failed.length} failed, ${Math.round(spentMs / 1000)} s\n`);
  return failed.length === 0 ? 0 : 1;
}

const words = process.argv.slice(2);
if (words.includes('--help')) process.stdout.write(usage);
else {
  // Whoever ends the run early finds nothing of it on their machine.
  const ended = new Promise<never>((_, reject) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => reject(new Error('Ended before all cases were played.')));
    }
  });
  const code = await Promise.race([main(words), ended]).catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    return 1;
  });
  await closeAll();
  // Nothing that a test's server left open keeps the run from ending.
  process.exit(code);
}
