import type { Errand } from './errands.ts';
import { type Figures, toFigures, toMs } from './figures.ts';
import { type Floor, floors } from './floors.ts';
import { toTable } from './table.ts';
import { type Step, steps } from './timeline.ts';

export interface Measured {
  readonly alone: readonly Errand[];
  readonly together: readonly (readonly Errand[])[];
  readonly floors: Readonly<Record<Floor, readonly number[]>>;
}

export interface Row {
  readonly name: string;
  readonly figures: Figures;
}

export interface Aim {
  readonly name: string;
  readonly found: string;
  readonly aim: string;
  readonly met: boolean;
}

export interface Report {
  readonly alone: readonly Row[];
  readonly together: readonly Row[];
  readonly floors: readonly Row[];
  /** Each step since the command, since the step before it, and since the command with eight at once. */
  readonly trace: readonly (Record<'at' | 'after' | 'together', Figures> & { readonly name: string })[];
  readonly aims: readonly Aim[];
  readonly failures: readonly string[];
  readonly togetherRuns: number;
  /** How far apart the floor's samples were, p90 over min; above `noisyAbove` absolute figures mean little. */
  readonly spread: number;
}

export const noisyAbove = 2;

const shown = { acknowledged: 'Acknowledged', root: 'Root message in Slack', ready: "Runner's first record" } as const;

export function toReport(measured: Measured): Report {
  const all = measured.together.flat();
  const figures = Object.fromEntries(
    Object.entries(measured.floors).map(([floor, samples]) => [floor, toFigures(samples)]),
  ) as Record<Floor, Figures>;
  const failures = [...measured.alone, ...all].flatMap(({ failure }) => failure ?? []);
  return {
    alone: toRows(measured.alone),
    together: toRows(all),
    floors: Object.entries(floors).map(([floor, name]) => ({ name, figures: figures[floor as Floor] })),
    trace: toTrace(measured.alone, all),
    aims: toAims(measured, figures),
    failures,
    togetherRuns: all.length,
    spread: figures.dockerRun.p90 / figures.dockerRun.min,
  };
}

function toRows(errands: readonly Errand[]): Row[] {
  const since = (step: Step) => samples(errands, ({ at, commandAt }) => minus(at[step], commandAt));
  return [
    ...Object.entries(shown).map(([step, name]) => ({ name, figures: toFigures(since(step as Step)) })),
    { name: 'Pull request opened', figures: toFigures(since('opened')) },
    { name: "… without the agent's own time", figures: toFigures(samples(errands, ownTime)) },
  ];
}

/** From the command to the pull request, without the time in which the script ran. */
function ownTime({ at, commandAt }: Errand): number | undefined {
  const agent = minus(at.ended, at.checkedOut) ?? 0;
  return minus(at.opened, commandAt + agent);
}

function toTrace(errands: readonly Errand[], all: readonly Errand[]): Report['trace'] {
  const since = (some: readonly Errand[], step: Step) =>
    toFigures(samples(some, ({ at, commandAt }) => minus(at[step], commandAt)));
  const seen = (Object.keys(steps) as Step[])
    .map((step) => ({ step, at: since(errands, step), together: since(all, step) }))
    .filter(({ at }) => at.runs > 0)
    .toSorted((one, other) => one.at.median - other.at.median);
  return seen.map(({ step, at, together }, index) => {
    const before = seen[index - 1]?.step;
    const gap = (one: Errand) => minus(one.at[step], before === undefined ? one.commandAt : one.at[before]);
    return { name: steps[step], at, after: toFigures(samples(errands, gap)), together };
  });
}

function toAims(measured: Measured, floor: Readonly<Record<Floor, Figures>>): Aim[] {
  const { alone } = measured;
  const all = measured.together.flat();
  const root = toFigures(samples(alone, ({ at, commandAt }) => minus(at.root, commandAt))).median;
  const first = toFigures(samples(alone, ({ at, commandAt }) => minus(at.ready, commandAt))).median;
  const own = toFigures(samples(alone, ownTime)).median;
  const failed = all.filter(({ failure }) => failure !== null).length;
  const start = first / floor.dockerRun.median;
  const hardening = paired(measured.floors.hardened, measured.floors.plain);
  const protection = paired(measured.floors.protected, measured.floors.dockerRun);
  return [
    { name: 'Root message', found: `${toMs(root)} ms`, aim: 'under 200 ms', met: root < 200 },
    {
      name: "Runner's first record",
      found: `${start.toFixed(2)} ×`,
      aim: 'within 1.5 × docker run',
      met: start <= 1.5,
    },
    {
      name: 'Pull request, own time',
      found: `${toMs(own)} ms, ${(own / floor.dockerRun.median).toFixed(1)} × docker run`,
      aim: 'under 1,200 ms',
      met: own < 1_200,
    },
    ...(all.length === 0
      ? []
      : [{ name: 'Eight at once', found: `${failed} of ${all.length} failed`, aim: 'none', met: failed === 0 }]),
    { name: 'Hardening', found: `${hardening.toFixed(2)} ×`, aim: 'within 1.1 × plain', met: hardening <= 1.1 },
    {
      name: 'Protected start',
      found: `${protection.toFixed(2)} ×`,
      aim: 'within 1.1 × docker run',
      met: protection <= 1.1,
    },
  ];
}

/** The median of what one took beside the other in the same round: a machine that slows down slows both. */
function paired(one: readonly number[], other: readonly number[]): number {
  const ratios = one.flatMap((each, round) => {
    const base = other[round];
    return base === undefined ? [] : [each / base];
  });
  return toFigures(ratios).median;
}

function samples<Each>(all: readonly Each[], of: (each: Each) => number | undefined): number[] {
  return all.flatMap((each) => of(each) ?? []);
}

function minus(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? undefined : one - other;
}

const columns = ['median', 'min', 'p90', 'runs'];
const cells = ({ median, min, p90, runs }: Figures) => [toMs(median), toMs(min), toMs(p90), String(runs)];
const table = (title: string, rows: readonly Row[]) =>
  toTable(
    [title.padEnd(44), ...columns],
    rows.map(({ name, figures }) => [name, ...cells(figures)]),
  );

const headline = `Errand: from a slash command to a pull request, in milliseconds since the command

A one-line shell script on a small repository without checks. Slack and GitHub are local: their own
time and the network's is not in here.`;

const pacing = `GitHub asks for a second between two writes: the last of eight pull requests comes at least seven
seconds after the first.`;

/** The whole report for a terminal of a hundred columns. */
export function render(report: Report, options: { trace: boolean }): string {
  const trace = report.trace.map(({ name, at, after, together }) => [
    name,
    ...[at.median, after.median, after.p90, together.median].map(toMs),
  ]);
  const aims = report.aims.map(
    ({ name, found, aim, met }) => `  ${met ? '✓' : '✗'} ${name.padEnd(24)}${found.padEnd(28)}${aim}`,
  );
  const noise =
    report.spread > noisyAbove
      ? `This machine was not quiet: docker run alone varied ${report.spread.toFixed(1)}-fold within this run. Trust no time
in milliseconds here, ratios only roughly; run it again when nothing else runs.`
      : `docker run alone varied ${report.spread.toFixed(1)}-fold within this run: quiet enough.`;
  return [
    headline,
    table('One at a time', report.alone),
    ...(report.togetherRuns === 0 ? [] : [`${table('Eight at once, one repository', report.together)}\n${pacing}`]),
    table('The bare thing, same run', report.floors),
    ...(options.trace
      ? [toTable(['Where the time goes, medians'.padEnd(44), 'at', 'step', 'p90', 'eight'], trace)]
      : []),
    ['Aims', ...aims].join('\n'),
    noise,
    ...report.failures.map((failure) => `Failed: ${failure.split('\n')[0]}`),
  ].join('\n\n');
}
