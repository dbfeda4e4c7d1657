import { channelOf, type Ground, type Walked } from './ground.ts';
import { type Armed, type Kind, kinds } from './inside/armed.ts';
import { judge } from './judge.ts';
import { play } from './play.ts';
import type { Result } from './result.ts';

/** A step boundary that a task passes on its way, and how often. */
export interface Point {
  readonly point: string;
  readonly when: Armed['when'];
  readonly count: number;
  /** The call names no task: it can only be struck for everybody. */
  readonly anybody: boolean;
}

/** Sends one task all the way and writes down every boundary that it passes: each call of a port by bot, worker and broker. */
export async function learnPoints(ground: Ground, name: string): Promise<readonly Point[]> {
  const walked = await ground.walk(name, async () => {
    const ending = await play(ground, name);
    const wrong = await judge(ground, name, ending);
    if (wrong.length > 0) throw new Error(`Even without a fault: ${wrong.join(', ')}`);
  });
  return toPoints(walked);
}

function toPoints(walked: readonly Walked[]): readonly Point[] {
  const points = new Map<string, { point: string; when: Armed['when']; own: number; all: number }>();
  for (const { point, when, own } of walked) {
    const key = `${point} ${when}`;
    const known = points.get(key) ?? { point, when, own: 0, all: 0 };
    points.set(key, { ...known, own: known.own + (own ? 1 : 0), all: known.all + 1 });
  }
  return Array.from(points.values(), ({ point, when, own, all }) => ({
    point,
    when,
    anybody: own === 0,
    count: own === 0 ? all : own,
  })).toSorted((one, other) => one.point.localeCompare(other.point) || (one.when === 'before' ? -1 : 1));
}

export type Swept = Armed & { readonly kind: Kind };

/** Passed this often, a boundary is struck in the middle of its passes as well. */
const manyPasses = 6;

/** Every boundary with every kind of fault; boundaries that are passed again and again also at a later pass. */
export function sweepOf(points: readonly Point[]): readonly Swept[] {
  return points.flatMap(({ point, when, anybody, count }) => {
    const skips = !anybody && count >= manyPasses ? [0, Math.floor(count / 2)] : [0];
    return skips.flatMap((skip) =>
      kinds
        // Once more in the middle, with the fault that leaves least behind.
        .filter((kind) => skip === 0 || kind === 'kill')
        .map((kind) => ({ ...toName(point, when, kind, skip), point, when, kind, skip, times: 1, anybody })),
    );
  });
}

function toName(point: string, when: string, kind: string, skip: number): Pick<Armed, 'name' | 'channel'> {
  const name = `${point}-${when}-${kind}${skip === 0 ? '' : '-later'}`.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
  return { name, channel: channelOf(name) };
}

/**
 * Few cases that stand for all: each port is struck, each process by each kind of fault, before and after its calls in turn. Whatever goes
 * wrong between two of these shows in one of them.
 */
export function pairwise(points: readonly Point[]): readonly Swept[] {
  const all = sweepOf(points).filter(({ skip }) => skip === 0);
  const ports = [...Map.groupBy(points, ({ point }) => point.slice(0, point.indexOf('.')))];
  const chosen: Swept[] = [];
  const take = (port: string, own: readonly Point[], kind: Kind) => {
    const when = chosen.length % 2 === 0 ? 'before' : 'after';
    const fitting = own.filter((each) => each.when === when);
    const at = fitting[(chosen.length * 5) % fitting.length];
    const found = all.find((each) => each.point === at?.point && each.when === when && each.kind === kind);
    if (found === undefined) throw new Error(`There is no boundary of ${port} to strike`);
    chosen.push(found);
  };
  for (const [index, [port, own]] of ports.entries()) take(port, own, kinds[index % kinds.length] ?? 'throw');
  const processes = Map.groupBy(ports, ([port]) => port.split(' ')[0] ?? '');
  for (const [process, [first]] of processes) {
    const met = new Set(chosen.filter(({ point }) => point.startsWith(`${process} `)).map(({ kind }) => kind));
    for (const kind of kinds) if (first !== undefined && !met.has(kind)) take(...first, kind);
  }
  return chosen;
}

/** Plays one task with one fault on its way, and judges it. Never rejects: what went wrong is the result. */
export async function strike(ground: Ground, armed: Swept): Promise<Result> {
  const began = performance.now();
  const { name, point, when, kind, skip } = armed;
  const wrong: string[] = [];
  await ground.arm(armed);
  try {
    const ending = await play(ground, name);
    wrong.push(...(await judge(ground, name, ending)));
  } catch (error) {
    wrong.push(error instanceof Error ? error.message : String(error));
  }
  await ground.disarm(name);
  const struck = await ground.struck(name);
  return { type: 'point', id: name, point, when, kind, skip, struck, wrong, durationMs: performance.now() - began };
}
