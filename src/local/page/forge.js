import { fill, h, icon } from './dom.js';
import { sidesLine } from './sides.js';

const place = document.getElementById('forge');
const againMs = 3_000;
let drawn = '';

/** Every pull request of the local forge, drawn anew when one of them changes. */
async function draw() {
  const [sides, state] = await Promise.all(['/local/sides', '/local/forge/state'].map(ask));
  const key = JSON.stringify([sides, state]);
  if (key === drawn) return;
  drawn = key;
  if (sides === null) return;
  fill(place, head(sides), state === null ? away() : list(state.repositories, sides));
}

async function ask(path) {
  const response = await fetch(path).catch(() => null);
  return response?.ok ? response.json() : null;
}

function head(sides) {
  return h(
    'header',
    { class: 'forge-head' },
    h('span', { class: 'forge-mark', 'aria-hidden': 'true' }, icon('bolt')),
    h('div', null, h('h1', null, 'Pull requests'), h('p', null, 'the local forge of Errand')),
    sidesLine(sides),
  );
}

const away = () =>
  h(
    'main',
    { class: 'forge' },
    h('p', { class: 'forge-none' }, 'The local forge does not answer. Is Errand still running?'),
  );

function list(repositories, sides) {
  const all = repositories.flatMap((each) => each.pulls);
  return h(
    'main',
    { class: 'forge' },
    all.length === 0 &&
      h(
        'p',
        { class: 'forge-none' },
        'None yet. ',
        sides.slack.where === 'slack' ? 'Ask Errand for something in Slack, and what it makes shows here.' : '',
      ),
    repositories.map((each) =>
      h(
        'section',
        { 'aria-label': each.name },
        h('h2', null, icon('branch'), each.name, h('small', null, `into ${each.defaultBranch}`)),
        each.pulls.length === 0
          ? h('p', { class: 'quiet' }, 'No pull request.')
          : h(
              'ul',
              null,
              each.pulls.toReversed().map((pull) => line(pull)),
            ),
      ),
    ),
  );
}

const states = { open: ['Open', 'branch'], merged: ['Merged', 'merge'], closed: ['Closed', 'cross'] };

function line(pull) {
  const [word, mark] = pull.draft && pull.state === 'open' ? ['Draft', 'branch'] : (states[pull.state] ?? states.open);
  return h(
    'li',
    null,
    h(
      'a',
      { href: new URL(pull.url).pathname },
      h('span', { class: `state ${pull.draft && pull.state === 'open' ? 'draft' : pull.state}` }, icon(mark), word),
      h('span', { class: 'forge-title' }, pull.title, ' ', h('span', { class: 'quiet' }, `#${pull.number}`)),
      h('code', null, pull.head),
    ),
  );
}

await draw();
setInterval(() => draw().catch((error) => console.info(error.message)), againMs);
