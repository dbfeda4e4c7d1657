import type { z } from 'zod';
import { elementsOf } from './elements.ts';
import { limits } from './limits.ts';
import { messageBlocks } from './schema/blocks.ts';
import { homeView, modalView } from './schema/views.ts';
import type { LooseObject } from './workspace.ts';

/** Why Slack would refuse; `messages` is what it puts into `response_metadata`. */
export interface BlockProblem {
  readonly error:
    | 'invalid_blocks'
    | 'invalid_blocks_format'
    | 'msg_blocks_too_long'
    | 'invalid_arguments'
    | 'view_too_large';
  readonly messages: readonly string[];
}

/** Checks a message's blocks against every limit; null when Slack would take them. */
export function checkMessageBlocks(blocks: unknown): BlockProblem | null {
  if (!Array.isArray(blocks)) return { error: 'invalid_blocks_format', messages: [] };
  const parsed = messageBlocks.safeParse(blocks);
  if (!parsed.success) return { error: 'invalid_blocks', messages: toMessages(parsed.error, '/blocks') };
  const messages = [...duplicates(blocks, '/blocks'), ...wholeMessage(blocks)];
  if (messages.length > 0) return { error: 'invalid_blocks', messages };
  if (JSON.stringify(blocks).length > limits.messageBlocksChars) return { error: 'msg_blocks_too_long', messages: [] };
  return null;
}

/** Checks a modal or Home view; null when Slack would take it. */
export function checkView(view: unknown, type: 'modal' | 'home'): BlockProblem | null {
  const parsed = (type === 'modal' ? modalView : homeView).safeParse(view);
  if (!parsed.success) return { error: 'invalid_arguments', messages: toMessages(parsed.error, '/view') };
  if (Buffer.byteLength(JSON.stringify(view)) > limits.viewBytes) return { error: 'view_too_large', messages: [] };
  const { blocks } = parsed.data;
  const needsSubmit = type === 'modal' && blocks.some((block) => block.type === 'input') && !('submit' in parsed.data);
  const messages = duplicates(blocks, '/view/blocks');
  const focused = elementsOf(blocks).filter(({ element }) => element.focus_on_load === true);
  if (focused.length > 1) messages.push('[ERROR] only one element may have focus_on_load [json-pointer:/view/blocks]');
  if (needsSubmit) messages.push('[ERROR] missing required field: submit [json-pointer:/view]');
  return messages.length > 0 ? { error: 'invalid_arguments', messages } : null;
}

function wholeMessage(blocks: readonly LooseObject[]): string[] {
  const messages: string[] = [];
  const markdown = blocks.filter((block) => block.type === 'markdown');
  const total = markdown.reduce((sum, block) => sum + String(block.text).length, 0);
  if (total > limits.markdownChars) {
    messages.push(
      `[ERROR] markdown text must be less than ${limits.markdownChars + 1} characters in total [json-pointer:/blocks]`,
    );
  }
  if (blocks.filter((block) => block.type === 'table').length > limits.tablesPerMessage) {
    messages.push('[ERROR] only one table is allowed [json-pointer:/blocks]');
  }
  return messages;
}

/** A `block_id` is unique in its message, an `action_id` in its block. */
function duplicates(blocks: readonly LooseObject[], at: string): string[] {
  const messages: string[] = [];
  const blockIds = new Set<unknown>();
  for (const [index, block] of blocks.entries()) {
    const blockId = block.block_id;
    if (blockId !== undefined && blockId !== '') {
      if (blockIds.has(blockId)) {
        messages.push(`[ERROR] block_id \`${blockId}\` already exists [json-pointer:${at}/${index}/block_id]`);
      }
      blockIds.add(blockId);
    }
    const actionIds = new Set<string>();
    for (const actionId of actionIdsOf(block)) {
      if (actionIds.has(actionId)) {
        messages.push(`[ERROR] action_id \`${actionId}\` already exists [json-pointer:${at}/${index}]`);
      }
      actionIds.add(actionId);
    }
  }
  return messages;
}

function actionIdsOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(actionIdsOf);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, each]) =>
    key === 'action_id' && typeof each === 'string' && each !== '' ? [each] : actionIdsOf(each),
  );
}

function toMessages(error: z.ZodError, at: string): string[] {
  return error.issues.map((issue) => {
    const pointer = [at, ...issue.path].join('/');
    return `[ERROR] ${toWords(issue)} [json-pointer:${pointer}]`;
  });
}

function toWords(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'too_big':
      return issue.origin === 'array'
        ? `no more than ${issue.maximum} items allowed`
        : `must be less than ${Number(issue.maximum) + 1} characters`;
    case 'too_small':
      return issue.origin === 'array'
        ? `must have at least ${issue.minimum} items`
        : `must be more than ${Number(issue.minimum) - 1} characters`;
    case 'unrecognized_keys':
      return `invalid additional property: ${issue.keys.join(', ')}`;
    case 'invalid_union':
      return 'unsupported type';
    case 'invalid_type':
      return issue.input === undefined
        ? `missing required field: ${String(issue.path.at(-1))}`
        : `expected ${issue.expected}`;
    default:
      return issue.message;
  }
}
