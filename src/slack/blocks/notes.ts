import type { KnownBlock } from '@slack/types';
import type { ListedTask, Said } from '../../task/said.ts';
import { escapeExceptPeople, escapeMrkdwn, escapeWithin, oneLine } from '../plain.ts';
import { againBlocks } from './form.ts';
import { dotted, person, type Rendered, repositoriesOf, section, shortSha, titleOf, type Wording } from './parts.ts';
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
  if (said.tasks.length === 0) {
    const text = `Nothing is queued, running or waiting for review. Start something with \`${wording.command} what to do\`.`;
    return { text, blocks: [section(text)] };
  }
  const shown = said.tasks.slice(0, maxListed);
  const more = said.tasks.length - shown.length;
  const blocks: KnownBlock[] = shown.map((listed) => {
    const [first, second] = lines(listed, wording);
    return section(`${statusIcon(listed.status)} ${first}\n${second}`);
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

function lines({ task, status, message }: ListedTask, { workspaceUrl }: Wording): [string, string] {
  const title =
    message === null || workspaceUrl === null
      ? titleOf(task)
      : `<${workspaceUrl.replace(/\/$/, '')}/archives/${message.channel}/p${message.ts.replace('.', '')}|${titleOf(task)}>`;
  return [`${statusLine(status, task)}`, dotted(title, repositoriesOf(task), `task ${task.id}`)];
}

export function renderHelp({ command, emoji }: Wording): Rendered {
  const start = `\`${command} fix the flaky checkout test\` starts a task: a coding agent works on it in a sandbox and opens a pull request. Mentioning me in a channel or thread does the same.`;
  const settings = `Settings go first: \`${command} repo:owner/name branch:main agent:claude model:… budget:5 fix …\``;
  const verbs = `\`${command} status\` shows what is going on, \`${command} list\` the latest tasks; \`${command} stop ID\` and \`${command} retry ID\` act on one.`;
  const thread =
    "In a task's thread: reply to steer it or to ask for more; mention me with `stop`, `retry` or `status`.";
  const reactions = `:${emoji.approve}: on a result approves the merge of the commit it names, :${emoji.stop}: stops, :${emoji.retry}: tries again.`;
  const parts = [start, settings, verbs, thread, reactions];
  return { text: parts.join('\n'), blocks: parts.map((part) => section(part)) };
}
