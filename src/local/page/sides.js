import { h, icon } from './dom.js';

/**
 * One line on whose each side is; nothing where both are local, as everybody expects of this page.
 * @param {{ slack: any, forge: any }} sides
 */
export function sidesLine({ slack, forge }) {
  if (slack.where === 'local' && forge.where === 'local') return null;
  return h('p', { class: 'sides', role: 'note' }, icon('link'), h('span', null, ...words(slack, forge)));
}

function words(slack, forge) {
  if (slack.where === 'slack') {
    return [
      'The conversation is in your Slack',
      ...(slack.url === null
        ? []
        : [' (', h('a', { href: slack.url, rel: 'noopener noreferrer' }, hostOf(slack.url)), ')']),
      '. Pull requests here are local: none goes to GitHub.',
    ];
  }
  const { repositories, apiHost } = forge;
  return [
    'This conversation is local. ',
    h('strong', null, `Pull requests go to GitHub (${apiHost})`),
    repositories.length === 0 ? ', to what its App is installed on.' : [', to ', listed(repositories), '.'],
  ];
}

const hostOf = (url) => new URL(url).host;

/** Three names, and how many more. */
function listed(names) {
  const shown = names.slice(0, 3).join(', ');
  const more = names.length - 3;
  return h('span', { title: names.join(', ') }, more > 0 ? `${shown} and ${more} more` : shown);
}
