import type { Host } from '../task/hosts.ts';
import { heldBy, isSameTurn, type Line, type Turn, toParties, toTurns, type WaitingTask } from '../task/line.ts';
import type { Hosts } from '../task/ports/hosts.ts';
import type { Task } from '../task/task.ts';
import type { BotDeps } from './deps.ts';

/** Whoever waits no longer than this is about to be taken up. */
const momentMs = 3_000;
/** A worker that is started anew is silent for a while. */
const downAfterMs = 30_000;

/**
 * Tells all who wait how many go before them, or which limit they wait for, where that is not what they were told last. To be called every
 * few seconds; several bots that do tell nothing twice.
 */
export async function tellTurns(
  deps: Pick<BotDeps, 'store' | 'policy' | 'clock'> & { hosts: Pick<Hosts, 'list'> },
): Promise<void> {
  const { store, policy, clock, hosts } = deps;
  const now = clock.now();
  const line = await store.line();
  await store.forgetTurns(Math.min(now, ...line.waiting.map(({ since }) => since)));
  const waiting = line.waiting.filter((task) => task.told !== null || now - task.since > momentMs);
  if (waiting.length === 0) return;
  const isStranded = !(await hosts.list()).some(isServing);
  const turns = toTurns(line, policy.turns, now);
  for (const { id, told } of waiting) {
    const turn = turns.get(id);
    // What is put off has a reason of its own.
    if (turn === undefined) continue;
    const next: Turn = isStranded ? { ...turn, stranded: true } : turn;
    if (!isSameTurn(told, next)) await store.apply(id, { type: 'turn_told', turn: next, at: now });
  }
}

function isServing({ state, silentMs }: Host): boolean {
  return state === 'serving' && silentMs < downAfterMs;
}

/** What whoever asks for a task is told of its turn at once; null where it is about to be taken up, as far as can be seen. */
export async function firstTurn({ store, policy, clock }: BotDeps, task: Task): Promise<Turn | null> {
  const now = clock.now();
  const parties = toParties(task);
  const line = await store.line(parties);
  const own: WaitingTask = { ...parties, id: task.id, since: now, notBefore: 0, home: null, told: null };
  const isJammed = isWaitedFor(line, now) || heldBy(own, line, policy.turns) !== null;
  if (!isJammed) return null;
  return toTurns({ ...line, waiting: [...line.waiting, own] }, policy.turns, now).get(task.id) ?? null;
}

/** Whether somebody has waited longer than it takes to be taken up. */
function isWaitedFor({ waiting }: Line, now: number): boolean {
  return waiting.some(({ since, notBefore }) => notBefore <= now && now - since > momentMs);
}
