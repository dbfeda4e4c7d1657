import { type Trouble, troublesOf } from '../task/health.ts';
import type { Said } from '../task/said.ts';
import type { Task } from '../task/task.ts';
import type { Answer, Asked, Target } from '../task/use-cases.ts';
import { findTarget, unknownTask } from './act.ts';
import type { BotDeps } from './deps.ts';
import { toEffort } from './narrate.ts';
import { mayAsk, say } from './people.ts';
import { toLine } from './task-line.ts';
import { toStatus } from './task-status.ts';

/**
 * How one task stands, or, without a target, all that still need somebody, and what is wrong with Errand itself; for people who could ask for
 * a task.
 */
export async function status(deps: BotDeps, asked: Asked, target: Target | null): Promise<Answer> {
  const { failure } = await mayAsk(deps, asked.by);
  if (failure !== null) return say(failure);
  if (target === null) {
    const ids = await deps.store.unsettled();
    const tasks = await Promise.all(ids.slice(0, shown).map((id) => deps.store.find(id)));
    return listed(
      deps,
      tasks.filter((task) => task !== undefined),
      await troubles(deps),
    );
  }
  const task = await findTarget(deps, target);
  return task === undefined ? unknownTask(deps, target) : listed(deps, [task], await troubles(deps));
}

/** The newest tasks, whatever became of them. */
export async function list(deps: BotDeps, asked: Asked): Promise<Answer> {
  const { failure } = await mayAsk(deps, asked.by);
  if (failure !== null) return say(failure);
  return listed(deps, await deps.store.recent(shown));
}

/** A table in a message stays readable to about this many rows. */
const shown = 10;

async function troubles({ health, hosts }: BotDeps): Promise<readonly Trouble[]> {
  const [said, known] = await Promise.all([health.all(), hosts.list()]);
  return troublesOf(said, known);
}

async function listed(deps: BotDeps, tasks: readonly Task[], wrong?: readonly Trouble[]): Promise<Answer> {
  const rows = tasks.map(async (task) => {
    const ts = (await deps.store.deliveredTs(task.id, 'root')) ?? task.origin.thread;
    const message = ts === null ? null : { channel: task.origin.channel, ts };
    return { task: toLine(task), status: toStatus(task), effort: toEffort(task), message };
  });
  const said: Said = {
    type: 'list',
    tasks: await Promise.all(rows),
    ...(wrong === undefined || wrong.length === 0 ? {} : { troubles: wrong }),
  };
  return { type: 'say', said };
}
