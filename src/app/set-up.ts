import type { PreparedPart } from '../task/parts.ts';
import type { SetUpOrder, SetUpPart } from '../task/ports/sandbox.ts';
import type { Run, Task } from '../task/task.ts';
import { currentRun } from '../task/transition.ts';
import { type Attendance, record, Superseded } from './attendance.ts';
import { frameOf, nothingFolded, toProgress } from './fold.ts';

/**
 * Has the checkouts of a run set up before its agent comes, where `.errand.yml` asks for it; costs nothing where it doesn't. It can be
 * repeated: the sandbox knows what was done. A person's stop ends the waiting with `Superseded`; the caller ends what goes on.
 */
export async function setUp(
  attendance: Attendance,
  task: Task,
  run: Run,
  order: Pick<SetUpOrder, 'image' | 'limits'> & { parts: readonly PreparedPart[] },
): Promise<void> {
  const { deps, id, signal } = attendance;
  const parts = order.parts.flatMap((part) => toSetUpPart(task, part));
  if (parts.length === 0) return;
  const progress = toProgress('settingUp', nothingFolded, frameOf(task));
  await record(attendance, { type: 'progressed', run: run.id, progress });

  const { promise: superseded, reject } = Promise.withResolvers<never>();
  const look = async () => {
    const now = await deps.store.find(id);
    if (now === undefined || currentRun(now.run)?.id !== run.id) reject(new Superseded('the run ended elsewhere'));
  };
  using _changes = deps.changes.subscribe(id, () => void look().catch(reject));
  const leave = () => reject(signal.reason);
  signal.addEventListener('abort', leave);
  try {
    await look();
    const repositories = order.parts.flatMap(({ checkout }) => checkout.repositories);
    const { image, limits } = order;
    const settingUp = deps.sandbox.setUp({ task: id, run: run.id, image, limits, repositories, parts });
    // Who no longer waits is told by the stop; the sandbox tells the next who asks.
    settingUp.catch(() => {});
    const setUps = await Promise.race([settingUp, superseded]);
    await record(attendance, { type: 'set_up', run: run.id, setUps });
  } finally {
    signal.removeEventListener('abort', leave);
    superseded.catch(() => {});
  }
}

function toSetUpPart(task: Task, { repository, folder, checkout }: PreparedPart): readonly SetUpPart[] {
  const { repositories, base, start, setup = null, maintenance = null } = checkout;
  if (setup === null && maintenance === null) return [];
  const from = repositories.at(-1) ?? '';
  return [{ repository, folder, from, branch: task.branch, base, start, setup, maintenance }];
}
