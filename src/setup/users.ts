/** Who a process is on this machine. */
export interface User {
  readonly uid: number;
  readonly gid: number;
  /** Groups beside its own. */
  readonly groups: readonly number[];
}

/** The users of one Errand. They have numbers and no names: nothing is added to the machine's list of users. */
export interface Users {
  readonly bot: User;
  readonly worker: User;
  readonly local: User;
  readonly redis: User;
  /** The group that all of them are in, which the data folder lets pass. */
  readonly all: number;
}

/** Above those of people on most machines; sandboxes begin at 20,001. */
const firstUid = 10_000;
const blocks = 1_000;
const blockSize = 8;

/** Two Errands on one machine have other numbers, unless one in a thousand says otherwise; those of one never change. */
export function usersOf(instance: string): Users {
  const all = firstUid + (Number.parseInt(instance, 16) % blocks) * blockSize;
  const store = all + 1;
  const user = (place: number, ...groups: number[]): User => ({ uid: all + place, gid: all + place, groups });
  return {
    all,
    bot: user(2, all, store),
    worker: user(3, all, store),
    local: user(4, all),
    // Its socket is of the group that may use it.
    redis: { uid: all + 5, gid: store, groups: [all] },
  };
}
