/**
 * The workspace as one person sees it: what the server said, kept current by its stream of changes.
 * `changed` is told after each; drawing is coalesced to one a frame by the app.
 */
export const store = {
  /** @type {any} */
  state: null,
  me: '',
  channelId: '',
  /** The root of the open thread, or the empty string. */
  threadTs: '',
  online: false,
  /** Bumped where many messages have to be drawn anew: another person, another day. */
  generation: 0,
  /** @type {Set<() => void>} */
  listeners: new Set(),

  user: (id) => store.state.users.find((each) => each.id === id),
  channel: (id) => store.state.channels.find((each) => each.id === id),
  get bot() {
    return store.user(store.state.botUserId);
  },

  message: (channel, ts) => index().messages.get(`${channel}:${ts}`),
  roots: (channel) => index().roots.get(channel) ?? [],
  replies: (channel, ts) => index().replies.get(`${channel}:${ts}`) ?? [],
  /** What only this person sees, in a channel or in one of its threads. */
  ephemerals: (channel, threadTs) =>
    store.state.ephemerals.filter(
      (each) => each.user === store.me && each.channel === channel && (each.thread_ts ?? '') === threadTs,
    ),
  channels: () => store.state.channels.filter((each) => each.members.includes(store.me)),
  file: (id) => store.state.files.find((each) => each.id === id),
  /** A file that this page has put there itself, before the stream tells of it. */
  takeFile(file) {
    if (store.file(file.id) === undefined) store.state.files.push(file);
  },
  /** The session of an agent in a thread; what is `processing` lapses after an hour. */
  session(channel, ts) {
    const found = store.state.sessions.find((each) => each.channel === channel && each.thread_ts === ts);
    const lapsed = found?.status === 'processing' && Date.now() - found.since >= 3_600_000;
    return lapsed ? { ...found, status: 'active' } : found;
  },
  /** The form on top, with where its person was when it opened. */
  view: () => store.state.views.filter((each) => each.user === store.me).at(-1),
  status: (channel, ts) =>
    store.state.statuses.find((each) => each.channel === channel && each.thread_ts === ts)?.status,

  changed() {
    indexed = null;
    for (const listener of store.listeners) listener();
  },

  /** @param {string} id */
  become(id) {
    store.me = id;
    store.generation += 1;
    localStorage.setItem('me', id);
    if (!store.channels().some((each) => each.id === store.channelId)) store.channelId = store.channels()[0]?.id ?? '';
    if (store.message(store.channelId, store.threadTs) === undefined) store.threadTs = '';
    store.changed();
  },

  /** The newest message that this person has seen in a channel or thread. */
  seen: (key) => localStorage.getItem(`seen:${store.me}:${key}`) ?? '',
  see(key, ts) {
    if (ts > store.seen(key)) localStorage.setItem(`seen:${store.me}:${key}`, ts);
  },
  unread(channel) {
    const seen = store.seen(channel);
    const fresh = store.roots(channel).filter((each) => each.ts > seen && each.user !== store.me);
    return { count: fresh.length, mentions: fresh.filter((each) => each.text.includes(`<@${store.me}>`)).length };
  },
};

/** @type {{ messages: Map<string, any>, roots: Map<string, any[]>, replies: Map<string, any[]> } | null} */
let indexed = null;

/** Messages by where they are looked for; made anew after each change. */
function index() {
  if (indexed !== null) return indexed;
  indexed = { messages: new Map(), roots: new Map(), replies: new Map() };
  const add = (map, key, message) => (map.get(key) ?? map.set(key, []).get(key)).push(message);
  for (const message of store.state.messages) {
    indexed.messages.set(`${message.channel}:${message.ts}`, message);
    if (isRoot(message) || message.subtype === 'thread_broadcast') add(indexed.roots, message.channel, message);
    if (!isRoot(message)) add(indexed.replies, `${message.channel}:${message.thread_ts}`, message);
  }
  return indexed;
}

export const isRoot = (message) => message.thread_ts === undefined || message.thread_ts === message.ts;

/** Loads everything, and follows changes for as long as the page is open. */
export async function follow() {
  await reload();
  const source = new EventSource('/local/events');
  source.addEventListener('hello', () => {
    if (store.online) return;
    store.online = true;
    // What happened while the line was down is in the state.
    reload().catch((error) => console.info(error.message));
  });
  source.addEventListener('change', (event) => {
    const change = JSON.parse(event.data);
    if (change.type !== 'notice') for (const missed of reloads) missed.push(change);
    apply(change);
  });
  source.addEventListener('error', () => {
    store.online = false;
    store.changed();
  });
}

/** @type {Set<any[]>} What changed while the whole state was on its way: it may be younger than the answer. */
const reloads = new Set();

/** Asks for everything anew. */
export async function reload() {
  const missed = [];
  reloads.add(missed);
  try {
    store.state = await (await fetch('/local/state')).json();
  } finally {
    reloads.delete(missed);
  }
  for (const change of missed) apply(change);
  store.generation += 1;
  if (store.user(store.me) === undefined) store.me = localStorage.getItem('me') ?? '';
  if (store.user(store.me) === undefined) store.me = store.state.users[0].id;
  store.changed();
}

function upsert(list, item, same) {
  const at = list.findIndex(same);
  if (at >= 0) list[at] = item;
  else list.push(item);
}

const drop = (list, match) => list.filter((each) => !match(each));

function apply(change) {
  const { state } = store;
  switch (change.type) {
    case 'message':
      upsert(
        state.messages,
        change.message,
        (each) => each.channel === change.message.channel && each.ts === change.message.ts,
      );
      break;
    case 'message_removed':
      state.messages = drop(state.messages, (each) => each.channel === change.channel && each.ts === change.ts);
      if (store.threadTs === change.ts) store.threadTs = '';
      break;
    case 'ephemeral':
      upsert(state.ephemerals, change.ephemeral, (each) => each.ts === change.ephemeral.ts);
      break;
    case 'ephemeral_removed':
      state.ephemerals = drop(state.ephemerals, (each) => each.ts === change.ts);
      break;
    case 'channel':
      upsert(state.channels, change.channel, (each) => each.id === change.channel.id);
      break;
    case 'view':
      if (change.view.type === 'home') state.homes[change.user] = change.view;
      else {
        const { user, view, conversation } = change;
        upsert(state.views, { user, view, conversation }, (each) => each.view.id === view.id);
      }
      break;
    case 'view_closed':
      state.views = drop(state.views, (each) => each.view.id === change.view_id);
      break;
    case 'status':
      state.statuses = drop(
        state.statuses,
        (each) => each.channel === change.channel && each.thread_ts === change.thread_ts,
      );
      if (change.status !== '') state.statuses.push(change);
      break;
    case 'file':
      store.takeFile(change.file);
      break;
    case 'file_removed':
      state.files = drop(state.files, (each) => each.id === change.id);
      store.generation += 1;
      break;
    case 'session':
      upsert(
        state.sessions,
        change.session,
        (each) => each.channel === change.session.channel && each.thread_ts === change.session.thread_ts,
      );
      break;
    case 'connections':
      state.connections = change.count;
      break;
    case 'notice':
      if (change.user === store.me) document.dispatchEvent(new CustomEvent('notice', { detail: change.text }));
      break;
  }
  store.changed();
}
