import type { TaskId } from '../../task/ids.ts';
import { parseRunId, taskOf } from '../../task/ids.ts';
import type { Task } from '../../task/task.ts';
import { type Flaw, hashOf, pairsOf, say, valuesOf } from './flaw.ts';
import type { Snapshot } from './snapshot.ts';

/** That every envelope is either settled, and goes in a day, or known to be not. */
export function inboxFlaws(all: Snapshot): readonly Flaw[] {
  const unsettled = hashOf(all, 'inbox-unsettled');
  const envelopes = Array.from(all.values()).filter(({ name }) => name.startsWith('inbox:'));
  return [
    ...envelopes.flatMap(({ name, values: [json = ''], expires }) => {
      const waits = unsettled.has(name.slice('inbox:'.length));
      if (json !== '' && !waits) return say(name, 'nobody would ever look at it');
      if (json === '' && waits) return say(name, 'it is settled, and is to be looked at again');
      return json === '' && !expires ? say(name, 'it is settled, and would stay for ever') : [];
    }),
    ...[...unsettled.keys()]
      .filter((key) => !all.has(`inbox:${key}`))
      .map((key) => say('inbox-unsettled', `${key} is not there`)),
    ...[...hashOf(all, 'inbox-attempts').keys()]
      .filter((key) => !unsettled.has(key))
      .map((key) => say('inbox-attempts', `${key} is settled`)),
  ];
}

/** That what files are counted as is what is counted. */
export function fileFlaws(all: Snapshot): readonly Flaw[] {
  const sizes = hashOf(all, 'files:sizes');
  const until = hashOf(all, 'files:until');
  const sum = Number(valuesOf(all, 'files:sum')[0] ?? 0);
  const counted = [...sizes.values()].reduce((total, bytes) => total + Number(bytes), 0);
  const uncounted = [...all.keys()].filter(
    (name) => name.startsWith('file:') && !sizes.has(name.slice('file:'.length)),
  );
  return [
    ...(counted === sum ? [] : [say('files:sum', `it is ${sum}, and the files are ${counted} bytes`)]),
    ...[...sizes.keys()]
      .filter((id) => !until.has(id))
      .map((id) => say('files:sizes', `${id} would be counted for ever`)),
    ...uncounted.map((name) => say(name, 'it is not counted')),
  ];
}

/** That nothing stays reserved for a run that is none. */
export function spendingFlaws(all: Snapshot, tasks: ReadonlyMap<TaskId, Task>): readonly Flaw[] {
  return pairsOf(all, 'spending:reserved').flatMap(([text]) => {
    const run = parseRunId(text);
    return run !== undefined && tasks.has(taskOf(run)) ? [] : say('spending:reserved', `${text} is no run of a task`);
  });
}

const lists = ['wait', 'paused', 'active', 'prioritized', 'delayed', 'waiting-children', 'completed', 'failed'];

/** That each job of the queue is in one of its lists, that each list has its jobs, and that no task is kept from being woken. */
export function jobFlaws(all: Snapshot): readonly Flaw[] {
  const queues = new Set([...all.keys()].flatMap((name) => /^(jobs:[^:]+):meta$/.exec(name)?.[1] ?? []));
  return [...queues].flatMap((queue) => {
    const listed = new Map(
      lists.flatMap((list) => {
        const { type, values = [] } = all.get(`${queue}:${list}`) ?? {};
        const ids = type === 'zset' ? values.filter((_, at) => at % 2 === 0) : values;
        return ids.map((id) => [id, list] as const);
      }),
    );
    const jobs = Array.from(all.values()).filter(({ name, type }) => type === 'hash' && name.startsWith(`${queue}:`));
    const ids = jobs.map(({ name }) => name.slice(queue.length + 1)).filter((id) => /^\d+$/.test(id));
    const held = [...all.keys()].filter((name) => name.startsWith(`${queue}:de:`) && !all.get(name)?.expires);
    return [
      ...ids.filter((id) => !listed.has(id)).map((id) => say(`${queue}:${id}`, 'it is in no list of the queue')),
      ...[...listed]
        .filter(([id]) => /^\d+$/.test(id) && !all.has(`${queue}:${id}`))
        .map(([id, list]) => say(`${queue}:${list}`, `job ${id} is not there`)),
      ...held
        .filter((name) => !all.has(`${queue}:${valuesOf(all, name)[0]}`))
        .map((name) => say(name, `it waits for job ${valuesOf(all, name)[0]}, which is not there`)),
    ];
  });
}

/** What is still to be done; nothing where every task has ended and was told. */
export function unrest(all: Snapshot): readonly Flaw[] {
  const waiting = ['lanes:dirty', 'tasks:open', 'inbox-unsettled', 'spending:reserved'];
  return waiting.flatMap((name) => pairsOf(all, name).map(([what]) => say(name, `${what} is still to be seen to`)));
}
