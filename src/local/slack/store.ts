import type { Clock } from '../../task/ports/clock.ts';
import { type Change, Fleeting } from './fleeting.ts';
import { limits } from './limits.ts';
import { seedWorkspace } from './seed.ts';
import type { AgentSession, Channel, Message, StoredFile, User, Workspace } from './workspace.ts';
import { readWorkspace, writeWorkspace } from './workspace-file.ts';

/** The workspace in memory, with every change told to listeners and, given a file, written to it atomically. */
export class WorkspaceStore extends Fleeting {
  /** Where the server is, which files' addresses begin with. */
  origin = '';
  readonly #file: string | null;
  readonly #workspace: Workspace;
  readonly #byKey = new Map<string, Message>();
  #lastTs = 0;
  #saving: Promise<void> = Promise.resolve();
  #dirty = false;

  constructor(workspace: Workspace, file: string | null, clock: Clock) {
    super(clock);
    this.#workspace = workspace;
    this.#file = file;
    for (const message of workspace.messages) {
      this.#byKey.set(`${message.channel}:${message.ts}`, message);
      this.#lastTs = Math.max(this.#lastTs, Number(message.ts.replace('.', '')));
    }
  }

  get workspace(): Workspace {
    return this.#workspace;
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

  file(id: string): StoredFile | undefined {
    return this.#workspace.files.find((file) => file.id === id);
  }

  putFile(file: StoredFile): void {
    this.#workspace.files.push(file);
    this.#changed({ type: 'file', file });
  }

  /** Forgets a file; messages go on naming it, and show that it was deleted. */
  removeFile(id: string): void {
    this.#workspace.files = this.#workspace.files.filter((file) => file.id !== id);
    this.#changed({ type: 'file_removed', id });
  }

  /** The session of a thread; what is `processing` for an hour lapses. */
  session(channel: string, threadTs: string): AgentSession | undefined {
    const found = this.#workspace.sessions.find((each) => each.channel === channel && each.thread_ts === threadTs);
    if (found?.status !== 'processing' || this.clock.now() - found.since < limits.processingMs) return found;
    return { ...found, status: 'active' };
  }

  putSession(session: AgentSession): void {
    const { channel, thread_ts } = session;
    const others = this.#workspace.sessions.filter((each) => each.channel !== channel || each.thread_ts !== thread_ts);
    this.#workspace.sessions = [...others, session];
    this.#changed({ type: 'session', session });
  }

  removeMessage(channel: string, ts: string): void {
    this.#byKey.delete(`${channel}:${ts}`);
    const list = this.#workspace.messages;
    const at = list.findIndex((each) => each.channel === channel && each.ts === ts);
    if (at >= 0) list.splice(at, 1);
    this.#changed({ type: 'message_removed', channel, ts });
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
