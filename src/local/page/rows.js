import { day, h } from './dom.js';
import { renderEphemeral, renderMessage } from './message.js';
import { isRoot, store } from './store.js';

const groupedWithinS = 300;

/** Messages of a channel or a thread with day lines and what only this person sees, in order. */
export function rows(channel, threadTs) {
  const root = store.message(channel, threadTs);
  const messages =
    threadTs === '' ? store.roots(channel) : [...(root ? [root] : []), ...store.replies(channel, threadTs)];
  const all = [
    ...messages.map((message) => ({ type: 'message', key: `m${message.ts}`, ts: message.ts, message })),
    ...store
      .ephemerals(channel, threadTs)
      .map((ephemeral) => ({ type: 'ephemeral', key: `e${ephemeral.ts}`, ts: ephemeral.ts, ephemeral })),
  ].sort((one, other) => Number(one.ts) - Number(other.ts));
  const out = [];
  let before = null;
  for (const item of all) {
    const today = day(Number(item.ts));
    if (threadTs === '' && (before === null || day(Number(before.ts)) !== today))
      out.push({ type: 'day', key: `d${today}`, words: today });
    const near =
      before !== null &&
      before.type === 'message' &&
      item.type === 'message' &&
      Number(item.ts) - Number(before.ts) < groupedWithinS;
    const grouped =
      near &&
      before.message.user === item.message.user &&
      !(before.message.user === store.state.botUserId && threadTs === '') &&
      day(Number(before.ts)) === today;
    out.push({ ...item, grouped: grouped && before.message !== root });
    if (threadTs !== '' && item.message !== undefined && item.message === root && all.length > 1) {
      out.push({ type: 'day', key: 'replies', words: `${all.length - 1} ${all.length === 2 ? 'reply' : 'replies'}` });
    }
    before = item;
  }
  return out;
}

const versions = new WeakMap();

/** Changes when a row has to be drawn anew. */
export function version(item) {
  const subject = item.message ?? item.ephemeral ?? item.view ?? item.channel;
  if (subject === undefined) return item.words;
  if (!versions.has(subject)) versions.set(subject, Math.random());
  const replies =
    item.type === 'message' && isRoot(item.message) ? store.replies(item.message.channel, item.message.ts) : [];
  const working = item.type === 'message' && store.session(item.message.channel, item.message.ts)?.status;
  const seen = replies.length > 0 ? store.seen(`${item.message.channel}:${item.message.ts}`) : '';
  return `${versions.get(subject)}:${item.grouped}:${item.fresh}:${replies.length}:${seen}:${working}:${store.me}:${store.threadTs === item.ts}:${store.generation}`;
}

/** One of them as an element. @param {any} item @param {any} context */
export function row(item, context) {
  if (item.type === 'day') return h('div', { class: 'day', role: 'separator' }, h('span', null, item.words));
  if (item.type === 'ephemeral') return renderEphemeral(item.ephemeral);
  return renderMessage(item.message, { ...context, grouped: item.grouped });
}
