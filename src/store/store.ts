import type { Attestations } from '../task/ports/attestations.ts';
import type { Clock } from '../task/ports/clock.ts';
import type { Crew } from '../task/ports/crew.ts';
import type { Duty } from '../task/ports/duty.ts';
import type { FileStore } from '../task/ports/files.ts';
import type { HealthNotes, StoreFigures } from '../task/ports/health.ts';
import type { Hosts } from '../task/ports/hosts.ts';
import type { Drafts, Inbox } from '../task/ports/inbox.ts';
import type { Ledger } from '../task/ports/ledger.ts';
import type { Outbox } from '../task/ports/outbox.ts';
import type { Reactions } from '../task/ports/reactions.ts';
import type { Narrator, TaskStore } from '../task/ports/task-store.ts';
import type { Turns } from '../task/ports/turns.ts';
import type { Turnstile } from '../task/ports/turnstile.ts';
import { createAttestations } from './attestations.ts';
import type { Connection } from './connection.ts';
import { createCrew } from './crew.ts';
import { createDrafts } from './drafts.ts';
import { createDuty } from './duty.ts';
import { createFileStore } from './files.ts';
import { createFigures, createHealthNotes } from './health.ts';
import { createHosts } from './hosts.ts';
import { createInbox } from './inbox.ts';
import { createKeys } from './keys.ts';
import { createLedger } from './ledger.ts';
import { createOutbox } from './outbox.ts';
import { createReactions } from './reactions.ts';
import { createTaskStore } from './tasks.ts';
import { createTurns } from './turns.ts';
import { createTurnstile } from './turnstile.ts';

export interface Store {
  readonly tasks: TaskStore;
  readonly inbox: Inbox;
  readonly outbox: Outbox;
  readonly drafts: Drafts;
  readonly ledger: Ledger;
  readonly files: FileStore;
  readonly crew: Crew;
  readonly duty: Duty;
  readonly hosts: Hosts;
  readonly turnstile: Turnstile;
  readonly attestations: Attestations;
  readonly reactions: Reactions;
  readonly turns: Turns;
  readonly health: HealthNotes;
  readonly figures: () => Promise<StoreFigures>;
}

/**
 * The store on one Redis. `redis` stays the caller's, from `openRedis`, and is to be checked with `checkRedis` before;
 * `instance` keeps several Errands on one Redis apart. Every call throws `Problem` (`redis_down`, `redis_full`, …) when it can't be done.
 */
export function createStore(redis: Connection, options: { instance?: string; narrate: Narrator; clock: Clock }): Store {
  const keys = createKeys(options.instance ?? 'default');
  return {
    tasks: createTaskStore(redis, keys, options.narrate, options.clock),
    inbox: createInbox(redis, keys, options.clock),
    outbox: createOutbox(redis, keys, options.clock),
    drafts: createDrafts(redis, keys),
    ledger: createLedger(redis, keys, options.clock),
    files: createFileStore(redis, keys, options.clock),
    crew: createCrew(redis, keys, options.clock),
    duty: createDuty(redis, keys),
    hosts: createHosts(redis, keys),
    turnstile: createTurnstile(redis, keys),
    attestations: createAttestations(redis, keys),
    reactions: createReactions(redis, keys),
    turns: createTurns(redis, keys),
    health: createHealthNotes(redis, keys),
    figures: createFigures(redis, keys),
  };
}
