/** Where faults of the list are played that no story of this suite plays, or that others play as well. */
export const elsewhere: ReadonlyMap<number, string> = new Map([
  [2, '✔ the boundary `bot inbox.put`, before it'],
  [3, '✔ the boundary `bot inbox.put`, after it'],
  [7, '[`slack-doors.test.ts`](../test/contracts/slack-doors.test.ts)'],
  [16, 'below, and not only with SIGKILL'],
  [
    18,
    'every boundary of the worker below, column hang; [`hosts.test.ts`](../test/contracts/hosts.test.ts) with another host that took over',
  ],
  [19, 'every boundary below, column hang: the event loop stands still for longer than a lock'],
  [21, '[`store-versions.test.ts`](../test/contracts/store-versions.test.ts)'],
  [22, '[`hosts.test.ts`](../test/contracts/hosts.test.ts)'],
  [23, '[`hosts.test.ts`](../test/contracts/hosts.test.ts)'],
]);
