import type { EngineId } from './ids.ts';

/** A machine with an engine and a worker, as the worker last said. */
export interface Host {
  readonly engine: EngineId;
  /** What people call it; two may have one name. */
  readonly name: string;
  /** Whose data folder its worker works in. */
  readonly instance: string;
  /** `leaving` since its worker was asked to end: a deploy, most often. */
  readonly state: 'serving' | 'leaving';
  /** Its worker's process; absent where that can't be told. */
  readonly process?: HostProcess | undefined;
  /** Whether a run could start there. */
  readonly ready: boolean;
  /** How many runs it has at once at most, and how many it has. */
  readonly slots: number;
  readonly running: number;
  /** Counts what its worker said. */
  readonly beat: number;
  /** Since it said anything, by the store's clock. */
  readonly silentMs: number;
}

/** One process and no other: numbers come again, after a while or in another container. */
export interface HostProcess {
  /** The start of the machine, and whose numbers these are. */
  readonly boot: string;
  readonly pids: string;
  readonly pid: number;
  readonly startedAt: string;
}

/** A worker says so often that it lives. */
export const beatEveryMs = 5_000;
/** One that could not say so for this long lets go of everything, before anybody else may take it. */
export const holdsForMs = 20_000;
/** Silent for this long, a machine is suspected … */
const suspectMs = 20_000;
/** … and lost where nothing was heard of it for this long after that, by the watch of whoever suspects it. */
const sureMs = 15_000;

/** Whether a follow-up may count on this machine. */
export function isUp({ ready, silentMs }: Host): boolean {
  return ready && silentMs < suspectMs;
}

/** A machine that said nothing of late: which beat was its last, null where there is none, and since when somebody waits for the next. */
export interface Suspicion {
  readonly beat: number | null;
  readonly sinceMs: number;
}

export type Suspicions = ReadonlyMap<EngineId, Suspicion>;

/**
 * Which of these engines' machines are lost. The store's clock alone proves nothing: it may have been set, and after a break of the store
 * everybody has been silent. So one is lost only if it stays silent while the judge watches, on a clock `nowMs` that only goes forward.
 * Who left of their own will is waited for `awayMs`, and so is an engine of which nobody ever said anything.
 */
export function judgeHosts(
  suspicions: Suspicions,
  hosts: readonly Host[],
  engines: Iterable<EngineId>,
  { nowMs, awayMs }: { readonly nowMs: number; readonly awayMs: number },
): { readonly suspicions: Suspicions; readonly lost: ReadonlySet<EngineId> } {
  const known = new Map(hosts.map((host) => [host.engine, host]));
  const next = new Map<EngineId, Suspicion>();
  const lost = new Set<EngineId>();
  for (const engine of new Set(engines)) {
    const host = known.get(engine);
    const beat = host?.beat ?? null;
    if (host !== undefined && host.silentMs < suspectMs) continue;
    const before = suspicions.get(engine);
    const suspicion = before?.beat === beat ? before : { beat, sinceMs: nowMs };
    next.set(engine, suspicion);
    const watchedMs = nowMs - suspicion.sinceMs;
    const away = host === undefined ? watchedMs : host.silentMs;
    const patience = host?.state === 'serving' ? 0 : awayMs;
    if (watchedMs >= sureMs && away >= patience) lost.add(engine);
  }
  return { suspicions: next, lost };
}
