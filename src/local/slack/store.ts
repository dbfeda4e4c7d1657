import type { Clock } from '../../task/ports.ts';
import { seedWorkspace } from './seed.ts';
import type { Channel, Ephemeral, Message, User, View, Workspace } from './workspace.ts';
import { readWorkspace, writeWorkspace } from './workspace-file.ts';

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

/** The workspace in memory, with every change told to listeners and, given a file, written to it atomically. */
export class WorkspaceStore {
  readonly clock: Clock;
  readonly #file: string | null;
  readonly #workspace: Workspace;
  readonly #byKey = new Map<string, Message>();
  readonly #ephemerals: Ephemeral[] = [];
  readonly #views = new Map<string, OpenView>();
  readonly #homes = new Map<string, View>();
  readonly #statuses = new Map<string, Extract<Change, { type: 'status' }>>();
  readonly #ledger: LedgerEntry[] = [];
  readonly #listeners = new Set<(change: Change) => void>();
  #lastTs = 0;
  #saving: Promise<void> = Promise.resolve();
  #dirty = false;

  constructor(workspace: Workspace, file: string | null, clock: Clock) {
    this.#workspace = workspace;
    this.#file = file;
    this.clock = clock;
    for (const message of workspace.messages) {
      this.#byKey.set(`${message.channel}:${message.ts}`, message);
      this.#lastTs = Math.max(this.#lastTs, Number(message.ts.replace('.', '')));
    }
  }

  get workspace(): Workspace {
    return this.#workspace;
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

  /** A new message id: strictly growing, the clock's seconds and six digits. */
  nextTs(): string {
    this.#lastTs = Math.max(this.clock.now() * 1000, this.#lastTs + 1);
    const digits = String(this.#lastTs);
    return `${digits.slice(0, -6)}.${digits.slice(-6)}`;
  }

  user(id: string): User | undefined {
    return this.#workspace.users.find((user) => user.id === id);
  }

  get bot(): User {
    const bot = this.user(this.#workspace.botUserId);
    if (bot === undefined) throw new Error('the workspace has no bot user');
    return bot;
  }

  channel(id: string): Channel | undefined {
    return this.#workspace.channels.find((channel) => channel.id === id);
  }

  /** The direct conversation of two people, made when there is none. */
  direct(one: string, other: string): Channel {
    const found = this.#workspace.channels.find(
      (channel) => channel.is_im && channel.members.includes(one) && channel.members.includes(other),
    );
    if (found !== undefined) return found;
    const channel: Channel = {
      id: `D${one.slice(1, 6)}${other.slice(1, 6)}`.padEnd(11, '0'),
      name: '',
      topic: '',
      created: Math.floor(this.clock.now() / 1000),
      is_private: true,
      is_im: true,
      is_archived: false,
      is_ext_shared: false,
      members: [one, other],
    };
    this.#workspace.channels.push(channel);
    this.#changed({ type: 'channel', channel });
    return channel;
  }

  join(channel: Channel, user: string): void {
    if (channel.members.includes(user)) return;
    channel.members.push(user);
    this.#changed({ type: 'channel', channel });
  }

  leave(channel: Channel, user: string): void {
    channel.members = channel.members.filter((member) => member !== user);
    this.#changed({ type: 'channel', channel });
  }

  archive(channel: Channel, archived: boolean): void {
    channel.is_archived = archived;
    this.#changed({ type: 'channel', channel });
  }

  message(channel: string, ts: string): Message | undefined {
    return this.#byKey.get(`${channel}:${ts}`);
  }

  /** A channel's messages, replies included, oldest first. */
  messages(channel: string): readonly Message[] {
    return this.#workspace.messages.filter((message) => message.channel === channel);
  }

  replies(channel: string, root: string): readonly Message[] {
    return this.messages(channel).filter((message) => message.thread_ts === root && message.ts !== root);
  }

  /** Adds a message, or takes a changed one of the same `ts`. */
  putMessage(message: Message): void {
    const key = `${message.channel}:${message.ts}`;
    const list = this.#workspace.messages;
    if (this.#byKey.has(key)) {
      const at = list.findIndex((each) => each.channel === message.channel && each.ts === message.ts);
      list[at] = message;
    } else {
      list.push(message);
    }
    this.#byKey.set(key, message);
    this.#changed({ type: 'message', message });
  }

  removeMessage(channel: string, ts: string): void {
    this.#byKey.delete(`${channel}:${ts}`);
    const list = this.#workspace.messages;
    const at = list.findIndex((each) => each.channel === channel && each.ts === ts);
    if (at >= 0) list.splice(at, 1);
    this.#changed({ type: 'message_removed', channel, ts });
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

  /** Settles when all changes so far are in the file; writes that come together become one. */
  flush(): Promise<void> {
    if (!this.#dirty || this.#file === null) return this.#saving;
    this.#dirty = false;
    const file = this.#file;
    this.#saving = this.#saving.then(() => writeWorkspace(file, this.#workspace));
    return this.#saving;
  }

  #changed(change: Change): void {
    this.#dirty = true;
    this.tell(change);
  }
}

/** Opens the workspace in `file`, or seeds one; none keeps it in memory. Throws `Problem` when the file isn't one of ours. */
export async function openWorkspace(file: string | null, clock: Clock): Promise<WorkspaceStore> {
  const known = file === null ? null : await readWorkspace(file);
  return new WorkspaceStore(known ?? seedWorkspace(clock.now()), file, clock);
}
