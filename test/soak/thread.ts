import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { LedgerEntry } from '../../src/local/slack/fleeting.ts';
import { parseTaskId, type TaskId } from '../../src/task/ids.ts';

const marked = z.object({ event_payload: z.object({ lane: z.string(), key: z.string() }) });

/** A message of Errand's as Slack took it, by what Errand calls it. */
export interface Post {
  readonly lane: string;
  readonly key: string;
  readonly channel: string;
  readonly ts: string;
}

/** What Slack's ledger has of Errand's messages, each read once however often somebody looks. */
export class Threads {
  readonly #ledger: () => readonly LedgerEntry[];
  readonly #lanes = new Map<string, Post[]>();
  readonly #titles = new Map<string, string>();
  #read = 0;
  /** Posts without a mark, which nobody could find again. */
  unmarked = 0;

  constructor(ledger: () => readonly LedgerEntry[]) {
    this.#ledger = ledger;
  }

  /** Every message by the lane it is of. */
  all(): ReadonlyMap<string, readonly Post[]> {
    this.#readOn();
    return this.#lanes;
  }

  root(title: string): Post | undefined {
    this.#readOn();
    return this.#lanes.get(this.#titles.get(title) ?? '')?.find(({ key }) => key === 'root');
  }

  task(title: string): TaskId | undefined {
    return parseTaskId(this.root(title)?.lane ?? '');
  }

  /** Those of a task whose key begins so, oldest first. */
  of(title: string, begins: string): readonly Post[] {
    this.#readOn();
    return this.#lanes.get(this.#titles.get(title) ?? '')?.filter(({ key }) => key.startsWith(begins)) ?? [];
  }

  #readOn(): void {
    const ledger = this.#ledger();
    for (; this.#read < ledger.length; this.#read += 1) {
      const entry = ledger[this.#read];
      if (entry?.method !== 'chat.postMessage') continue;
      const mark = marked.safeParse(entry.args.metadata).data?.event_payload;
      if (mark === undefined) {
        this.unmarked += 1;
        continue;
      }
      const posts = this.#lanes.get(mark.lane) ?? [];
      posts.push({ ...mark, channel: entry.channel ?? '', ts: entry.ts ?? '' });
      this.#lanes.set(mark.lane, posts);
      const title = /Soak \d{4}(?: again)?/.exec(JSON.stringify(entry.args))?.[0];
      if (mark.key === 'root' && title !== undefined) this.#titles.set(title, mark.lane);
    }
  }
}

/** Looks until there is something; undefined when there is nothing in time. */
export async function until<Value>(
  look: () => Value | undefined | Promise<Value | undefined>,
  withinMs: number,
): Promise<Value | undefined> {
  const end = performance.now() + withinMs;
  while (true) {
    const found = await look();
    if (found !== undefined || performance.now() > end) return found;
    await delay(200);
  }
}
