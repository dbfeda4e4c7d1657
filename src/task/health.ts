/** Something that keeps Errand from working as it should: one sentence for whoever waits on it. */
export interface Trouble {
  /** Of what kind; the same sentence from several processes is told once. */
  readonly code: string;
  readonly sentence: string;
  /** Epoch milliseconds; null where nobody knows. */
  readonly since: number | null;
}

/** What one process says of itself, every few seconds. */
export interface HealthNote {
  readonly process: 'bot' | 'worker';
  /** A worker's is its engine's: one that is started again takes the place of the one before. */
  readonly id: string;
  /** The machine's name, for people. */
  readonly host: string;
  readonly troubles: readonly Trouble[];
}

/** A note, and when the store heard it. */
export interface HeardNote extends HealthNote {
  readonly at: number;
}

/** Who says nothing for so long is missed. */
export const silentAfterMs = 20_000;

/**
 * Everything that is wrong just now, as far as the processes tell and are heard of. A worker that ended as it should has withdrawn its
 * note, and so is not missed.
 */
export function troublesOf(notes: readonly HeardNote[], now: number): readonly Trouble[] {
  const heard = notes.filter(({ at }) => now - at < silentAfterMs);
  const workers = notes.filter(({ process }) => process === 'worker');
  const present = workers.filter((worker) => heard.includes(worker));
  const silent = workers.filter((worker) => !heard.includes(worker));
  const told = heard.flatMap(({ process, host, troubles }) =>
    troubles.map(({ sentence, ...trouble }) => ({
      ...trouble,
      sentence: process === 'worker' && workers.length > 1 ? `On ${host}: ${sentence}` : sentence,
    })),
  );
  return [...missing(present, silent), ...once(told)];
}

function missing(present: readonly HeardNote[], silent: readonly HeardNote[]): readonly Trouble[] {
  if (present.length > 0) {
    return silent.map(({ host, at }) => ({
      code: 'host_lost',
      sentence: `Nothing is heard of the worker on ${host}.`,
      since: at,
    }));
  }
  const last = silent.length === 0 ? null : Math.max(...silent.map(({ at }) => at));
  return [{ code: 'no_worker', sentence: 'No worker is up: requests are kept, and none starts.', since: last }];
}

/** Each sentence once, with the time at which the first to say so saw it. */
function once(told: readonly Trouble[]): readonly Trouble[] {
  const first = new Map<string, Trouble>();
  for (const trouble of told) {
    const known = first.get(trouble.sentence);
    if (known === undefined || (trouble.since ?? 0) < (known.since ?? 0)) first.set(trouble.sentence, trouble);
  }
  return [...first.values()];
}
