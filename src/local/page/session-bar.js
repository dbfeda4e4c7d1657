import { post, shown } from './api.js';
import { fill, h, icon } from './dom.js';
import { store } from './store.js';

const words = {
  processing: ['Working…', 'spinner'],
  suspended: ['Waiting for you', 'clock'],
  active: ['Ready', 'check'],
  closed: ['Closed', 'check'],
};

/** What an agent's session in the open thread is at, with Slack's own Stop while it works. */
export function sessionBar() {
  const node = h('div', { class: 'session', role: 'status', hidden: true });
  let drawn = '';

  function draw() {
    const { channelId, threadTs } = store;
    const session = store.session(channelId, threadTs);
    const key = JSON.stringify([session, store.state.nativeStop]);
    if (key === drawn) return;
    drawn = key;
    node.hidden = session === undefined;
    if (session === undefined) return;
    const [word, mark] = words[session.status];
    node.className = `session ${session.status}`;
    fill(
      node,
      h(
        'span',
        { class: 'session-mark', 'aria-hidden': 'true' },
        mark === 'spinner' ? h('span', { class: 'spinner' }) : icon(mark),
      ),
      h('span', { class: 'session-words' }, h('strong', null, word), session.title && h('span', null, session.title)),
      session.status === 'processing' && store.state.nativeStop && stop(channelId, threadTs),
    );
  }

  function stop(channel, thread_ts) {
    const button = h(
      'button',
      {
        class: 'button session-stop',
        type: 'button',
        'aria-label': 'Stop the agent',
        onclick: () => {
          button.classList.add('pending');
          shown(
            post('/session/stop', { user: store.me, channel, thread_ts }).catch((error) => {
              button.classList.remove('pending');
              throw error;
            }),
          );
        },
      },
      icon('stop'),
      'Stop',
    );
    return button;
  }

  return { node, draw };
}
