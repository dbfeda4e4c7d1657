/** Where faults of the list are played that no story of this suite plays, and how much of them. */
export const elsewhere: ReadonlyMap<number, string> = new Map([
  [2, 'the boundary `bot inbox.put`, before it'],
  [3, 'the boundary `bot inbox.put`, after it'],
  [7, '[`slack-in.test.ts`](../test/contracts/slack-in.test.ts), and the attacks K1 and following'],
  [16, 'every boundary, and not only with SIGKILL'],
  [
    18,
    'in part: every boundary of the worker, column hang; [`hosts.test.ts`](../test/contracts/hosts.test.ts) for who takes over, and when',
  ],
  [19, 'every boundary, column hang: the event loop stands still for longer than a lock'],
  [
    21,
    'in part: [`store-versions.test.ts`](../test/contracts/store-versions.test.ts), the store of the version before',
  ],
  [22, '[`hosts.test.ts`](../test/contracts/hosts.test.ts): the second one is told who has the engine'],
  [23, 'in part: [`hosts.test.ts`](../test/contracts/hosts.test.ts), the leases'],
  [31, 'there are no warm slots'],
  [35, '[`worker.test.ts`](../test/app/worker.test.ts): a thousand of them keep no task from its slot'],
]);
