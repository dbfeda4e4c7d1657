import type { PullLine, Said, Status, TaskLine } from '../../task/said.ts';
import { escapeAgent, escapeMrkdwn, escapeWithin } from '../plain.ts';
import {
  clockTime,
  context,
  dotted,
  person,
  type Rendered,
  repositoriesOf,
  retryButton,
  section,
  stopButton,
  titleOf,
  type Wording,
} from './parts.ts';

/** The one message of a task outside threads: what is wanted, where, and how it stands. */
export function renderRoot(said: Extract<Said, { type: 'root' }>, wording: Wording): Rendered {
  const { task, status } = said;
  const line = statusLine(status, task, wording);
  const repositories = repositoriesOf(task);
  const button = said.stoppable ? stopButton(task) : said.retryable ? retryButton(task) : undefined;
  const details = detailsOf(said.spec, task.title);
  const asked = dotted(
    `Asked by ${person(task.requester)}`,
    `task ${task.id}`,
    basesOf(task),
    escapeMrkdwn(task.agent),
    status.word === 'Merged' || status.word === 'Closed' ? 'a reply starts a new task' : 'reply here to steer',
  );
  return {
    text: [dotted(line, titleOf(task), repositories), escapeWithin(said.spec, 2000), asked].join('\n'),
    blocks: [
      section(`*${titleOf(task)}* · ${repositories}\n${statusIcon(status)} ${line}`, button),
      ...(details === '' ? [] : [section(escapeWithin(details, 2900))]),
      context(asked),
    ],
  };
}

/** What the title leaves unsaid. Slack knows no languages: one after a fence would be its block's first line. */
function detailsOf(spec: string, title: string): string {
  const text = spec.trim().replaceAll(/```[^\n`]*\n([\s\S]*?)```/g, '```\n$1```');
  const rest = text.startsWith(title) ? /^\.?(?:\s+([\s\S]*))?$/.exec(text.slice(title.length)) : null;
  return rest === null ? text : (rest[1] ?? '');
}

/** Where its runs start; named one by one only where they differ. */
function basesOf({ parts }: TaskLine): string | null {
  const known = parts.flatMap(({ repository, base }) => (base === null ? [] : [{ repository, base }]));
  const bases = new Set(known.map(({ base }) => base));
  if (known.length === 0) return null;
  if (bases.size === 1) return `from ${[...bases].map(escapeMrkdwn).join()}`;
  return `from ${known.map(({ repository, base }) => `${escapeMrkdwn(base)} of ${repository}`).join(', ')}`;
}

/** Where a task stands, in words; also a line of `/agent list`. */
export function statusLine(status: Status, task: TaskLine, { linkHosts }: Wording): string {
  switch (status.word) {
    case 'Queued':
      return dotted(
        'Queued',
        status.reason === null ? null : escapeAgent(status.reason, 200, linkHosts),
        escapeMrkdwn(status.turn ?? ''),
      );
    case 'Running':
      return dotted(
        `Running since ${clockTime(status.startedAt)}`,
        status.activity === null ? null : escapeAgent(status.activity, 120, linkHosts),
      );
    case 'Ready for review':
    case 'Merging':
    case 'Merged':
    case 'Closed':
      return reviewLine(status, task);
    default:
      return status.word;
  }
}

function reviewLine({ word, pulls, by, failed }: Extract<Status, { pulls: unknown }>, task: TaskLine): string {
  const states: Record<typeof word, string> = {
    'Ready for review': 'open',
    Merging: 'merging',
    Merged: 'merged',
    Closed: 'closed',
  };
  const meant = pulls.filter(({ state }) => state === states[word]);
  const others = pulls.filter((each) => !meant.includes(each));
  const named = ({ repository, number }: PullLine) => `${task.parts.length === 1 ? '' : repository}#${number}`;
  return dotted(
    word,
    meant.map(named).join(', '),
    by.length === 0 ? null : `approved by ${by.map(person).join(' and ')}`,
    others.map((each) => `${named(each)} ${each.state}`).join(', '),
    failed.length === 0 ? null : `${failed.join(', ')} failed`,
  );
}

export function statusIcon({ word }: Status): string {
  return icons[word];
}

const icons: Record<Status['word'], string> = {
  Queued: ':hourglass_flowing_sand:',
  Running: ':gear:',
  'Waiting for you': ':raised_hand:',
  'Ready for review': ':mag:',
  Merging: ':twisted_rightwards_arrows:',
  Merged: ':checkered_flag:',
  Closed: ':file_folder:',
  Stopped: ':octagonal_sign:',
  Failed: ':x:',
  Refused: ':no_entry:',
  'Nothing changed': ':white_circle:',
  Answered: ':speech_balloon:',
};
