import { parseDiff } from './diff.js';
import { ago, fill, h, icon } from './dom.js';
import { loadEmoji } from './emoji.js';
import { fileDiff } from './file-diff.js';
import { markdown } from './markdown.js';

const place = document.getElementById('pull');
const path =
  /^\/pull\/([^/]+)\/([^/]+)\/(\d+)$/.exec(location.pathname) ??
  /^\/([^/]+)\/([^/]+)\/pull\/(\d+)/.exec(location.pathname);

async function draw() {
  const [, owner, name, number] = path ?? [];
  const response = await fetch(`/local/forge/pulls/${owner}/${name}/${number}`).catch(() => null);
  if (response === null || !response.ok) {
    const words =
      response === null || response.status === 502
        ? 'The local forge does not answer.'
        : `There is no pull request #${number} in ${owner}/${name}.`;
    fill(
      place,
      h('main', { class: 'pull-missing' }, h('h1', null, words), h('p', null, h('a', { href: '/' }, 'Back'))),
    );
    return;
  }
  const data = await response.json();
  const { slack } = await (await fetch('/local/sides')).json();
  const back = slack.where === 'local' ? 'Workspace' : 'Pull requests';
  document.title = `${data.pull.title} · #${number} · ${owner}/${name}`;
  const files = parseDiff(data.diff);
  fill(
    place,
    head(data, `${owner}/${name}`, back),
    h('div', { class: 'pull-grid' }, side(data, files), main(data, files)),
  );
}

function stateOf(pull) {
  if (pull.merged || pull.merged_at) return ['Merged', 'merged', 'merge'];
  if (pull.state === 'closed') return ['Closed', 'closed', 'cross'];
  return pull.draft ? ['Draft', 'draft', 'branch'] : ['Open', 'open', 'branch'];
}

function head({ pull, files }, repository, back) {
  const [word, kind, mark] = stateOf(pull);
  const added = files.reduce((sum, file) => sum + file.additions, 0);
  const removed = files.reduce((sum, file) => sum + file.deletions, 0);
  return h(
    'header',
    { class: 'pull-head' },
    h(
      'nav',
      null,
      h('a', { class: 'pull-back', href: `/${sessionStorage.getItem('place') ?? ''}` }, icon('back'), back),
      h('span', { class: 'pull-repo' }, repository),
    ),
    h('h1', null, pull.title, ' ', h('span', null, `#${pull.number}`)),
    h(
      'p',
      { class: 'pull-facts' },
      h('span', { class: `state ${kind}` }, icon(mark), word),
      h(
        'span',
        { class: 'pull-way' },
        h('strong', null, pull.user.login),
        { merged: ' brought ', closed: ' wanted ' }[kind] ?? ' wants ',
        h('code', null, pull.head.ref),
        kind === 'merged' ? ' into ' : ' in ',
        h('code', null, pull.base.ref),
      ),
      h(
        'span',
        { class: 'counts' },
        `${files.length} ${files.length === 1 ? 'file' : 'files'} `,
        h('ins', null, `+${added}`),
        ' ',
        h('del', null, `−${removed}`),
      ),
    ),
  );
}

function side({ pull, commits, checks, reviews }, files) {
  return h(
    'aside',
    { class: 'pull-side' },
    h('h2', null, 'Files'),
    h(
      'ul',
      { class: 'file-list' },
      files.map((file, index) =>
        h(
          'li',
          null,
          h(
            'a',
            { href: `#file-${index}`, title: file.path },
            h('span', { class: `mark ${file.status}`, 'aria-label': file.status }, marks[file.status]),
            h('span', { class: 'file-name' }, shortened(file.path)),
            h(
              'span',
              { class: 'file-counts' },
              file.added > 0 && h('ins', null, `+${file.added}`),
              file.removed > 0 && h('del', null, `−${file.removed}`),
            ),
          ),
        ),
      ),
    ),
    h('h2', null, 'Checks'),
    checks.length === 0
      ? h('p', { class: 'quiet' }, 'Nothing reports on this commit.')
      : h('ul', { class: 'check-list' }, checks.map(check)),
    reviews.length > 0 && h('h2', null, 'Reviews'),
    reviews.length > 0 &&
      h(
        'ul',
        { class: 'check-list' },
        reviews.map((each) => h('li', null, h('strong', null, each.user), ` ${reviewWords[each.state] ?? each.state}`)),
      ),
    h('h2', null, 'Commits'),
    h('ol', { class: 'commit-list' }, commits.map(commit)),
    pull.merge_commit_sha &&
      pull.merged &&
      h('p', { class: 'quiet' }, 'Merged as ', h('code', null, pull.merge_commit_sha.slice(0, 7))),
  );
}

const marks = { added: '+', removed: '−', renamed: '→', modified: '•' };
const reviewWords = { APPROVED: 'approved', CHANGES_REQUESTED: 'asked for changes', COMMENTED: 'commented' };

/** The end of a path says most. */
function shortened(each) {
  const at = each.lastIndexOf('/');
  return at < 0 ? [each] : [h('span', { class: 'folder' }, each.slice(0, at + 1)), each.slice(at + 1)];
}

function check({ name, context, conclusion, state, status }) {
  const said = conclusion ?? state ?? status ?? 'pending';
  const passed = ['success', 'neutral', 'skipped'].includes(said);
  const running = ['pending', 'queued', 'in_progress', null].includes(said);
  return h(
    'li',
    { class: running ? 'running' : passed ? 'passed' : 'failed' },
    running ? h('span', { class: 'spinner', 'aria-hidden': 'true' }) : icon(passed ? 'check' : 'cross'),
    h('span', { class: 'file-name' }, name ?? context),
    h('span', { class: 'quiet' }, running ? 'running' : passed ? 'passed' : said.replaceAll('_', ' ')),
  );
}

function commit(each) {
  const words = (each.commit?.message ?? each.message ?? '').split('\n')[0];
  const when = Date.parse(each.commit?.author?.date ?? each.at ?? '') / 1000;
  const who = each.commit?.author?.name ?? each.author ?? '';
  return h(
    'li',
    null,
    h('code', null, each.sha.slice(0, 7)),
    h(
      'div',
      null,
      h('span', null, words),
      h(
        'span',
        { class: 'quiet' },
        [who, Number.isNaN(when) ? '' : ago(when)].filter((part) => part !== '').join(' · '),
      ),
    ),
  );
}

function main({ pull, comments }, files) {
  return h(
    'main',
    { class: 'pull-main' },
    h(
      'section',
      { class: 'pull-body md' },
      pull.body ? markdown(pull.body) : h('p', { class: 'quiet' }, 'No description.'),
    ),
    comments?.length > 0 &&
      h(
        'section',
        { class: 'pull-comments' },
        comments.map((each) =>
          h(
            'article',
            { class: 'pull-body md' },
            h('p', { class: 'quiet' }, each.user?.login ?? each.user),
            markdown(each.body ?? ''),
          ),
        ),
      ),
    files.length === 0 && h('p', { class: 'quiet' }, 'No file is different.'),
    files.map(fileDiff),
  );
}

await loadEmoji();
await draw();
