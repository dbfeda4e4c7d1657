import { type Chosen, elementsOf, initialChoice } from '../../src/local/slack/elements.ts';
import type { LocalSlack } from '../../src/local/slack/server.ts';
import type { LooseObject, View } from '../../src/local/slack/workspace.ts';

/** What a person puts into a form: by block. */
export type Entries = Readonly<Record<string, string>>;

/** The form that a person has open; undefined while there is none. */
export function openForm(slack: LocalSlack, user: string): View | undefined {
  return slack.store.views.findLast((each) => each.user === user)?.view;
}

/**
 * Fills a form in and sends it, and gives what the person saw: its title, each field with what it then held, and what was wrong with
 * any. Throws for a field that the form lacks, or a choice that it does not offer.
 */
export async function sendForm(slack: LocalSlack, user: string, entries: Entries): Promise<string> {
  const view = openForm(slack, user);
  if (view === undefined) throw new Error('no form is open');
  const fields = elementsOf(view.blocks).filter(({ block }) => block.type === 'input');
  const missing = Object.keys(entries).filter((name) => !fields.some(({ block }) => block.block_id === name));
  if (missing.length > 0) throw new Error(`The form has no ${missing}: ${fields.map(({ block }) => block.block_id)}`);
  const values: Record<string, Record<string, Chosen>> = {};
  for (const { block, element } of fields) {
    const [name, action] = [String(block.block_id), String(element.action_id)];
    const given = entries[name];
    if (given === undefined) continue;
    values[name] = { [action]: given };
    if (element.type === 'external_select') {
      await slack.interactions.suggest({ user, view_id: view.id, block_id: name, action_id: action, value: given });
    }
  }
  const { error, errors } = await slack.interactions.submit({ user, view_id: view.id, values });
  if (error !== null) throw new Error(`the form got ${error}`);
  const { conversation = null } = slack.store.view(view.id) ?? {};
  const rows = fields.map(({ block, element }) => {
    const name = String(block.block_id);
    const chosen = String(entries[name] ?? initialChoice(element, conversation) ?? '');
    const held = slack.store.channel(chosen)?.name ?? chosen;
    const wrong = errors[name] === undefined ? '' : `\n      ! ${errors[name]}`;
    return `  ${textOf(block.label)}: ${held.replaceAll('\n', '\n      ')}${wrong}`.trimEnd();
  });
  const notes = view.blocks.filter(({ type }) => type === 'section').map((block) => `  ${textOf(block.text)}`);
  return [`Form: ${textOf(view.title)}`, ...notes, ...rows].join('\n');
}

function textOf(given: unknown): string {
  const text: LooseObject = typeof given === 'object' && given !== null ? { ...given } : {};
  return String(text.text ?? '');
}
