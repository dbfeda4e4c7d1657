import type { TaskWatcher } from '../operate/watch-tasks.ts';
import type { Narrator, TaskStore } from '../task/ports/task-store.ts';
import type { OutboxRow } from '../task/said.ts';
import type { Task } from '../task/task.ts';

/**
 * Tells a watcher of each change of a task that this process stored, once and after it is stored. The store narrates each try of a write,
 * with the task as it was; which of them was the last, the task that comes back says. What a watcher throws goes to `onError`: the change
 * stands all the same.
 */
export function watchedTasks(narrate: Narrator, watcher: TaskWatcher, onError: (error: unknown) => void) {
  const befores = new WeakMap<Task, Task>();
  const tell: TaskWatcher = (...change) => {
    try {
      watcher(...change);
    } catch (error) {
      onError(error);
    }
  };
  return {
    narrate: ((task, event, before) => {
      befores.set(task, before);
      return narrate(task, event, before);
    }) satisfies Narrator,
    watch: (tasks: TaskStore): TaskStore => ({
      ...tasks,
      async create(task: Task, rows: readonly OutboxRow[]) {
        const made = await tasks.create(task, rows);
        if (made.created) tell({ type: 'task_created', at: task.createdAt }, made.task, made.task);
        return made;
      },
      async apply(id, event, options) {
        const applied = await tasks.apply(id, event, options);
        const before = applied.type === 'applied' ? befores.get(applied.task) : undefined;
        if (applied.type === 'applied' && before !== undefined) tell(event, before, applied.task);
        return applied;
      },
    }),
  };
}
