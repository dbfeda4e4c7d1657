import type { ActionsBlock, Button, ContextBlock, KnownBlock, MrkdwnElement, SectionBlock } from '@slack/types';
import { allRunsWords, duration, type Effort, usageWords } from '../../task/amounts.ts';
import type { Sha, UserId } from '../../task/ids.ts';
import type { TaskLine } from '../../task/said.ts';
import type { ChangeSize, Check, Report } from '../../task/task.ts';
import type { EmojiNames } from '../emoji.ts';
import { cut, escapeMrkdwn, escapeWithin, oneLine } from '../plain.ts';

/** What wording needs to know of this installation. */
export interface Wording {
  /** The slash command as people type it, `/agent`. */
  readonly command: string;
  /** Names of the reactions that mean something, without colons. */
  readonly emoji: EmojiNames;
  /** Hosts that an agent's text may link to: GitHub's. */
  readonly linkHosts: readonly string[];
  /** `https://acme.slack.com/`, for links to messages; null until it is known. */
  readonly workspaceUrl: string | null;
}

/** One message: `text` holds all that the blocks say, for notifications and for readers that show no blocks. */
export interface Rendered {
  readonly text: string;
  readonly blocks: KnownBlock[];
}

/** Slack refuses to update a message to a longer text. */
export const maxTextLength = 4000;

export const actionIds = {
  stop: 'stop',
  retry: 'retry',
  approve: 'approve_merge',
  runCi: 'run_ci',
  pushAnyway: 'push_anyway',
  answer: /^answer_\d+$/,
  /** Its value is the task and the host. */
  allowHost: /^allow_host_\d+$/,
  /** Opens the form, with a kept draft where its value names one. */
  form: 'form_open',
  /** Menus of repositories: in the form, and under a refusal, where choosing sends the request again. */
  repositories: 'repositories',
  repositoryChosen: 'repository_chosen',
  /** Buttons that only open an address still send an action. */
  link: /^link_/,
} as const;

/** `verbatim`: Slack must not make links or mentions of what looks like one. */
export function mrkdwn(text: string): MrkdwnElement {
  return { type: 'mrkdwn', text, verbatim: true };
}

export function section(text: string, accessory?: Button): SectionBlock {
  const block = { type: 'section', text: mrkdwn(text) } as const;
  return accessory === undefined ? block : { ...block, accessory };
}

/** `parts` with dots between them; empty ones are left out. */
export function context(...parts: (string | null)[]): ContextBlock {
  return { type: 'context', elements: [mrkdwn(dotted(...parts))] };
}

export function dotted(...parts: (string | null)[]): string {
  return parts.filter((part) => part !== null && part !== '').join(' · ');
}

export function actions(...elements: Button[]): ActionsBlock[] {
  return elements.length === 0 ? [] : [{ type: 'actions', elements }];
}

export function stopButton(task: TaskLine): Button {
  return {
    type: 'button',
    action_id: actionIds.stop,
    text: { type: 'plain_text', text: 'Stop' },
    accessibility_label: `Stop task ${task.id}`,
    value: task.id,
    confirm: {
      title: { type: 'plain_text', text: 'Stop this task?' },
      text: { type: 'plain_text', text: 'The agent stops at once. What it has done so far is kept on a branch.' },
      confirm: { type: 'plain_text', text: 'Stop it' },
      deny: { type: 'plain_text', text: 'Let it run' },
      style: 'danger',
    },
  };
}

export function retryButton(task: TaskLine): Button {
  return {
    type: 'button',
    action_id: actionIds.retry,
    text: { type: 'plain_text', text: 'Retry' },
    accessibility_label: `Retry task ${task.id}`,
    value: task.id,
  };
}

export function person(id: UserId): string {
  return `<@${id}>`;
}

export function titleOf(task: TaskLine): string {
  return escapeMrkdwn(oneLine(task.title, 120));
}

/** The names of a task's repositories, one after the other. */
export function repositoriesOf({ parts }: TaskLine): string {
  return parts.map(({ repository }) => repository).join(', ');
}

/** Code formatting for a name; a backtick inside would end it. */
export function code(text: string): string {
  return `\`${escapeWithin(oneLine(text, 200).replaceAll('`', "'"), 400)}\``;
}

/** A path that names its file however deep that lies. */
export function pathCode(path: string): string {
  return code(path.length > 90 ? `…${path.slice(-89)}` : path);
}

/** A commit as people name it: its first seven characters. */
export function shortSha(sha: Sha): string {
  return sha.slice(0, 7);
}

/** A moment, drawn by Slack in the reader's own time zone. */
export function clockTime(at: number): string {
  const fallback = `${new Date(at).toISOString().slice(11, 16)} UTC`;
  return `<!date^${Math.floor(at / 1000)}^{time}|${fallback}>`;
}

/** How much a pull request changes, and how much of it the last run did where that is not all. */
export function changeSize({ files, whole }: Report): string {
  const sum = (field: 'added' | 'removed') => files.reduce((total, file) => total + file[field], 0);
  const run = sizeOf({ files: files.length, added: sum('added'), removed: sum('removed') });
  const all = whole === undefined ? run : sizeOf(whole);
  return all === run || files.length === 0 ? all : dotted(all, `last run ${run}`);
}

function sizeOf({ files, added, removed }: ChangeSize): string {
  return `${files} ${files === 1 ? 'file' : 'files'}, +${added} −${removed}`;
}

/** Errand's own findings, one a line: nothing the agent says is among them. */
export function measured(checks: readonly Check[]): string[] {
  if (checks.length === 0) return ['No checks are configured in .errand.yml, so nothing was measured.'];
  return checks.map(
    (check) =>
      `${code(check.command)} ${check.exitCode === 0 ? 'passed' : 'failed'} (exit code ${check.exitCode}, ${duration(check.durationMs)})`,
  );
}

/** A list that a section can hold, and the heading above it. */
export function bullets(lines: readonly string[]): string {
  return cut(lines.map((line) => `• ${line}`).join('\n'), 2900);
}

/** Who worked, how long, and what it took, as the gateway metered it: this run, and the task in all where that is more. */
export function effort(task: TaskLine, of: Effort): string {
  return dotted(
    escapeMrkdwn(task.agent),
    duration(of.durationMs),
    ...(of.usage === null ? [] : usageWords(of.usage)),
    allRunsWords(of),
  );
}
