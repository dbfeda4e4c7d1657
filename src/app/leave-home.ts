import { type Host, isUp } from '../task/hosts.ts';
import type { EngineId } from '../task/ids.ts';
import type { WaitingTask } from '../task/line.ts';
import type { WorkerDeps } from './deps.ts';

type HomeDeps = Pick<WorkerDeps, 'hosts' | 'queue' | 'store' | 'clock' | 'engine'>;

/**
 * Leaves a follow-up to the machine that has its checkout and the agent's memory, as long as that one is up: resolves with whether it
 * is. Each machine is asked about and woken once, since it looks along the whole line itself: one of these is for one look.
 */
export function leavingHome(deps: HomeDeps): (task: WaitingTask) => Promise<boolean> {
  const { hosts, queue, store, clock, engine } = deps;
  const known = new Map<EngineId, Host | undefined>();
  const woken = new Set<EngineId>();
  return async ({ id, home }) => {
    if (home === null || home === engine) return false;
    if (!known.has(home)) known.set(home, await hosts.find(home));
    const host = known.get(home);
    if (host === undefined || !isUp(host)) return false;
    if (host.running >= host.slots) {
      const reason = `It waits for a free place on ${host.name}, which has its checkout.`;
      await store.apply(id, { type: 'run_delayed', reason, at: clock.now() });
    }
    if (!woken.has(home)) await queue.wake({ type: 'run', task: id }, { at: home, unlessWaiting: true });
    woken.add(home);
    return true;
  };
}
