import { exactUpTo, type Held, type Turn } from '../task/line.ts';
import type { Task } from '../task/task.ts';

/** What the people of a queued task are told of its turn: how many go before it, and what it waits for. */
export function toTurnLine({ requesterName }: Pick<Task, 'requesterName'>, { ahead, held, stranded }: Turn): string {
  if (held !== null)
    return `Waits until ${toWhose(held, requesterName)} ends: ${toWhom(held)} may have ${held.most} at once`;
  const place = ahead === 0 ? 'Next' : ahead <= exactUpTo ? `${ahead} ahead` : `${ahead} or more ahead`;
  return stranded === true ? `${place}, but no worker is up` : `${place}, waiting for a free worker`;
}

function toWhose({ by, name }: Held, requester: string): string {
  return { person: `a run of ${requester}'s`, channel: 'a run of this channel', repository: `a run in ${name}` }[by];
}

function toWhom({ by }: Held): string {
  return { person: 'one person', channel: 'it', repository: 'it' }[by];
}
