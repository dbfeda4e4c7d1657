import type { Host } from './hosts.ts';

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
  /** Of a worker the same after it was started again, so that it takes the place of the one before. */
  readonly id: string;
  /** The machine's name, for people. */
  readonly host: string;
  readonly troubles: readonly Trouble[];
}

/** A note, and when the store heard it. */
export interface HeardNote extends HealthNote {
  readonly at: number;
}

/** What a process said that says nothing for so long counts no more, and a machine is missed. */
export const silentAfterMs = 20_000;
/** Until then a machine that fell silent is told of; whoever took it away on purpose need not hear of it for ever. */
const missedForMs = 24 * 3_600_000;

/** Everything that is wrong just now, as far as the processes tell, and which machines are not heard of. */
export function troublesOf(
  { notes, now }: { readonly notes: readonly HeardNote[]; readonly now: number },
  hosts: readonly Host[],
): readonly Trouble[] {
  const present = hosts.filter(({ silentMs, state }) => silentMs < silentAfterMs && state === 'serving');
  const told = notes
    .filter(({ at }) => now - at < silentAfterMs)
    .flatMap(({ process, host, troubles }) =>
      troubles.map(({ sentence, ...trouble }) => ({
        ...trouble,
        sentence: process === 'worker' && hosts.length > 1 ? `On ${host}: ${sentence}` : sentence,
      })),
    );
  return [...missing(present, hosts, now), ...once(told)];
}

function missing(present: readonly Host[], hosts: readonly Host[], now: number): readonly Trouble[] {
  if (present.length > 0) {
    // One that left said so.
    const silent = hosts.filter(({ silentMs, state }) => silentMs >= silentAfterMs && state === 'serving');
    return silent
      .filter(({ silentMs }) => silentMs < missedForMs)
      .map(({ name, silentMs }) => ({
        code: 'host_lost',
        sentence: `Nothing is heard of the worker on ${name}.`,
        since: now - silentMs,
      }));
  }
  const last = hosts.length === 0 ? null : now - Math.min(...hosts.map(({ silentMs }) => silentMs));
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
