import { describe, expect, it } from 'vitest';
import type { ChannelId, RepositoryName, TaskId, UserId } from '../../src/task/ids.ts';
import { inTurn, isSameTurn, type Line, limitsOf, partiesOf, toTurns, type WaitingTask } from '../../src/task/line.ts';
import { channel, noTurnLimits, other, repository, taskId } from './example.ts';

const dev = channel;
const ops = 'C0OPS' as ChannelId;
const now = 1_000_000;
let made = 0;

function waits(person: string, since: number, more: Partial<WaitingTask> = {}): WaitingTask {
  made += 1;
  const id = taskId(`t${String(made).padStart(6, '0')}`);
  const requester = person as UserId;
  const plain = {
    id,
    requester,
    channel: dev,
    repositories: [repository],
    since,
    notBefore: 0,
    home: null,
    told: null,
  };
  return { ...plain, ...more };
}

function lineOf(
  waiting: readonly WaitingTask[],
  { running = {}, served = {} }: { running?: Record<string, number>; served?: Record<string, number> } = {},
): Line {
  return { waiting, running: new Map(Object.entries(running)), served: new Map(Object.entries(served)) };
}

const people = (line: Line, limits = noTurnLimits) =>
  Array.from(inTurn(line, limits, now), ({ requester }) => requester);

describe('whose turn it is', () => {
  it('comes round: nobody waits behind another’s twenty, however late they came', () => {
    const twenty = Array.from({ length: 20 }, (_, at) => waits('A', at));
    expect(people(lineOf([...twenty, waits('B', 500), waits('C', 400)])).slice(0, 5)).toEqual([
      'A',
      'C',
      'B',
      'A',
      'A',
    ]);
  });

  it('is theirs first who have the fewest runs under way', () => {
    const line = lineOf([waits('A', 1), waits('B', 2), waits('C', 3)], { running: { 'person:A': 2, 'person:B': 1 } });
    expect(people(line)).toEqual(['C', 'B', 'A']);
  });

  it('is theirs next who had theirs longest ago', () => {
    const line = lineOf([waits('A', 1), waits('B', 50)], { served: { 'person:A': 60 } });
    expect(people(line)).toEqual(['B', 'A']);
  });

  it('does not go to whoever just came before those who have waited since their last', () => {
    const line = lineOf([waits('A', 1), waits('B', 70)], { served: { 'person:A': 60 } });
    expect(people(line)).toEqual(['A', 'B']);
  });

  it('goes round the channels too: many people of one keep nobody of another waiting', () => {
    const many = ['A', 'B', 'C', 'D'].map((person, at) => waits(person, at));
    const line = lineOf([...many, waits('E', 90, { channel: ops })], { running: { [`channel:${dev}`]: 3 } });
    expect(people(line)[0]).toBe('E');
  });

  it('is for one person’s tasks in the order in which they were queued, whatever their ids', () => {
    const [second, first] = [waits('A', 7), waits('A', 5)];
    expect(Array.from(inTurn(lineOf([second, first]), noTurnLimits, now), ({ id }) => id)).toEqual([
      first.id,
      second.id,
    ]);
  });

  it('has not come for a task that is not to be tried before a time', () => {
    const later = waits('A', 1, { notBefore: now + 1 });
    expect(people(lineOf([later, waits('B', 2)]))).toEqual(['B']);
    expect(people(lineOf([{ ...later, notBefore: now }]))).toEqual(['A']);
  });

  it.each([
    ['a person', { personRuns: 2 }, 'person:A'],
    ['a channel', { channelRuns: 2 }, `channel:${dev}`],
    ['one channel', { channels: new Map([[dev, 2]]) }, `channel:${dev}`],
    ['a repository', { repositoryRuns: 2 }, `repository:${repository}`],
    ['one repository', { repositories: new Map([[repository, 2]]) }, `repository:${repository}`],
  ])('passes over who is at the limit of %s, and goes on to the next', (_, limit, party) => {
    const elsewhere = { channel: ops, repositories: [other] };
    const limits = { ...noTurnLimits, ...limit };
    const waiting = [waits('A', 1), waits('B', 2, elsewhere)];
    expect(people(lineOf(waiting, { running: { [party]: 2 } }), limits)).toEqual(['B']);
    expect(people(lineOf(waiting, { running: { [party]: 1 } }), limits)).toContain('A');
  });

  it('counts a task against each of its repositories', () => {
    const both = waits('A', 1, { repositories: [repository, other] });
    const limits = { ...noTurnLimits, personRuns: 3, repositoryRuns: 5 };
    expect(limitsOf(both, limits).map(({ name, most }) => [name, most])).toEqual([
      ['A', 3],
      [repository, 5],
      [other, 5],
    ]);
    expect(partiesOf(both)).toEqual(['person:A', `channel:${dev}`, `repository:${repository}`, `repository:${other}`]);
  });

  it('can have its limit lifted for one channel or repository alone', () => {
    const limits = { ...noTurnLimits, channelRuns: 1, channels: new Map([[dev, null]]) };
    expect(limitsOf(waits('A', 1), limits)).toEqual([]);
  });
});

/** Plays a fleet: tasks come, slots take whoever is next, runs end; returns how many turns each task waited. */
function play(
  arrivals: readonly (readonly [at: number, person: string, channel?: ChannelId])[],
  slots: number,
  lasts: number,
) {
  const waiting = new Map<TaskId, WaitingTask>();
  const under: { ends: number; task: WaitingTask }[] = [];
  const served = new Map<string, number>();
  const waited = new Map<string, number[]>();
  const left = [...arrivals];
  for (let at = 0; left.length + waiting.size + under.length > 0; at += 1) {
    for (const run of under.filter(({ ends }) => ends <= at)) {
      under.splice(under.indexOf(run), 1);
      for (const party of partiesOf(run.task)) served.set(party, at);
    }
    while (left[0] !== undefined && left[0][0] <= at) {
      const [, person, where = dev] = left.shift() ?? [0, ''];
      const task = waits(person, at, { channel: where });
      waiting.set(task.id, task);
    }
    while (under.length < slots && waiting.size > 0) {
      const running = new Map<string, number>();
      for (const { task } of under) for (const p of partiesOf(task)) running.set(p, (running.get(p) ?? 0) + 1);
      const [next] = inTurn({ waiting: [...waiting.values()], running, served }, noTurnLimits, at);
      if (next === undefined) break;
      waiting.delete(next.id);
      under.push({ ends: at + lasts, task: next });
      for (const party of partiesOf(next)) served.set(party, at);
      waited.set(next.requester, [...(waited.get(next.requester) ?? []), at - next.since]);
    }
  }
  return waited;
}

describe('over time', () => {
  const backlog = Array.from({ length: 200 }, () => [0, 'heavy'] as const);

  it.each([1, 4])('a backlog of two hundred costs others no more than a turn each, on %i slots', (slots) => {
    const light = Array.from({ length: 9 }, (_, at) => [1 + at, `light${at}`] as const);
    const waited = play([...backlog, ...light], slots, 10);
    for (let at = 0; at < 9; at += 1) {
      // Their own turn comes after at most one of everybody else's.
      expect(Math.max(...(waited.get(`light${at}`) ?? []))).toBeLessThanOrEqual((10 * 11) / slots + 10);
    }
    // And the slots were never idle for it.
    expect(Math.max(...(waited.get('heavy') ?? []))).toBeLessThanOrEqual((10 * 210) / slots);
  });

  it('nobody is passed over for ever, though new people keep coming', () => {
    const stream = Array.from({ length: 300 }, (_, at) => [10 * at, `new${at}`] as const);
    const waited = play([[0, 'A'], [0, 'A'], [0, 'A'], ...stream], 1, 10);
    // The line never gets shorter, and yet three turns come within a few rounds.
    expect(Math.max(...(waited.get('A') ?? []))).toBeLessThan(400);
  });

  it('one person in a small channel is not kept waiting by a crowd in another', () => {
    const crowd = Array.from({ length: 40 }, (_, at) => [0, `crowd${at}`] as const);
    const waited = play([...crowd, [5, 'alone', ops]], 2, 10);
    expect(waited.get('alone')).toEqual([5]);
  });
});

describe('what those who wait are told', () => {
  const told = (line: Line, limits = noTurnLimits) => [...toTurns(line, limits, now).values()];

  it('is how many go before them', () => {
    expect(told(lineOf([waits('A', 1), waits('B', 2)]))).toEqual([
      { ahead: 0, held: null },
      { ahead: 1, held: null },
    ]);
  });

  it('is the limit they wait for, whose and how much', () => {
    const line = lineOf([waits('A', 1), waits('B', 2)], { running: { 'person:A': 2 } });
    expect(told(line, { ...noTurnLimits, personRuns: 2 })).toEqual([
      { ahead: 0, held: null },
      { ahead: 0, held: { by: 'person', name: 'A', most: 2 } },
    ]);
  });

  it('is nothing while they wait for something else', () => {
    expect(told(lineOf([waits('A', 1, { notBefore: now + 1 })]))).toEqual([]);
  });

  it('is told by and large far back, so that it changes rarely', () => {
    const many = Array.from({ length: 1_200 }, (_, at) => waits(`P${at}`, at));
    const ahead = told(lineOf(many)).map((turn) => turn.ahead);
    expect([8, 9, 10, 19, 20, 119, 999, 1_000, 1_199].map((at) => ahead[at])).toEqual([
      8, 9, 10, 10, 20, 100, 900, 1_000, 1_000,
    ]);
  });

  it('is compared by what it says', () => {
    const held = { by: 'repository', name: repository satisfies RepositoryName, most: 2 } as const;
    expect(isSameTurn({ ahead: 0, held }, { ahead: 0, held: { ...held } })).toBe(true);
    expect(isSameTurn({ ahead: 0, held }, { ahead: 0, held: { ...held, most: 3 } })).toBe(false);
    expect(isSameTurn({ ahead: 1, held: null }, null)).toBe(false);
    expect(isSameTurn(null, null)).toBe(true);
  });
});
