import type { KnownBlock } from '@slack/types';
import type { Said } from '../../task/said.ts';
import { cut } from '../plain.ts';
import { renderBlocked } from './blocked.ts';
import { renderEnding } from './ending.ts';
import { renderHold } from './hold.ts';
import { renderContinued, renderHelp, renderList, renderMerged, renderSentence } from './notes.ts';
import { maxTextLength, type Rendered, section, type Wording } from './parts.ts';
import { renderPlan } from './plan.ts';
import { renderQuestion } from './question.ts';
import { renderResult } from './result.ts';
import { renderRoot } from './root.ts';
import { renderUsage } from './usage.ts';

/**
 * Words and layout of everything Errand says. Pure. Block ids carry the revision: Slack asks for new ones with each update.
 */
export function render(said: Said, wording: Wording, revision = 1): Rendered {
  const { text, blocks } = compose(said, wording);
  return { text: cut(text, maxTextLength), blocks: identify(blocks, said.type, revision) };
}

/** The same in sections and buttons only, for a Slack that refuses the newer kinds of blocks. */
export function renderPlain(said: Said, wording: Wording, revision = 1): Rendered {
  const { text, blocks } = compose(said, wording);
  const buttons = blocks.filter((block) => block.type === 'actions');
  const sections = chunks(cut(text, maxTextLength), 2900).map((chunk) => section(chunk));
  return { text: cut(text, maxTextLength), blocks: identify([...sections, ...buttons], said.type, revision) };
}

function compose(said: Said, wording: Wording): Rendered {
  switch (said.type) {
    case 'root':
      return renderRoot(said, wording);
    case 'plan':
      return renderPlan(said, wording);
    case 'question':
      return renderQuestion(said, wording);
    case 'result':
      return renderResult(said, wording);
    case 'ending':
      return renderEnding(said, wording);
    case 'hold':
      return renderHold(said);
    case 'merged':
      return renderMerged(said);
    case 'blocked':
      return renderBlocked(said);
    case 'continued':
      return renderContinued(said);
    case 'sentence':
      return renderSentence(said);
    case 'list':
      return renderList(said, wording);
    case 'usage':
      return renderUsage(said);
    case 'help':
      return renderHelp(wording);
    default:
      return said satisfies never;
  }
}

function identify(blocks: readonly KnownBlock[], name: string, revision: number): KnownBlock[] {
  return blocks.map((block, index) => ({ ...block, block_id: `${block.block_id ?? `${name}-${index}`}-r${revision}` }));
}

function chunks(text: string, size: number): string[] {
  const pieces: string[] = [];
  for (let rest = text; rest !== ''; ) {
    const line = rest.length <= size ? -1 : rest.lastIndexOf('\n', size);
    const end = rest.length <= size ? rest.length : line > 0 ? line : size;
    pieces.push(rest.slice(0, end));
    rest = rest.slice(end).replace(/^\n/, '');
  }
  return pieces;
}
