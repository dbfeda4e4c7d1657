import type { KnownBlock, RichTextBlock, TaskCardBlock } from '@slack/types';
import type { Said } from '../../task/said.ts';
import type { Step } from '../../task/task.ts';
import { agentLabel, cut, escapeAgent, escapeMrkdwn, oneLine } from '../plain.ts';
import { context, type Rendered, section, type Wording } from './parts.ts';

const maxSteps = 8;

/** How a run goes: the agent's own steps, and the line it is on. */
export function renderPlan(said: Extract<Said, { type: 'plan' }>, { linkHosts }: Wording): Rendered {
  const steps = settle(fold(said.progress.steps), said.state, linkHosts);
  const head = headLine(said, steps);
  const activity =
    said.state === 'running' && said.progress.activity !== null
      ? escapeAgent(said.progress.activity, 300, linkHosts)
      : null;
  const cards = steps.map((step, index) => card(step, `step-${index + 1}`));
  const blocks: KnownBlock[] = [
    cards.length === 0 ? section(escapeMrkdwn(head)) : { type: 'plan', title: head, tasks: cards },
    ...(activity === null ? [] : [context(`Latest: ${activity}`)]),
  ];
  const lines = steps.map(
    ({ title, status, detail }) =>
      `${words[status]}: ${escapeMrkdwn(title)}${detail === null ? '' : ` (${escapeMrkdwn(detail)})`}`,
  );
  return { text: [head, ...lines, ...(activity === null ? [] : [`Latest: ${activity}`])].join('\n'), blocks };
}

const words: Record<Step['status'], string> = {
  pending: 'To do',
  in_progress: 'Now',
  complete: 'Done',
  error: 'Failed',
};

function headLine({ run, state }: Extract<Said, { type: 'plan' }>, steps: readonly Step[]): string {
  const done = steps.filter((step) => step.status === 'complete').length;
  const of = steps.length === 0 ? '' : ` · ${done} of ${steps.length} steps done`;
  const end = {
    running: '',
    ended: done === steps.length && done > 0 ? '' : ' · ended',
    stopped: ' · stopped',
    failed: ' · failed',
  };
  return `Run ${run}${of}${end[state]}`;
}

/** No step goes on once its run is over; one that failed is why the run did. */
function settle(
  steps: readonly Step[],
  state: Extract<Said, { type: 'plan' }>['state'],
  hosts: readonly string[],
): readonly Step[] {
  const broken = state === 'failed' && !steps.some((step) => step.status === 'error') ? 'error' : 'pending';
  return steps.map((step) => ({
    title: agentLabel(step.title, 150, hosts) || 'Step',
    status: step.status === 'in_progress' && state !== 'running' ? broken : step.status,
    detail: step.detail === null ? null : agentLabel(step.detail, 200, hosts),
  }));
}

function fold(steps: readonly Step[]): readonly Step[] {
  if (steps.length <= maxSteps) return steps;
  const rest = steps.slice(maxSteps - 1);
  const status = rest.every((step) => step.status === 'complete')
    ? 'complete'
    : (rest.find((step) => step.status === 'error' || step.status === 'in_progress')?.status ?? 'pending');
  const titles = cut(rest.map((step) => oneLine(step.title, 40)).join(', '), 200);
  return [...steps.slice(0, maxSteps - 1), { title: `${rest.length} more steps`, status, detail: titles }];
}

function card(step: Step, id: string): TaskCardBlock {
  const block: TaskCardBlock = { type: 'task_card', task_id: id, title: step.title, status: step.status };
  return step.detail === null || step.detail === '' ? block : { ...block, output: richText(step.detail) };
}

function richText(text: string): RichTextBlock {
  return { type: 'rich_text', elements: [{ type: 'rich_text_section', elements: [{ type: 'text', text }] }] };
}
