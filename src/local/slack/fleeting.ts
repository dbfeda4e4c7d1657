import type { Clock } from '../../task/ports/clock.ts';
import type { AgentSession, Channel, Ephemeral, Message, StoredFile, View } from './workspace.ts';

/** What the page and waiting tests are told; each carries the whole new value. */
export type Change =
  | { readonly type: 'message'; readonly message: Message }
  | { readonly type: 'message_removed'; readonly channel: string; readonly ts: string }
  | { readonly type: 'ephemeral'; readonly ephemeral: Ephemeral }
  | { readonly type: 'ephemeral_removed'; readonly user: string; readonly ts: string }
  | { readonly type: 'channel'; readonly channel: Channel }
  | { readonly type: 'view'; readonly user: string; readonly view: View; readonly conversation: string | null }
  | { readonly type: 'view_closed'; readonly user: string; readonly view_id: string }
  | { readonly type: 'status'; readonly channel: string; readonly thread_ts: string; readonly status: string }
  | { readonly type: 'file'; readonly file: StoredFile }
  | { readonly type: 'file_removed'; readonly id: string }
  | { readonly type: 'session'; readonly session: AgentSession }
  | { readonly type: 'connections'; readonly count: number }
  /** What Slack's own client would tell this person in passing: an app that didn't answer. */
  | { readonly type: 'notice'; readonly user: string; readonly text: string };

/** A form that somebody has open. */
export interface OpenView {
  readonly user: string;
  readonly view: View;
  readonly conversation: string | null;
}

/** One write that the Web API or a response_url accepted. */
export interface LedgerEntry {
  readonly n: number;
  readonly at: number;
  readonly method: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly channel: string | null;
  readonly ts: string | null;
}

/** What nobody keeps, as Slack's clients don't: what one person sees, open forms, statuses; and who is told of every change. */
export class Fleeting {
  readonly clock: Clock;
  readonly #ephemerals: Ephemeral[] = [];
  readonly #views = new Map<string, OpenView>();
  readonly #homes = new Map<string, View>();
  readonly #statuses = new Map<string, Extract<Change, { type: 'status' }>>();
  readonly #ledger: LedgerEntry[] = [];
  readonly #listeners = new Set<(change: Change) => void>();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  get ledger(): readonly LedgerEntry[] {
    return this.#ledger;
  }

  get ephemerals(): readonly Ephemeral[] {
    return this.#ephemerals;
  }

  get views(): readonly OpenView[] {
    return [...this.#views.values()];
  }

  get homes(): ReadonlyMap<string, View> {
    return this.#homes;
  }

  get statuses(): readonly Extract<Change, { type: 'status' }>[] {
    return [...this.#statuses.values()];
  }

  putEphemeral(ephemeral: Ephemeral): void {
    const at = this.#ephemerals.findIndex((each) => each.ts === ephemeral.ts);
    if (at >= 0) this.#ephemerals[at] = ephemeral;
    else this.#ephemerals.push(ephemeral);
    this.tell({ type: 'ephemeral', ephemeral });
  }

  removeEphemeral(ts: string): void {
    const at = this.#ephemerals.findIndex((each) => each.ts === ts);
    const [removed] = at >= 0 ? this.#ephemerals.splice(at, 1) : [];
    if (removed !== undefined) this.tell({ type: 'ephemeral_removed', user: removed.user, ts });
  }

  view(id: string): OpenView | undefined {
    const home = [...this.#homes].find(([, view]) => view.id === id);
    return (
      this.#views.get(id) ?? (home === undefined ? undefined : { user: home[0], view: home[1], conversation: null })
    );
  }

  /** Shows a form or a Home tab; `conversation` is where the person was when the form opened. */
  putView(user: string, view: View, conversation: string | null = null): void {
    if (view.type === 'home') this.#homes.set(user, view);
    else this.#views.set(view.id, { user, view, conversation });
    this.tell({ type: 'view', user, view, conversation });
  }

  closeView(id: string): void {
    const open = this.#views.get(id);
    if (open === undefined) return;
    this.#views.delete(id);
    this.tell({ type: 'view_closed', user: open.user, view_id: id });
  }

  setStatus(channel: string, threadTs: string, status: string): void {
    const change = { type: 'status', channel, thread_ts: threadTs, status } as const;
    if (status === '') this.#statuses.delete(`${channel}:${threadTs}`);
    else this.#statuses.set(`${channel}:${threadTs}`, change);
    this.tell(change);
  }

  record(entry: Omit<LedgerEntry, 'n' | 'at'>): void {
    this.#ledger.push({ n: this.#ledger.length + 1, at: this.clock.now(), ...entry });
  }

  /** Calls back with each change until the returned function is called. */
  subscribe(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  tell(change: Change): void {
    for (const listener of this.#listeners) listener(change);
  }
}
