import { parseTaskId, type TaskId } from '../../task/ids.ts';
import { Problem } from '../../task/problem.ts';
import type { Task } from '../../task/task.ts';
import { currentRun } from '../../task/transition.ts';
import { formatOpen, isSettled } from '../indexes.ts';
import { eventsAreWhole, parseEvent, parseTask } from '../schema.ts';
import { type Flaw, hashOf, pairsOf, say, valuesOf } from './flaw.ts';
import { wrongTurn } from './retrace.ts';
import type { Snapshot } from './snapshot.ts';

type Tasks = ReadonlyMap<TaskId, Task>;

/** Every stored task that can be read; what can't is a flaw. */
export function readTasks(all: Snapshot): { tasks: Tasks; flaws: readonly Flaw[] } {
  const tasks = new Map<TaskId, Task>();
  const flaws: Flaw[] = [];
  for (const { name } of all.values()) {
    if (!name.startsWith('task:')) continue;
    const id = parseTaskId(name.slice('task:'.length));
    const read = attempt(() => parseTask(hashOf(all, name).get('json') ?? ''));
    if (typeof read === 'string') flaws.push(say(name, read));
    else if (read.id !== id) flaws.push(say(name, `it holds task ${read.id}`));
    else tasks.set(id, read);
  }
  return { tasks, flaws };
}

/** That each task is what its events made of it, and that every index has what it should and nothing else. */
export function taskFlaws(all: Snapshot, tasks: Tasks): readonly Flaw[] {
  return [
    ...eventFlaws(all, tasks),
    ...indexFlaws(all, tasks),
    ...pointerFlaws(all, tasks),
    ...Array.from(tasks.values()).flatMap(({ id, origin }) =>
      valuesOf(all, `origin:${origin.key}`)[0] === id ? [] : say(`task:${id}`, 'no origin leads to it'),
    ),
  ];
}

function eventFlaws(all: Snapshot, tasks: Tasks): Flaw[] {
  const streams = [...all.keys()].filter((name) => name.startsWith('events:'));
  const orphans = streams.filter((name) => !all.has(`task:${name.slice('events:'.length)}`));
  const wrong = Array.from(tasks.values()).flatMap((task) => {
    const json = valuesOf(all, `events:${task.id}`);
    if (json.length === 0) return say(`task:${task.id}`, 'it has no events');
    // Of a stream that was cut, or that an older Errand began, nobody can tell.
    if (!eventsAreWhole(json)) return [];
    const found = attempt(() => wrongTurn(task, json.map(parseEvent)) ?? null);
    return found === null ? [] : say(`task:${task.id}`, found);
  });
  return [...orphans.map((name) => say(name, 'there is no such task')), ...wrong];
}

function indexFlaws(all: Snapshot, tasks: Tasks): Flaw[] {
  const each = [...tasks.values()];
  const idsOf = (some: readonly Task[]) => new Set<string>(some.map(({ id }) => id));
  const wanted = {
    'tasks:recent': idsOf(each),
    'tasks:unsettled': idsOf(each.filter((task) => !isSettled(task))),
    'tasks:settled': idsOf(each.filter(isSettled)),
    'tasks:open': idsOf(each.filter((task) => formatOpen(task) !== '')),
  };
  const flaws = Object.entries(wanted).flatMap(([name, ids]) => {
    const found = new Set(pairsOf(all, name).map(([id]) => id));
    return [
      ...[...found].filter((id) => !ids.has(id)).map((id) => say(name, `${id} should not be in it`)),
      ...[...ids].filter((id) => !found.has(id)).map((id) => say(name, `${id} is missing`)),
    ];
  });
  const open = pairsOf(all, 'tasks:open').flatMap(([text, value]) => {
    const task = tasks.get(parseTaskId(text) ?? ('' as TaskId));
    return task === undefined || formatOpen(task) === value ? [] : say('tasks:open', `${text} is not “${value}”`);
  });
  return [...flaws, ...open, ...engineFlaws(all, each)];
}

/** That each engine has the tasks that run on it. */
function engineFlaws(all: Snapshot, tasks: readonly Task[]): Flaw[] {
  const wanted = new Set(tasks.flatMap(({ id, run }) => toEntry(currentRun(run)?.engine, id)));
  const lists = [...all.keys()].filter((name) => name.startsWith('tasks:on:'));
  const found = new Set(lists.flatMap((name) => valuesOf(all, name).map((id) => `${name} ${id}`)));
  return [
    ...[...found].filter((each) => !wanted.has(each)).map((each) => say(each, 'it does not run there')),
    ...[...wanted].filter((each) => !found.has(each)).map((each) => say(each, 'it runs there, and is missing')),
  ];
}

function toEntry(engine: string | undefined, id: string): string[] {
  return engine === undefined ? [] : [`tasks:on:${engine} ${id}`];
}

/** What leads to a task from Slack: its request, its thread, its messages. */
function pointerFlaws(all: Snapshot, tasks: Tasks): Flaw[] {
  return Array.from(all.values()).flatMap(({ name, values: [id = ''] }) => {
    const isOrigin = name.startsWith('origin:');
    if (!isOrigin && !name.startsWith('thread:')) return [];
    const task = tasks.get(parseTaskId(id) ?? ('' as TaskId));
    if (task === undefined) return say(name, `it leads to ${id || 'nothing'}, which is no task`);
    const { key, channel, thread } = task.origin;
    const right = isOrigin ? `origin:${key}` : `thread:${channel}:${thread}`;
    return name === right ? [] : say(name, `it leads to ${id}, which came from elsewhere`);
  });
}

function attempt<Value>(read: () => Value): Value | string {
  try {
    return read();
  } catch (error) {
    if (error instanceof Problem) return error.failure.sentence;
    return error instanceof Error ? `it can’t be read: ${error.message}` : String(error);
  }
}
