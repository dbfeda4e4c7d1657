import type { KnownBlock } from '@slack/types';
import type { Trouble } from '../../task/health.ts';
import type { ListedTask, Said } from '../../task/said.ts';
import { escapeExceptPeople, escapeMrkdwn, escapeWithin, oneLine } from '../plain.ts';
import { type WayNames, waysOf } from '../ways.ts';
import { againBlocks } from './again.ts';
import {
  clockTime,
  dotted,
  effort,
  person,
  type Rendered,
  repositoriesOf,
  section,
  shortSha,
  titleOf,
  type Wording,
} from './parts.ts';
import { statusIcon, statusLine } from './root.ts';

const maxListed = 10;

export function renderMerged(said: Extract<Said, { type: 'merged' }>): Rendered {
  const { repository, base } = said.part;
  const into = base === null ? '' : `${escapeMrkdwn(base)} of `;
  const by = said.by === null ? 'on GitHub' : `approved by ${person(said.by)}`;
  const sentence = `#${said.number} went into ${into}${repository} as ${shortSha(said.commit)}, ${by}.`;
  return {
    text: `Merged · ${sentence}`,
    blocks: [section(`${person(said.task.requester)} *Merged* · ${sentence}`)],
  };
}

export function renderContinued(said: Extract<Said, { type: 'continued' }>): Rendered {
  const text = `This task has ended, so your reply starts a new one: ${said.as}.`;
  return { text, blocks: [section(text)] };
}

/** One clear sentence, what to do next, and the person's own text, so that nothing they typed is lost. */
export function renderSentence(said: Extract<Said, { type: 'sentence' }>): Rendered {
  const sentence = escapeExceptPeople(oneLine([said.sentence, said.next ?? ''].join(' '), 1500));
  const kept = said.kept === null || said.kept.trim() === '' ? null : escapeWithin(said.kept, 2000);
  return {
    text: kept === null ? sentence : `${sentence}\nYour text: ${kept}`,
    blocks: [
      section(sentence),
      ...(kept === null ? [] : [section(`Your text:\n${quoted(kept)}`)]),
      ...(said.again === undefined ? [] : againBlocks(said.again)),
    ],
  };
}

/** A quote mark on each line; a code block would swallow the fences of a script. */
function quoted(text: string): string {
  return text.replaceAll(/^/gm, '> ');
}

export function renderList(said: Extract<Said, { type: 'list' }>, wording: Wording): Rendered {
  const tasks = renderTasks(said, wording);
  if (said.troubles === undefined || said.troubles.length === 0) return tasks;
  const wrong = troublesText(said.troubles);
  return { text: `${wrong}\n${tasks.text}`, blocks: [section(wrong), ...tasks.blocks] };
}

const maxTroubles = 8;

/** What is wrong with Errand itself, before how its tasks stand. */
function troublesText(troubles: readonly Trouble[]): string {
  const shown = troubles.slice(0, maxTroubles).map(({ sentence, since }) => {
    const when = since === null ? '' : ` (since ${clockTime(since)})`;
    return `• ${escapeMrkdwn(oneLine(sentence, 280))}${when}`;
  });
  const more = troubles.length > maxTroubles ? [`• and ${troubles.length - maxTroubles} more`] : [];
  return [':warning: *Errand does not work as it should just now*', ...shown, ...more].join('\n');
}

function renderTasks(said: Extract<Said, { type: 'list' }>, wording: Wording): Rendered {
  if (said.tasks.length === 0) {
    const text = `Nothing is queued, running or waiting for review. Start something with \`${wording.command} what to do\`.`;
    return { text, blocks: [section(text)] };
  }
  const shown = said.tasks.slice(0, maxListed);
  const more = said.tasks.length - shown.length;
  const blocks: KnownBlock[] = shown.map((listed) => {
    const [first, ...others] = lines(listed, wording);
    return section([`${statusIcon(listed.status)} ${first}`, ...others].join('\n'));
  });
  if (more > 0) blocks.push(section(`And ${more} more.`));
  return {
    text: [
      ...shown.map((listed) => lines(listed, wording).join(' · ')),
      ...(more > 0 ? [`And ${more} more.`] : []),
    ].join('\n'),
    blocks,
  };
}

function lines({ task, status, effort: spent, message }: ListedTask, wording: Wording): string[] {
  const { workspaceUrl } = wording;
  const title =
    message === null || workspaceUrl === null
      ? titleOf(task)
      : `<${workspaceUrl.replace(/\/$/, '')}/archives/${message.channel}/p${message.ts.replace('.', '')}|${titleOf(task)}>`;
  const named = dotted(title, repositoriesOf(task), `task ${task.id}`);
  return [
    statusLine(status, task, wording),
    named,
    ...(spent === null || spent === undefined ? [] : [effort(task, spent)]),
  ];
}

/** Everything that people can do, in short, and the way into the form. */
export function renderHelp({ command, emoji }: Wording): Rendered {
  const names: WayNames = {
    command,
    mention: '@Errand',
    emoji: (meaning) => `:${emoji[meaning]}:`,
    bold: (label) => `*${label}*`,
  };
  const groups = [
    ['*Start a task*: a coding agent works on it in a sandbox and opens a pull request.', 'start'],
    ['*Look, and act from anywhere*', 'look'],
    ['*In a task’s thread*', 'thread'],
  ] as const;
  const parts = groups.map(([head, group]) =>
    [head, ...waysOf(group).map((way) => `• ${way.act(names)}: ${way.brief}`)].join('\n'),
  );
  return {
    text: parts.join('\n'),
    blocks: [...parts.map((part) => section(part)), ...againBlocks({ draft: null, repositories: [] })],
  };
}
