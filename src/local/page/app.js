import { channelPane } from './channel.js';
import { h, keepTime } from './dom.js';
import { loadEmoji } from './emoji.js';
import { walkParts } from './keys.js';
import { modals } from './modal.js';
import { closePopover } from './popover.js';
import { sidebar } from './sidebar.js';
import { sidesLine } from './sides.js';
import { follow, isRoot, store } from './store.js';
import { threadPane } from './thread.js';
import { toast } from './toast.js';

const root = document.getElementById('app');
const shade = h('button', { class: 'shade', type: 'button', 'aria-label': 'Close the list', onclick: closeMenu });
const side = sidebar({ open: openChannel });
const channel = channelPane({ openThread, openMenu });
const thread = threadPane({ close: closeThread });
const forms = modals();

function openChannel(id) {
  closeMenu();
  location.hash = `#${id}`;
}

function openThread(ts) {
  location.hash = `#${store.channelId}/${ts}`;
}

function closeThread() {
  location.hash = `#${store.channelId}`;
  channel.composer.focus();
}

function openMenu() {
  document.body.classList.add('menu-open');
}

function closeMenu() {
  document.body.classList.remove('menu-open');
}

/** `#<channel>` or `#<channel>/<thread>`; a permalink's path is turned into that first. */
function route() {
  const permalink = /^\/archives\/([A-Z0-9]+)\/p(\d+)(\d{6})$/.exec(location.pathname);
  if (permalink !== null) {
    const [, id, seconds, micros] = permalink;
    const message = store.message(id, `${seconds}.${micros}`);
    const ts = message === undefined ? '' : (message.thread_ts ?? message.ts);
    const opens = message !== undefined && (!isRoot(message) || store.replies(id, message.ts).length > 0);
    history.replaceState(null, '', `/#${id}${opens ? `/${ts}` : ''}`);
  }
  const [id = '', ts = ''] = location.hash.slice(1).split('/');
  const known = store.channels().find((each) => each.id === id) ?? store.channels()[0];
  store.channelId = known?.id ?? '';
  store.threadTs = store.message(store.channelId, ts) === undefined ? '' : ts;
  // The way back from a pull request.
  sessionStorage.setItem('place', location.hash);
}

let asked = false;

function draw() {
  if (asked) return;
  asked = true;
  requestAnimationFrame(() => {
    asked = false;
    side.draw();
    channel.draw();
    thread.draw();
    forms.draw();
    const unread = store.channels().reduce((sum, each) => sum + store.unread(each.id).mentions, 0);
    const name = store.channel(store.channelId)?.name;
    document.title = `${unread > 0 ? `(${unread}) ` : ''}${name ? `#${name}` : 'Errand'} · ${store.state.team.name}`;
  });
}

document.addEventListener('keydown', (event) => {
  if (event.altKey && /^[12]$/.test(event.key)) {
    const person = store.state.users[Number(event.key) - 1];
    event.preventDefault();
    closePopover();
    store.become(person.id);
    toast(`You are ${person.real_name} now.`);
  }
  if (event.key === 'Escape' && !document.querySelector('dialog[open]')) {
    if (document.body.classList.contains('menu-open')) closeMenu();
    else if (store.threadTs !== '') closeThread();
  }
});
document.querySelector('.skip')?.addEventListener('click', (event) => {
  event.preventDefault();
  (store.threadTs === '' ? channel : thread).composer.focus();
});
document.addEventListener('notice', (event) => toast(event.detail));
document.addEventListener('visibilitychange', draw);
window.addEventListener('hashchange', () => {
  route();
  draw();
});

const as = new URLSearchParams(location.search).get('as');
if (as !== null) store.me = as;
await loadEmoji();
await follow();
const named = store.state.users.find((each) => each.id === as || each.name === as);
if (named !== undefined) store.me = named.id;
route();
const whose = sidesLine(store.state.sides);
root?.replaceChildren(...(whose === null ? [] : [whose]), side.node, shade, channel.node, thread.node);
store.listeners.add(draw);
keepTime();
walkParts();
const { prefill } = store.state;
const fresh = store.state.messages.every((each) => each.user !== store.state.botUserId);
const draftKey = `draft:${store.me}:${store.channelId}`;
if (fresh && prefill !== '' && !sessionStorage.getItem(draftKey)) sessionStorage.setItem(draftKey, prefill);
draw();
