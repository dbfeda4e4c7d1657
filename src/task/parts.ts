import type { RepositoryName, Sha } from './ids.ts';
import type { Checkout, Ci, Part, PullState, Result, Task } from './task.ts';

/** A part whose checkout is prepared: its place among the task's parts, and the checkout's below the workspace. */
export type PreparedPart = Part & { readonly checkout: Checkout; readonly index: number; readonly folder: string };

/** The same task with each of its parts put through `change`. */
export function atEveryPart(task: Task, change: (part: Part) => Part): Task {
  const [first, ...others] = task.parts;
  return { ...task, parts: [change(first), ...others.map(change)] };
}

/** The part in this repository; undefined where the task has none there. */
export function partIn(task: Task, repository: RepositoryName): Part | undefined {
  return task.parts.find((part) => part.repository === repository);
}

/** All parts with what the latest run was given; null until that is prepared. */
export function preparedParts(task: Task): readonly PreparedPart[] | null {
  const folders = checkoutFolders(task.parts.map(({ repository }) => repository));
  const prepared = task.parts.flatMap((part, index) => {
    const { checkout } = part;
    return checkout === null ? [] : [{ ...part, checkout, index, folder: folders[index] ?? '' }];
  });
  return prepared.length === task.parts.length ? prepared : null;
}

/** The result that the pull request stands at, where its workflows are held; undefined else. */
export function heldResult({ pull, results }: Part): Result | undefined {
  if (pull.type === 'none') return undefined;
  const latest = results.findLast(({ head }) => head === pull.pull.head);
  return latest?.ci?.type === 'held' ? latest : undefined;
}

/** What workflows make of a head that the latest run pushed, or found; undefined where none run. */
export function ciOf({ checkout }: Part, head: Sha): Ci | undefined {
  if (checkout?.ci === undefined) return undefined;
  const { held, startHeld, target } = checkout.ci;
  return { type: (head === checkout.start ? startHeld : held) ? 'held' : 'unheld', target };
}

/** Whether a pull request is up for review or on its way in. */
export function isUnderReview(pull: PullState): pull is Extract<PullState, { type: 'open' | 'merging' }> {
  return pull.type === 'open' || pull.type === 'merging';
}

/** Whether a pull request was merged or closed. */
export function hasEnded(pull: PullState): pull is Extract<PullState, { type: 'merged' | 'closed' }> {
  return pull.type === 'merged' || pull.type === 'closed';
}

/** Whether a run made something in this part that no pull request has, held or not. */
export function isOwed({ pull, owed, hold }: Part): boolean {
  return pull.type === 'none' && (owed === true || hold !== undefined);
}

/**
 * Whether every pull request that the task made has ended: a reply starts a new task then. What is merged waits for a part whose
 * change did not get into one; where people closed them all, they gave that up too.
 */
export function isOver(task: Task): boolean {
  if (task.parts.some(({ pull }) => isUnderReview(pull))) return false;
  if (task.parts.some(({ pull }) => pull.type === 'merged')) return !task.parts.some(isOwed);
  return task.parts.some(({ pull }) => hasEnded(pull));
}

/**
 * Where the checkouts of these repositories lie below a workspace, in their order: `repo` for a single one; several lie side by
 * side in `repos`, each named after its repository, and after its owner too where two would be called the same.
 */
export function checkoutFolders(repositories: readonly RepositoryName[]): readonly string[] {
  if (repositories.length === 1) return ['repo'];
  const split = repositories.map((repository) => {
    const [owner = '', name = ''] = repository.toLowerCase().split('/');
    // A folder `.git` would make its parent a repository.
    return { owner, name: name.replace(/^\.+/, '') };
  });
  const clash = new Set(split.map(({ name }) => name)).size < split.length || split.some(({ name }) => name === '');
  // No owner has an underscore in its name.
  return split.map(({ owner, name }) => `repos/${clash ? `${owner}__${name}` : name}`);
}

/** Where an agent works, below the workspace: in its one checkout, or beside them all. */
export function agentFolder(parts: readonly PreparedPart[]): string {
  const [only, ...others] = parts;
  return only !== undefined && others.length === 0 ? only.folder : 'repos';
}
