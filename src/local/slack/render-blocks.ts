import { z } from 'zod';
import { objects, prefixed, readRichText, readTextObject } from './render-text.ts';
import type { LooseObject, Workspace } from './workspace.ts';

type Names = Pick<Workspace, 'users' | 'channels' | 'userGroups'>;
const Loose = z.record(z.string(), z.unknown());

const statusWords: Readonly<Record<string, string>> = {
  pending: 'to do',
  in_progress: 'doing',
  complete: 'done',
  error: 'failed',
};

/** Blocks as the words that a person reads, top to bottom; buttons in brackets. */
export function readBlocks(blocks: readonly LooseObject[], names: Names): string {
  return blocks
    .map((block) => readBlock(block, names))
    .filter((text) => text !== '')
    .join('\n');
}

function readBlock(block: LooseObject, names: Names): string {
  const text = (value: unknown) => readTextObject(value, names);
  const elements = objects(block.elements);
  switch (block.type) {
    case 'section': {
      const fields = objects(block.fields).map(text);
      const accessory = Loose.safeParse(block.accessory);
      return [text(block.text), ...fields, accessory.success ? readElement(accessory.data, names) : '']
        .filter((part) => part !== '')
        .join('\n');
    }
    case 'header':
      return `# ${text(block.text)}`;
    case 'divider':
      return '---';
    case 'context':
      return `(${elements.map((each) => (each.type === 'image' ? String(each.alt_text) : text(each))).join(' · ')})`;
    case 'actions':
    case 'context_actions':
      return elements.map((each) => readElement(each, names)).join(' ');
    case 'markdown':
      return String(block.text);
    case 'rich_text':
      return readRichText(block, names);
    case 'image':
      return `[image: ${block.alt_text}]`;
    case 'plan':
      return [
        `Plan: ${block.title}`,
        ...objects(block.tasks).map((task) => prefixed(readTask(task, names), '  ')),
      ].join('\n');
    case 'task_card':
      return readTask(block, names);
    case 'card':
      return readCard(block, names);
    case 'carousel':
      return elements.map((each) => readCard(each, names)).join('\n');
    case 'table':
    case 'data_table':
      return readTable(block, names);
    case 'container': {
      const rich = Loose.safeParse(block.rich_text_title);
      const folded = block.default_collapsed === true ? ' (folded)' : '';
      const title = `${rich.success ? readRichText(rich.data, names) : text(block.title)}${folded}`;
      return `${title}\n${prefixed(readBlocks(objects(block.child_blocks), names), '| ')}`;
    }
    case 'alert':
      return `${String(block.level ?? 'note')}: ${text(block.text)}`;
    case 'input': {
      const optional = block.optional === true ? ' (optional)' : '';
      return `${text(block.label)}${optional}: [${String(Loose.parse(block.element).type)}]`;
    }
    default:
      return `[${block.type}]`;
  }
}

function readElement(element: LooseObject, names: Names): string {
  const text = (value: unknown) => readTextObject(value, names);
  switch (element.type) {
    case 'button':
    case 'icon_button': {
      const style = element.style === undefined ? '' : `, ${element.style}`;
      const confirm = element.confirm === undefined ? '' : ', asks first';
      const url = element.url === undefined ? '' : `, ${element.url}`;
      return `[${text(element.text)}${style}${confirm}${url}]`;
    }
    case 'feedback_buttons':
      return ['positive_button', 'negative_button'].map((key) => `[${text(Loose.parse(element[key]).text)}]`).join(' ');
    case 'image':
      return `[image: ${element.alt_text}]`;
    default: {
      const options = objects(element.options).map((option) => text(option.text));
      const placeholder = text(element.placeholder);
      return `[${placeholder === '' ? String(element.type).replaceAll('_', ' ') : placeholder}: ${options.join(' / ')}]`;
    }
  }
}

function readTask(task: LooseObject, names: Names): string {
  const parts = [task.details, task.output].flatMap((value) => {
    const parsed = Loose.safeParse(value);
    return parsed.success ? [prefixed(readRichText(parsed.data, names), '  ')] : [];
  });
  const sources = objects(task.sources).map((source) => `  ${source.text} (${source.url})`);
  const status = statusWords[String(task.status)] ?? String(task.status);
  return [`[${status}] ${task.title}`, ...parts, ...sources].join('\n');
}

function readCard(card: LooseObject, names: Names): string {
  const lines = ['title', 'subtitle', 'body']
    .map((key) => readTextObject(card[key], names))
    .filter((line) => line !== '');
  const buttons = objects(card.actions).map((each) => readElement(each, names));
  return prefixed([...lines, ...(buttons.length > 0 ? [buttons.join(' ')] : [])].join('\n'), '| ');
}

function readTable(block: LooseObject, names: Names): string {
  const rows = z.array(z.array(Loose)).safeParse(block.rows);
  if (!rows.success) return '';
  const cells = rows.data.map((row) =>
    row.map((cell) => (cell.type === 'rich_text' ? readRichText(cell, names) : String(cell.text))),
  );
  const widths = (cells[0] ?? []).map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  return cells
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
