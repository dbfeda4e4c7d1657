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
  readonly trace: readonly { readonly name: string; readonly at: Figures; readonly after: Figures }[];
  readonly aims: readonly Aim[];
  readonly failures: readonly string[];
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
    trace: toTrace(measured.alone),
    aims: toAims(measured, figures),
    failures,
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

function toTrace(errands: readonly Errand[]): Report['trace'] {
  const names = Object.keys(steps) as Step[];
  const at = new Map(
    names.map((step) => [step, toFigures(samples(errands, (one) => minus(one.at[step], one.commandAt)))]),
  );
  const order = names.filter((step) => (at.get(step)?.runs ?? 0) > 0);
  order.sort((one, other) => (at.get(one)?.median ?? 0) - (at.get(other)?.median ?? 0));
  return order.map((step, index) => {
    const before = order[index - 1];
    const gap = (one: Errand) => minus(one.at[step], before === undefined ? one.commandAt : one.at[before]);
    return { name: steps[step], at: at.get(step) ?? toFigures([]), after: toFigures(samples(errands, gap)) };
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
  const hardening = floor.hardened.median / floor.plain.median;
  return [
    { name: 'Root message', found: `${toMs(root)} ms`, aim: 'under 200 ms', met: root < 200 },
    {
      name: "Runner's first record",
      found: `${start.toFixed(2)} ×`,
      aim: 'within 1.5 × docker run',
      met: start <= 1.5,
    },
    { name: 'Pull request, own time', found: `${toMs(own)} ms`, aim: 'under 1,200 ms', met: own < 1_200 },
    {
      name: 'Eight at once',
      found: `${failed} of ${all.length} failed`,
      aim: 'none',
      met: failed === 0 && all.length > 0,
    },
    { name: 'Hardening', found: `${hardening.toFixed(2)} ×`, aim: 'within 1.1 × plain', met: hardening <= 1.1 },
  ];
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

/** The whole report for a terminal of a hundred columns. */
export function render(report: Report, options: { trace: boolean }): string {
  const trace = report.trace.map(({ name, at, after }) => [name, toMs(at.median), toMs(after.median), toMs(after.p90)]);
  const aims = report.aims.map(
    ({ name, found, aim, met }) => `  ${met ? '✓' : '✗'} ${name.padEnd(24)}${found.padEnd(18)}${aim}`,
  );
  const noise =
    report.spread > noisyAbove
      ? `This machine was not quiet: docker run alone varied ${report.spread.toFixed(1)}-fold within this run. Trust no time
in milliseconds here, ratios only roughly; run it again when nothing else runs.`
      : `docker run alone varied ${report.spread.toFixed(1)}-fold within this run: quiet enough.`;
  return [
    'Errand: from a slash command to a pull request, in milliseconds since the command',
    'A one-line shell script on a small repository without checks; Slack and GitHub are local, so no network is in it.',
    table('One at a time', report.alone),
    table('Eight at once, one repository', report.together),
    table('The bare thing, same run', report.floors),
    ...(options.trace ? [toTable(['Where the time of one goes'.padEnd(44), 'at', 'step', 'p90'], trace)] : []),
    ['Aims', ...aims].join('\n'),
    noise,
    ...report.failures.map((failure) => `Failed: ${failure.split('\n')[0]}`),
  ].join('\n\n');
}
