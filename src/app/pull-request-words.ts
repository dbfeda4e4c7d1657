import { allRunsWords, duration, usageWords } from '../task/amounts.ts';
import type { RunId } from '../task/ids.ts';
import { inert } from '../task/inert.ts';
import { toTitle } from '../task/policy.ts';
import type { LinkedAuthor } from '../task/ports/repositories.ts';
import { withoutSecrets } from '../task/secrets.ts';
import type { Report, Task } from '../task/task.ts';

/**
 * The pull request's description: what was asked and by whom, what was done, what is claimed and what was measured. `siblings` are
 * the task's pull requests in other repositories, as `owner/name#number`.
 */
export function toPullRequestBody(
  task: Task,
  report: Report,
  around: { threadUrl: string | null; author: LinkedAuthor; siblings?: readonly string[] },
): string {
  const { threadUrl, author, siblings = [] } = around;
  const asked = task.spec.filter(({ trust }) => trust === 'steering').map(({ text }) => text);
  const thread = threadUrl === null ? 'a Slack thread' : `[a Slack thread](${threadUrl})`;
  return [
    `Asked by ${asker(author)} in ${thread}, done by the agent \`${inline(task.agent)}\` in Errand's sandbox.`,
    ...(siblings.length === 0 ? [] : [`Belongs together with ${siblings.join(', ')}.`]),
    '### What was asked',
    quoted(asked.join('\n\n'), 6_000),
    task.agent === 'shell' ? '### What the script printed' : '### What the agent says it did (*claimed*)',
    report.claim.trim() === '' ? '_Nothing._' : quoted(report.claim, 6_000),
    '### What Errand checked (*measured*)',
    measured(report),
    ...lookFirst(report),
    ...networkWords(task, report),
    `<sub>Errand task \`${task.id}\`. ${task.agent === 'shell' ? 'Made by a script' : 'AI-written'}: review it before you merge. A ✅ on the result in Slack approves exactly one commit.</sub>`,
  ].join('\n\n');
}

/** Long enough for a reviewer, short enough for GitHub: the markers around a description must not be cut off its end. */
const maxPathsOfKind = 10;
const maxNameChars = 120;

/** What a reviewer looks at first, by what it does, and what was pushed although it looked like a secret. */
function lookFirst({ sensitive, pushedAnyway }: Report): readonly string[] {
  const kinds = Array.from(
    Map.groupBy(sensitive, ({ why }) => why),
    ([why, paths]) => {
      const names = paths.slice(0, maxPathsOfKind).map(({ path }) => `\`${inline(path).slice(0, maxNameChars)}\``);
      const more = paths.length > names.length ? ` and ${paths.length - names.length} more` : '';
      return `- ${names.join(', ')}${more}${why === '' ? '' : `: ${why}`}`;
    },
  );
  const secrets =
    pushedAnyway === undefined
      ? []
      : pushedAnyway.findings
          .slice(0, maxPathsOfKind)
          .map(
            ({ path, line, kind }) =>
              `- \`${inline(path).slice(0, maxNameChars)}\`, line ${line}: looks like ${kind}; ${inline(pushedAnyway.byName)} had it pushed all the same`,
          );
  const lines = [...secrets, ...kinds];
  return lines.length === 0 ? [] : ['### Look at these first', lines.join('\n')];
}

/** Hosts that people opened for the task, and those that its last run was refused all the same. */
function networkWords({ allowed = [] }: Task, { blocked }: Report): string[] {
  const opened = allowed.map(({ host, byName, until }) => {
    const closed = until === undefined ? '' : `, and closed again before run ${until}`;
    return `- \`${inline(host)}\`, allowed for this task by ${inline(byName)}${closed}`;
  });
  const isOpen = (host: string) => allowed.some((each) => each.host === host && each.until === undefined);
  const refused = blocked
    .filter((host) => !isOpen(host))
    .map((host) => `- \`${inline(host)}\`, not reached: it is not open to this task`);
  const more = refused.length > 10 ? [`- and ${refused.length - 10} more, not reached`] : [];
  const lines = [...opened, ...refused.slice(0, 10), ...more];
  return lines.length === 0 ? [] : ['### Network', lines.join('\n')];
}

/** By name and page: a mention would ping whoever asked of everything that happens here. */
function asker({ name, account }: LinkedAuthor): string {
  const shown = inline(name)
    .replace(/[[\]()\\]/g, ' ')
    .trim();
  return account === null ? shown : `[${shown}](${account.url})`;
}

/** At most GitHub's 256 characters. It becomes the first line of a squashed commit too, which closes issues and skips checks. */
export function toPullRequestTitle(task: Task): string {
  return inline(task.title).slice(0, 200);
}

export function toCommitMessage(task: Task, run: RunId): string {
  return `${inline(titleOf(task, run)).slice(0, 72)}\n\nErrand task ${task.id}, asked by ${inline(task.requesterName)}.`;
}

export function toMergeMessage(task: Task, approver: string): string {
  return `Errand task ${task.id}, asked by ${inline(task.requesterName)}, approved by ${inline(approver)}.`;
}

/** The first run's commit is named as the task is, a later one by what was asked of it. */
function titleOf(task: Task, run: RunId): string {
  const from = task.run.type === 'running' && task.run.run.id === run ? task.run.run.from : 0;
  const asked = task.spec.slice(from).find(({ trust }) => trust === 'steering');
  return from === 0 || asked === undefined ? task.title : toTitle(asked.text);
}

function measured(report: Report): string {
  const added = report.files.reduce((sum, file) => sum + file.added, 0);
  const removed = report.files.reduce((sum, file) => sum + file.removed, 0);
  const size = `The last run: ${report.files.length} ${report.files.length === 1 ? 'file' : 'files'}, +${added} −${removed}`;
  const took = toTook(report);
  if (report.checks.length === 0)
    return `${size}${took}. No checks are configured in \`.errand.yml\`, so nothing else was measured.`;
  const rows = report.checks.map(
    ({ command, exitCode, durationMs }) =>
      `| \`${inline(command).slice(0, maxNameChars).replaceAll('|', '\\|')}\` | ${exitCode === 0 ? 'passed' : `failed with ${exitCode}`} | ${(durationMs / 1000).toFixed(1)} s |`,
  );
  return [`${size}${took}.`, '', '| check | result | time |', '| --- | --- | --- |', ...rows].join('\n');
}

/** What a run took of a model and its task in all, as the gateway counted it; '' for a run without a model. */
function toTook(report: Report): string {
  if (report.usage === null) return '';
  const all = allRunsWords(report);
  const own = [duration(report.durationMs), ...usageWords(report.usage)].join(', ');
  return `; ${own}${all === null ? '' : ` (${all})`}`;
}

/** Fenced, so that no mention, closing keyword, image or HTML of it means anything on GitHub. */
function quoted(text: string, max: number): string {
  const plain = withoutSecrets(withoutControls(text)).slice(0, max).trim();
  const longest = Math.max(2, ...Array.from(plain.matchAll(/`+/g), ([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}text\n${plain}${text.length > max ? '\n…' : ''}\n${fence}`;
}

function inline(text: string): string {
  const plain = withoutSecrets(withoutControls(text)).replace(/\s+/g, ' ').replace(/[<>`]/g, '').trim();
  return inert(plain)
    .replace(/@(?!\u200b)/g, '@\u200b')
    .replace(/#(?=\d)/g, '#\u200b');
}

function withoutControls(text: string): string {
  // What marks Errand's own part of a description must stand nowhere else.
  return text.replace(/[^\P{C}\n\t]/gu, '').replace(/<!--(?=\s*\/?errand)/gi, '<! --');
}
