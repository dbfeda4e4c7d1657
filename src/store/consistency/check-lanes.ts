import { z } from 'zod';
import { type Flaw, hashOf, pairsOf, say, valuesOf } from './flaw.ts';
import type { Entry, Snapshot } from './snapshot.ts';

const binding = z.tuple([z.string(), z.string()]);

/** That exactly what was not delivered is still to be, that nothing is left of no task, and that each message has its row. */
export function laneFlaws(all: Snapshot): readonly Flaw[] {
  const names = [...all.keys()].filter((name) => name.startsWith('lane:'));
  const dirty = new Set(pairsOf(all, 'lanes:dirty').map(([lane]) => lane));
  const lanes = names.filter((name) => all.get(name)?.type === 'hash').map((name) => name.slice('lane:'.length));
  return [
    ...lanes.flatMap((lane) => rowFlaws(all, lane, dirty)),
    ...names.filter((name) => name.endsWith(':pending')).flatMap((name) => orphanFlaws(all, name, ':pending')),
    ...[...dirty]
      .filter((lane) => !all.has(`lane:${lane}:pending`))
      .map((lane) => say('lanes:dirty', `${lane} has nothing to say`)),
    ...Array.from(all.values())
      .filter(({ name }) => name.startsWith('message:'))
      .flatMap((entry) => messageFlaws(all, entry)),
  ];
}

function rowFlaws(all: Snapshot, lane: string, dirty: ReadonlySet<string>): Flaw[] {
  const name = `lane:${lane}`;
  const hash = hashOf(all, name);
  const keys = [...hash.keys()].filter((field) => field.startsWith('e:')).map((field) => field.slice(2));
  const due = new Set(keys.filter((key) => Number(hash.get(`d:${key}`) ?? 0) < Number(hash.get(`r:${key}`) ?? 0)));
  const pending = new Set(valuesOf(all, `${name}:pending`));
  const isTask = all.has(`task:${lane}`);
  const flaws = [
    ...[...due]
      .filter((key) => !pending.has(key))
      .map((key) => say(name, `“${key}” was not delivered and is not to be`)),
    ...[...pending]
      .filter((key) => !due.has(key))
      .map((key) => say(`${name}:pending`, `“${key}” is to be delivered and was`)),
  ];
  if (pending.size > 0 && !dirty.has(lane)) flaws.push(say(name, 'nobody is told that it has something to say'));
  // What belongs to no task goes by itself once it was said, and a task's goes with the task.
  if (!isTask && pending.size === 0 && all.get(name)?.expires === false)
    flaws.push(say(name, 'it would stay for ever'));
  if (isTask && all.get(name)?.expires === true) flaws.push(say(name, 'it would be gone before its task'));
  const lost = [...hash].filter(([field, ts]) => {
    if (!field.startsWith('t:')) return false;
    const channel = channelOf(hash.get(`e:${field.slice(2)}`));
    return isTask && channel !== undefined && !all.has(`message:${channel}:${ts}`);
  });
  return [
    ...flaws,
    ...lost.map(([field, ts]) => say(name, `nothing leads from message ${ts} to its “${field.slice(2)}”`)),
  ];
}

function orphanFlaws(all: Snapshot, name: string, ends: string): Flaw[] {
  return all.has(name.slice(0, -ends.length)) ? [] : [say(name, 'there is no such lane')];
}

function messageFlaws(all: Snapshot, { name, values: [json = ''], expires }: Entry): Flaw[] {
  const bound = binding.safeParse(parsed(json));
  if (!bound.success) return [say(name, 'it leads nowhere')];
  const [lane, key] = bound.data;
  // Those of answers that belong to no task go by themselves, each a day after it was said.
  if (!all.has(`task:${lane}`)) return expires ? [] : [say(name, `it leads to ${lane}, which is no task`)];
  if (expires) return [say(name, 'it would be gone before its task')];
  const hash = hashOf(all, `lane:${lane}`);
  const right = `message:${channelOf(hash.get(`e:${key}`))}:${hash.get(`t:${key}`)}`;
  return name === right ? [] : [say(name, `it leads to “${key}” of ${lane}, which is another message`)];
}

function channelOf(effect: string | undefined): string | undefined {
  return z.object({ channel: z.string() }).safeParse(parsed(effect ?? '')).data?.channel;
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
