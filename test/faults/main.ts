import { openGround } from './ground.ts';
import { forgetLastRun, isFine, keep, type Result } from './result.ts';
import { playSweep } from './run.ts';
import { learnPoints, pairwise, sweepOf } from './sweep.ts';

const usage = `npm run faults [-- <part of a name> …]

Sends real tasks through the local Slack and the local forge, and has one thing go wrong on the way of each: a throw, an exit, a SIGKILL or a
stop at every step boundary, the faults of the list, and Errands that are broken on purpose, which the judge has to catch.

  npm run faults                  all; writes docs/faults.md
  npm run faults -- sweep         the step boundaries
  npm run faults -- sample        the pairwise sample that npm test plays
  npm run faults -- forge.merge   boundaries whose name has this in it

Ends with 0 when nothing was lost, nothing doubled and nothing left behind.
`;

const errands = { quick: 3, hanging: 3 };

function line(result: Result): string {
  const mark = isFine(result) ? '✔' : '✘';
  const seconds = `(${(result.durationMs / 1000).toFixed(1)} s)`;
  const wrong = result.wrong.map((each) => `\n    ${each.split('\n')[0]}`).join('');
  const more = result.type === 'point' && result.struck === 0 ? ' never struck' : '';
  return `${mark} ${result.id}${more} ${seconds}${wrong}`;
}

async function main(words: readonly string[]): Promise<number> {
  const began = performance.now();
  const results: Result[] = [];
  const told = (result: Result) => {
    results.push(result);
    keep([result]);
    process.stderr.write(`${line(result)}\n`);
  };
  if (words.length === 0) forgetLastRun();
  await using ground = await openGround(['walk']);
  const points = await learnPoints(ground, 'walk');
  const all = words[0] === 'sample' ? pairwise(points) : sweepOf(points);
  const others = words.filter((word) => word !== 'sweep' && word !== 'sample');
  const cases =
    others.length === 0
      ? all
      : all.filter(({ name, point }) => others.some((word) => `${name} ${point}`.includes(word)));
  process.stderr.write(`${points.length} boundaries, ${cases.length} cases\n`);
  await playSweep(cases, errands, told);
  const spentMs = performance.now() - began;
  keep([], spentMs);
  const failed = results.filter((result) => !isFine(result));
  process.stdout.write(`${results.length} cases, ${failed.length} failed, ${Math.round(spentMs / 1000)} s\n`);
  return failed.length === 0 ? 0 : 1;
}

const words = process.argv.slice(2);
if (words.includes('--help')) process.stdout.write(usage);
else {
  const code = await main(words).catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    return 1;
  });
  // Nothing that a test's server left open keeps the run from ending.
  process.exit(code);
}
