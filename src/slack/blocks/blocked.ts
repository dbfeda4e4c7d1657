import type { Button } from '@slack/types';
import type { BlockedLine, Said, TaskLine } from '../../task/said.ts';
import { cut } from '../plain.ts';
import { actions, code, person, type Rendered, retryButton, section } from './parts.ts';

type Blocked = Extract<Said, { type: 'blocked' }>;

/** More than these are an attack or an accident: they are counted. */
const maxShown = 5;

/** Hosts that a run was refused, with the way to open each for the task; edited when somebody does. */
export function renderBlocked({ task, hosts, next }: Blocked): Rendered {
  const shown = hosts.slice(0, maxShown);
  const more = hosts.length - shown.length;
  const lines = [...shown.map(lineOf), ...(more > 0 ? [`and ${more} more`] : [])];
  const closed = shown.filter((each) => each.allowable && each.allowed === null);
  const open = closed.filter(({ approvable }) => approvable !== false);
  const after = [...(open.length < closed.length ? [unnamed] : []), ...(next === null ? [] : [afterwards[next]])];
  const buttons = open.map(({ host }, index) => allowButton(task, host, { index, alone: shown.length === 1 }));
  const head = 'Not reached, for it was not open to this task:';
  return {
    text: [head, ...lines, ...after].join('\n'),
    blocks: [
      section([head, ...lines.map((line) => `• ${line}`), ...after].join('\n')),
      ...actions(...buttons, ...(next === 'retry' ? [retryButton(task)] : [])),
    ],
  };
}

const unnamed =
  'Nobody is named who may allow one for this task: whoever runs Errand opens hosts for a repository with `network`, or names approvers.';

const afterwards = {
  retry: 'What was allowed holds from the next run on: press Retry for one.',
  reply: 'What was allowed holds from the next run on: reply here to have the task go on.',
  next_run: 'What was allowed holds from the next run on, not in this one.',
} as const;

function lineOf({ host, allowable, allowed }: BlockedLine): string {
  if (allowed !== null) return `${code(host)}, allowed for this task by ${person(allowed.by)}`;
  return allowable ? code(host) : `${code(host)}, closed to every task`;
}

function allowButton(task: TaskLine, host: string, { index, alone }: { index: number; alone: boolean }): Button {
  return {
    type: 'button',
    action_id: `allow_host_${index}`,
    text: { type: 'plain_text', text: alone ? 'Allow for this task' : cut(`Allow ${host} for this task`, 75) },
    accessibility_label: cut(`Allow ${host} for task ${task.id}`, 75),
    value: `${task.id} ${host}`,
    confirm: {
      title: { type: 'plain_text', text: 'Allow this host?' },
      text: {
        type: 'plain_text',
        text: cut(`From its next run on, this task may send what it knows to ${host}. Other tasks may not.`, 300),
      },
      confirm: { type: 'plain_text', text: 'Allow it' },
      deny: { type: 'plain_text', text: 'Not now' },
    },
  };
}
