import type { ChannelId, MessageTs } from '../task/ids.ts';
import type { TaskStore } from '../task/ports/task-store.ts';

/** Where something may have been said to Errand: in a thread, or, where that is null, in a channel itself. */
export interface Place {
  readonly channel: ChannelId;
  readonly thread: MessageTs | null;
}

/** How many of the newest tasks say in which channels people speak to Errand. */
const recentTasks = 100;

/** The threads of all tasks that still need somebody, and the channels that tasks come from, for what was said there unheard. */
export async function openPlaces(
  store: Pick<TaskStore, 'unsettled' | 'find' | 'recent' | 'deliveredTs'>,
): Promise<readonly Place[]> {
  const places = new Map<string, Place>();
  const add = (place: Place) => places.set(`${place.channel} ${place.thread}`, place);
  for (const id of await store.unsettled()) {
    const task = await store.find(id);
    if (task === undefined) continue;
    const { channel, thread } = task.origin;
    const root = thread ?? (await store.deliveredTs(id, 'root'));
    if (root !== null) add({ channel, thread: root });
  }
  for (const { origin } of await store.recent(recentTasks)) add({ channel: origin.channel, thread: null });
  return [...places.values()];
}
