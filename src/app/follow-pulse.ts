import type { Run } from '../task/task.ts';
import type { Attendance } from './attendance.ts';

/** So many looks in a row that find nothing moved end a run: a worker that was frozen in between has not looked. */
const looks = 10;
/** Of one core; what a process takes that only waits. */
const idleShare = 0.01;
const graceMs = 10_000;

/** What moves while a run goes on, as far as it is seen from outside. */
interface Pulse {
  readonly at: number;
  readonly cpuMs: number;
  /** Records, tokens, the question that is open: any change is a sign of life. */
  readonly signs: string;
}

/**
 * Ends a run in which nothing moves for `quietMs`, until disposed of: no record, no token, hardly any processor time, and no question that
 * waits for a person. What can't be looked at counts as life. The run is then judged as one that made no progress, and its work kept.
 */
export function followPulse(attendance: Attendance, run: Run): Disposable {
  const { deps, id } = attendance;
  const { quietMs } = deps;
  if (quietMs === null) return { [Symbol.dispose]: () => undefined };
  let last: Pulse | null = null;
  let quiet = 0;
  let looking = false;
  const look = async () => {
    const pulse = await take(attendance, run);
    const before = last;
    last = pulse;
    quiet = before !== null && pulse !== null && isStill(before, pulse) ? quiet + 1 : 0;
    if (quiet < looks) return;
    deps.log.warn({ task: id, run: run.id, quietMs }, 'Nothing moves in this run; it is ended');
    await deps.sandbox.stop(run.id, graceMs, 'stalled');
  };
  const timer = setInterval(() => {
    if (looking) return;
    looking = true;
    look()
      .catch((error: unknown) => {
        quiet = 0;
        deps.log.warn({ task: id, run: run.id, err: error }, 'Nobody could look whether a run goes on');
      })
      .finally(() => {
        looking = false;
      });
  }, quietMs / looks);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

async function take({ deps, id }: Attendance, run: Run): Promise<Pulse | null> {
  const [task, cursor, metered, cpuMs] = await Promise.all([
    deps.store.find(id),
    deps.store.cursor(run.id),
    deps.sandbox.usage(id),
    deps.sandbox.cpuMs(run.id),
  ]);
  // A person's time is nobody's standstill.
  if (cpuMs === null || task?.run.type !== 'running') return null;
  return { at: performance.now(), cpuMs, signs: JSON.stringify([cursor, metered]) };
}

function isStill(before: Pulse, now: Pulse): boolean {
  return now.signs === before.signs && now.cpuMs - before.cpuMs < (now.at - before.at) * idleShare;
}
