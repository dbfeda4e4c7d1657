import type { Said, Status } from '../../task/said.ts';
import { escapeMrkdwn, escapeWithin, oneLine } from '../plain.ts';
import {
  clockTime,
  context,
  dotted,
  person,
  type Rendered,
  retryButton,
  section,
  stopButton,
  titleOf,
} from './parts.ts';

/** The one message of a task outside threads: what is wanted, where, and how it stands. */
export function renderRoot(said: Extract<Said, { type: 'root' }>): Rendered {
  const { task, status } = said;
  const line = statusLine(status);
  const button = said.stoppable ? stopButton(task) : said.retryable ? retryButton(task) : undefined;
  const details = detailsOf(said.spec, task.title);
  const asked = dotted(
    `Asked by ${person(task.requester)}`,
    `task ${task.id}`,
    task.base === null ? null : `from ${escapeMrkdwn(task.base)}`,
    escapeMrkdwn(task.agent),
    'reply here to steer',
  );
  return {
    text: [dotted(line, titleOf(task), task.repository), escapeWithin(said.spec, 2000), asked].join('\n'),
    blocks: [
      section(`*${titleOf(task)}* · ${task.repository}\n${statusIcon(status)} ${line}`, button),
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

/** Where a task stands, in words; also a line of `/agent list`. */
export function statusLine(status: Status): string {
  switch (status.word) {
    case 'Queued':
      return dotted('Queued', status.reason === null ? null : escapeMrkdwn(oneLine(status.reason, 200)));
    case 'Running':
      return dotted(
        `Running since ${clockTime(status.startedAt)}`,
        status.activity === null ? null : escapeMrkdwn(oneLine(status.activity, 120)),
      );
    case 'Ready for review':
    case 'Closed':
      return `${status.word} · #${status.number}`;
    case 'Merging':
      return `Merging · #${status.number} · approved by ${person(status.by)}`;
    case 'Merged':
      return dotted(`Merged · #${status.number}`, status.by === null ? null : `approved by ${person(status.by)}`);
    default:
      return status.word;
  }
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
