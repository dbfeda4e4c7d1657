import type { Button, KnownBlock } from '@slack/types';
import type { Said } from '../../task/said.ts';
import { agentMarkdown } from '../agent-markdown.ts';
import { agentLabel, cut, escapeAgent, escapeAgentText, escapeMrkdwn } from '../plain.ts';
import { actions, clockTime, context, person, type Rendered, section, type Wording } from './parts.ts';

/** A button's label longer than this is cut on phones; such options are numbered and written out instead. */
const maxLabelLength = 24;
const maxOptions = 5;

/** What the agent needs to know, and, once it was told, by whom. */
export function renderQuestion(said: Extract<Said, { type: 'question' }>, wording: Wording): Rendered {
  const { task, question, answer } = said;
  const hosts = wording.linkHosts;
  const options = question.options.slice(0, maxOptions).map((option) => agentLabel(option, 200, hosts));
  const numbered = options.some((option) => option.length > maxLabelLength);
  const buttons = options.map((option, index): Button => {
    const label = numbered ? `Answer ${index + 1}` : option;
    return {
      type: 'button',
      action_id: `answer_${index}`,
      text: { type: 'plain_text', text: label },
      accessibility_label: cut(`Answer: ${option}`, 75),
      value: JSON.stringify({ question: question.id, answer: cut(question.options[index] ?? option, 1500) }),
    };
  });
  const list = numbered ? options.map((option, index) => `${index + 1}. ${escapeMrkdwn(option)}`).join('\n') : '';
  const outcome =
    answer === null
      ? `Press a button or reply here. Without an answer by ${clockTime(question.expiresAt)}: ${escapeAgent(question.fallback, 300, hosts)}`
      : answer.by === null
        ? `Nobody answered in time, so the agent goes on with: ${escapeAgent(answer.text, 300, hosts)}`
        : `${person(answer.by)} answered: ${escapeAgent(answer.text, 300, hosts)}`;
  const head = answer === null ? 'Waiting for your answer' : 'Question answered';
  const blocks: KnownBlock[] = [
    section(`${person(task.requester)} *${head}*`),
    { type: 'markdown', text: agentMarkdown(question.text, { limit: 3000, hosts }) },
    ...(list === '' ? [] : [section(list)]),
    ...(answer === null ? actions(...buttons) : []),
    context(outcome),
  ];
  const choices = options.length === 0 ? [] : [`Answers: ${options.map(escapeMrkdwn).join(' / ')}`];
  return {
    text: [`${head}: ${escapeAgentText(question.text, 1500, hosts)}`, ...choices, outcome].join('\n'),
    blocks,
  };
}
