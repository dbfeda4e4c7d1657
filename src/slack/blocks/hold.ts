import type { Button, KnownBlock } from '@slack/types';
import type { HoldLine, Said } from '../../task/said.ts';
import { cut, escapeMrkdwn, oneLine } from '../plain.ts';
import {
  actionIds,
  actions,
  bullets,
  changeSize,
  code,
  context,
  effort,
  pathCode,
  person,
  type Rendered,
  retryButton,
  section,
  shortSha,
} from './parts.ts';

type Hold = Extract<Said, { type: 'hold' }>;

const maxFindings = 10;

/** A change that was not pushed, since it holds what looks like a secret: where, and who may decide. It never says what. */
export function renderHold(said: Hold): Rendered {
  const { task, part, report, state } = said;
  const head = headWord(state);
  const found = findings(said);
  const facts = `${part.repository} · ${changeSize(report)} · commit ${code(shortSha(said.head))}`;
  const next = nextLine(state);
  const blocks: KnownBlock[] = [
    section(`${person(task.requester)} *${head}*\nThe change holds what looks like a secret:\n${bullets(found)}`),
    context(facts, effort(task, report)),
    section(next),
    ...(state.type === 'open' ? actions(pushButton(said), retryButton(task)) : []),
  ];
  const text = [`${head}. The change holds what looks like a secret: ${found.join('; ')}`, facts, next];
  return { text: text.join('\n'), blocks };
}

function headWord({ type }: HoldLine): string {
  switch (type) {
    case 'open':
      return 'Refused · not pushed';
    case 'released':
      return 'Pushing anyway';
    case 'pushed':
      return 'Pushed anyway';
    case 'replaced':
      return 'Replaced';
    default:
      return type satisfies never;
  }
}

function findings({ secrets }: Hold): string[] {
  const { findings: found, count } = secrets;
  const shown = found
    .slice(0, maxFindings)
    .map(({ path, line, kind }) => `${pathCode(path)} line ${line}: ${escapeMrkdwn(kind)}`);
  return count > shown.length ? [...shown, `and ${count - shown.length} more`] : shown;
}

function nextLine(state: HoldLine): string {
  switch (state.type) {
    case 'open': {
      const refusal =
        state.refusal === null
          ? ''
          : `*Not pushed.* ${escapeMrkdwn(oneLine(`${state.refusal.sentence} ${state.refusal.next}`, 600))}\n`;
      return `${refusal}Nothing is lost: reply here to have it taken out, and the agent goes on from this change. Where it is no secret, whoever may approve merges can press Push anyway.`;
    }
    case 'released':
      return `${person(state.by)} says that it may be pushed.`;
    case 'pushed':
      return `${person(state.by)} had it pushed.`;
    case 'replaced':
      return 'A later run had the last word on this change.';
    default:
      return state satisfies never;
  }
}

function pushButton({ task, part, head }: Hold): Button {
  return {
    type: 'button',
    action_id: actionIds.pushAnyway,
    style: 'danger',
    text: { type: 'plain_text', text: 'Push anyway' },
    accessibility_label: `Push commit ${shortSha(head)} of task ${task.id} anyway`,
    value: `${task.id} ${head}`,
    confirm: {
      title: { type: 'plain_text', text: 'Push it anyway?' },
      text: {
        type: 'plain_text',
        text: cut(
          `Everybody who can read ${part.repository} can then read these lines, for good. Your name stands beside it.`,
          300,
        ),
      },
      confirm: { type: 'plain_text', text: 'Push anyway' },
      deny: { type: 'plain_text', text: 'Not yet' },
      style: 'danger',
    },
  };
}
