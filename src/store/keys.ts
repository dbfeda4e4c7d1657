import type { ChannelId, EngineId, MessageTs, RunId, TaskId, UserId } from '../task/ids.ts';

export type Keys = ReturnType<typeof createKeys>;

/**
 * The names of everything stored. All share one hash tag, so that a script may touch any of them on a Redis Cluster too;
 * scripts get `prefix` and build the names of rows and lanes from it.
 */
export function createKeys(instance: string) {
  const prefix = `{errand:${instance}}:`;
  return {
    prefix,
    schema: `${prefix}schema`,
    task: (id: TaskId) => `${prefix}task:${id}`,
    events: (id: TaskId) => `${prefix}events:${id}`,
    origin: (key: string) => `${prefix}origin:${key}`,
    thread: (channel: ChannelId, ts: MessageTs) => `${prefix}thread:${channel}:${ts}`,
    message: (channel: ChannelId, ts: MessageTs) => `${prefix}message:${channel}:${ts}`,
    fact: (name: string) => `${prefix}fact:${name}`,
    cursor: (run: RunId) => `${prefix}cursor:${run}`,
    file: (id: string) => `${prefix}file:${id}`,
    filesUntil: `${prefix}files:until`,
    fileSizes: `${prefix}files:sizes`,
    fileSum: `${prefix}files:sum`,
    crew: `${prefix}crew`,
    duty: (name: string) => `${prefix}duty:${name}`,
    sent: (of: 'person' | 'channel', id: string) => `${prefix}sent:${of}:${id}`,
    attested: (person: UserId) => `${prefix}attested:${person}`,
    envelope: (key: string) => `${prefix}inbox:${key}`,
    reactions: (channel: ChannelId, ts: MessageTs) => `${prefix}reactions:${channel}:${ts}`,
    turn: (name: string) => `${prefix}turn:${name}`,
    draft: (id: string) => `${prefix}draft:${id}`,
    choices: (by: UserId) => `${prefix}choices:${by}`,
    lane: (name: string) => `${prefix}lane:${name}`,
    pending: (name: string) => `${prefix}lane:${name}:pending`,
    lock: (name: string) => `${prefix}lane:${name}:lock`,
    spendingDay: (day: string) => `${prefix}spending:day:${day}`,
    spendingReserved: `${prefix}spending:reserved`,
    spendingVersion: `${prefix}spending:version`,
    healthNotes: `${prefix}health:notes`,
    unsettledTasks: `${prefix}tasks:unsettled`,
    settledTasks: `${prefix}tasks:settled`,
    openTasks: `${prefix}tasks:open`,
    tasksOn: (engine: EngineId) => `${prefix}tasks:on:${engine}`,
    hosts: `${prefix}hosts`,
    waitingTasks: `${prefix}tasks:waiting`,
    running: (party: string) => `${prefix}tasks:running:${party}`,
    servedParties: `${prefix}tasks:served`,
    recentTasks: `${prefix}tasks:recent`,
    inboxUnsettled: `${prefix}inbox-unsettled`,
    inboxAttempts: `${prefix}inbox-attempts`,
    dirtyLanes: `${prefix}lanes:dirty`,
    changedTasks: `${prefix}changed:tasks`,
    changedTasksOn: (engine: EngineId) => `${prefix}changed:on:${engine}`,
    changedLanes: `${prefix}changed:lanes`,
  };
}
