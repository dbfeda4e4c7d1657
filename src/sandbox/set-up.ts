import { join } from 'node:path';
import type { RunId, TaskId } from '../task/ids.ts';
import type { SetUpOrder, SetUpPart } from '../task/ports/sandbox.ts';
import { Problem } from '../task/problem.ts';
import { inSafeOrder } from '../task/set-up.ts';
import type { SetUp } from '../task/task.ts';
import { checkWalls } from './check-walls.ts';
import { containerOrder } from './container-order.ts';
import { readJson } from './files.ts';
import { admit } from './order.ts';
import type { Parts } from './parts.ts';
import { removeContainer } from './run-once.ts';
import { scanWorkspace } from './scan.ts';
import { setUpNotes } from './set-up-notes.ts';
import { runScript, type Script } from './set-up-script.ts';
import { numberOf, staleRun } from './start-run.ts';

/** The set-ups of one engine that are under way: one a task, which whoever asks for it again waits for too. */
export function settingUp(parts: Parts) {
  const underWay = new Map<TaskId, { run: RunId; done: Promise<readonly SetUp[]>; ending: AbortController }>();
  const settled = async (task: TaskId) => {
    await underWay.get(task)?.done.catch(() => undefined);
  };
  const end = async (task: TaskId) => {
    underWay.get(task)?.ending.abort(ended());
    await settled(task);
  };
  return {
    /** Settles when no set-up of this task is under way; ends none. */
    settled,
    /** Ends what is under way for this task; nothing of it is left when this settles. */
    end,
    async run(order: SetUpOrder): Promise<readonly SetUp[]> {
      const { task, run } = order;
      for (let other = underWay.get(task); other !== undefined; other = underWay.get(task)) {
        if (other.run === run) return await other.done;
        if (numberOf(other.run) > numberOf(run)) throw staleRun(run);
        // Nobody waits for an older run's any more.
        await end(task);
      }
      const ending = new AbortController();
      const signal = AbortSignal.any([parts.closing, ending.signal]);
      const done = setUp({ ...parts, closing: signal }, order).finally(() => underWay.delete(task));
      underWay.set(task, { run, done, ending });
      return await done;
    },
  };
}

function ended(): Problem {
  return new Problem({ code: 'setup_ended', sentence: 'The set-up was ended with its run.', next: 'Nothing.' });
}

/**
 * Where no agent has been in the workspace, set-up scripts run on the base, one of them with secrets, and what it leaves is looked through; where
 * one has, maintenance scripts run, and get none: what an agent left there could pass them on. Whatever doesn't end well throws the
 * workspace of a set-up away, at the latest when something is to be done there again.
 */
async function setUp(parts: Parts, order: SetUpOrder): Promise<readonly SetUp[]> {
  const { containers, workspaces } = parts;
  const { task, run } = order;
  const admitted = await admit(order, parts.options);
  const before = await containers.list({ task });
  if (before.some((listed) => numberOf(listed.run) > numberOf(run))) throw staleRun(run);
  const notes = setUpNotes(workspaces.notes(task));
  const found = await notes.read();
  if (found?.type === 'done' && found.run === run) return found.setUps;
  await endContainers(parts, task);
  await parts.setUpGateways.remove(task);
  if (found?.type === 'begun') await workspaces.remove(task);
  const fresh = !(await wasVisited(parts, task));
  const first = fresh && found?.type !== 'done' ? toSetups(parts, order) : [];
  const later = order.parts.flatMap((part) => toMaintenance(part, { fresh, first }));
  if (first.length + later.length === 0) return [];

  await checkWalls(parts, await parts.images.pin(admitted.image));
  const claimed = await workspaces.claim(task, admitted.limits.workspaceBytes);
  if (first.length > 0) await notes.begin();
  try {
    await workspaces.open(task, admitted.limits.workspaceBytes);
    const containing = await containerOrder(parts, order, admitted, claimed);
    const setUps: SetUp[] = [];
    for (const script of [...first, ...later]) {
      parts.closing.throwIfAborted();
      const { repository } = script.part;
      setUps.push(await runScript(parts, containing, script));
      // Before the next one's script runs there too.
      if (Object.keys(script.secrets).length > 0) {
        await scanWorkspace(parts, containing, { repository, secrets: script.secrets });
      }
    }
    await notes.end(run, setUps);
    return setUps;
  } catch (error) {
    if (first.length > 0) await workspaces.remove(task);
    throw error;
  }
}

/** Whether a run was ever started in the workspace. */
async function wasVisited({ workspaces }: Parts, task: TaskId): Promise<boolean> {
  return (await readJson(join(workspaces.notes(task), 'order.json'))) !== undefined;
}

/** One with secrets comes before the code of any other repository; throws `Problem` where that can't be. */
function toSetups(parts: Parts, order: SetUpOrder): readonly Script[] {
  const asked = order.parts.map((part) => ({ part, repository: part.repository, secrets: part.setup?.secrets ?? [] }));
  const ordered = inSafeOrder(asked);
  if ('code' in ordered) throw new Problem(ordered);
  return ordered.flatMap(({ part }) => toSetup(parts, part));
}

function toSetup({ options }: Parts, part: SetUpPart): readonly Script[] {
  if (part.setup === null) return [];
  const known = options.setup[part.repository.toLowerCase()]?.secrets ?? {};
  const missing = part.setup.secrets.filter((name) => !Object.hasOwn(known, name));
  if (missing.length > 0) {
    throw new Problem({
      code: 'setup_secret_missing',
      sentence: `\`.errand.yml\` of ${part.repository} asks for ${missing.join(', ')} for its set-up, which this Errand does not have.`,
      next: `Whoever runs Errand names it in the configuration, at \`repositories.${part.repository}.setup.secrets\`; npm run doctor shows what is missing. Then press Retry.`,
    });
  }
  const secrets = Object.fromEntries(part.setup.secrets.map((name) => [name, known[name] ?? '']));
  return [{ kind: 'setup', part, script: part.setup.script, secrets }];
}

/** On a checkout that was kept; and on a fresh one that was set up on the base while the run goes on from further work. */
function toMaintenance(
  part: SetUpPart,
  { fresh, first }: { fresh: boolean; first: readonly Script[] },
): readonly Script[] {
  const { maintenance: script, base, start } = part;
  if (script === null) return [];
  const further = base !== start && first.some((each) => each.part === part);
  return fresh && !further ? [] : [{ kind: 'maintenance', part, script, secrets: {} }];
}

async function endContainers({ containers, engine }: Parts, task: TaskId): Promise<void> {
  const left = await containers.list({ task });
  await Promise.all(left.map(({ container }) => removeContainer(engine, container)));
}
