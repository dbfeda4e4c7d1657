import type { KnownBlock } from '@slack/types';
import type { Said, TaskLine } from '../../task/said.ts';
import type { Failure, Head, Report } from '../../task/task.ts';
import { escapeAgent, escapeAgentText, escapeMrkdwn, oneLine } from '../plain.ts';
import { claimOf, printedOf } from './claim.ts';
import {
  actions,
  bullets,
  code,
  context,
  effort,
  measured,
  person,
  type Rendered,
  retryButton,
  section,
  shortSha,
  type Wording,
} from './parts.ts';

type Ending = Extract<Said, { type: 'ending' }>;

/** An answer is all a question gets, so it is shown whole; other claims are only context. */
const maxAnswerLength = 8000;
const maxClaimLength = 1200;

/** How a run ended that made no pull request. The first word says which way. */
export function renderEnding(said: Ending, wording: Wording): Rendered {
  const { task, outcome } = said;
  const { head, rest } = words(said, wording.linkHosts);
  const report = 'report' in outcome ? outcome.report : null;
  const took = report ?? said.effort ?? null;
  const answered = outcome.type === 'answered';
  const claim = claimOf(task, report?.claim ?? '', {
    heading: answered ? '' : '**What the agent says** (*claimed*)',
    limit: answered ? maxAnswerLength : maxClaimLength,
    hosts: wording.linkHosts,
  }).trim();
  const printed = 'problem' in outcome ? (outcome.problem.printed ?? '') : '';
  const shown = printedOf(printed, { limit: maxClaimLength, hosts: wording.linkHosts });
  const checks = report !== null && report.checks.length > 0 ? measured(report.checks) : [];
  const blocks: KnownBlock[] = [
    section(
      [`${head.includes(person(task.requester)) ? '' : `${person(task.requester)} `}*${head}*`, ...rest].join('\n'),
    ),
    ...(shown === '' ? [] : [{ type: 'markdown' as const, text: shown }]),
    ...(claim === '' ? [] : [{ type: 'markdown' as const, text: claim }]),
    ...(checks.length === 0 ? [] : [section(`*How it was checked* (_measured_ by Errand)\n${bullets(checks)}`)]),
    ...(took === null ? [] : [context(effort(task, took), answered ? 'written by an AI agent' : null)]),
    ...(said.retryable ? actions(retryButton(task)) : []),
  ];
  const text = [
    `${head}${head.endsWith('.') ? '' : '.'} ${rest.join(' ')}`.trim(),
    ...(shown === '' ? [] : [`Printed: ${escapeAgentText(printed, 1000, wording.linkHosts)}`]),
    ...(claim === ''
      ? []
      : [
          `${answered ? '' : task.agent === 'shell' ? 'Printed: ' : 'Claimed by the agent: '}${escapeAgentText(report?.claim ?? '', answered ? 2500 : 1000, wording.linkHosts)}`,
        ]),
    ...(checks.length === 0 ? [] : [`Measured: ${checks.join('; ')}`]),
    `${titleOf(task)} · task ${task.id}`,
  ];
  return { text: text.join('\n'), blocks };
}

function titleOf(task: TaskLine): string {
  return escapeMrkdwn(oneLine(task.title, 120));
}

function words({ task, outcome }: Ending, hosts: readonly string[]): { head: string; rest: string[] } {
  switch (outcome.type) {
    case 'failed':
      return {
        head: 'Failed',
        rest: [sentences(outcome.problem, hosts), ...kept(task, outcome.kept)],
      };
    case 'refused':
      return { head: 'Refused', rest: [sentences(outcome.problem, hosts)] };
    case 'stopped':
      return { head: `Stopped by ${person(outcome.by)}`, rest: kept(task, outcome.kept) };
    case 'unchanged':
      return { head: 'Nothing changed', rest: [unchanged(outcome.report)] };
    case 'answered':
      return { head: 'Answered', rest: [] };
    default:
      return outcome satisfies never;
  }
}

function unchanged(report: Report): string {
  return report.claim.trim() === ''
    ? 'The run ended well and left no file different, so there is no pull request.'
    : 'The run left no file different, so there is no pull request.';
}

function kept(task: TaskLine, heads: readonly Head[]): string[] {
  if (heads.length === 0) return [];
  const at = heads.map(
    ({ repository, head }) => `${code(shortSha(head))}${task.parts.length === 1 ? '' : ` in ${repository}`}`,
  );
  return [`What was done so far is kept on the branch ${code(task.branch)} at ${at.join(' and ')}.`];
}

/** What failed is often told in the words of a program. */
function sentences({ sentence, next }: Failure, hosts: readonly string[]): string {
  return escapeAgent([sentence, next].filter((part) => part !== '').join(' '), 1000, hosts);
}
