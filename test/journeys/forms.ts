import { type Chosen, elementsOf, type FoundElement, initialChoice } from '../../src/local/slack/elements.ts';
import type { LocalSlack } from '../../src/local/slack/server.ts';
import type { LooseObject, View } from '../../src/local/slack/workspace.ts';
import type { ErrandUnderTest } from '../support/errand.ts';

/** What a person puts into a form: by block. */
export type Entries = Readonly<Record<string, string>>;

/** The form that a person has open; undefined while there is none. */
export function openForm(slack: LocalSlack, user: string): View | undefined {
  return slack.store.views.findLast((each) => each.user === user)?.view;
}

/**
 * Fills a form in and sends it, and gives what the person saw: its title, each field with what it then held, and what was wrong with
 * any. A choice that other fields hang on is made first. Throws for a field that the form lacks, or a choice that it does not offer.
 */
export async function sendForm(errand: ErrandUnderTest, user: string, entries: Entries): Promise<string> {
  const { slack } = errand;
  const opened = await errand.until('a form', () => openForm(slack, user), 20_000);
  for (const { block, element } of fieldsOf(opened)) {
    const given = entries[String(block.block_id)];
    if (given === undefined || block.dispatch_action !== true) continue;
    const at = { user, view_id: opened.id, action_id: String(element.action_id) };
    await look(slack, { ...at, block_id: String(block.block_id) }, element, given);
    const value = toChosen(element, given);
    const values = { [String(block.block_id)]: { [at.action_id]: value } };
    await slack.interactions.viewAction({ ...at, value, values });
    await errand.until('the form to follow', () => openForm(slack, user)?.hash !== opened.hash, 20_000);
  }
  const view = openForm(slack, user);
  if (view === undefined) throw new Error('the form is closed');
  const fields = fieldsOf(view).map(({ block, element }) => {
    const name = String(block.block_id);
    // A field that was chosen anew has a number behind its name.
    return { block, element, name, given: entries[name] ?? entries[name.replace(/^(branch)_\d+$/, '$1')] };
  });
  const found = fields.filter(({ given }) => given !== undefined).length;
  if (found < Object.keys(entries).length) throw new Error(`The form has only ${fields.map(({ name }) => name)}`);
  const values: Record<string, Record<string, Chosen>> = {};
  for (const { element, name, given } of fields) {
    if (given === undefined) continue;
    const action = String(element.action_id);
    values[name] = { [action]: toChosen(element, given) };
    await look(slack, { user, view_id: view.id, block_id: name, action_id: action }, element, given);
  }
  const { conversation = null } = slack.store.view(view.id) ?? {};
  const { error, errors } = await slack.interactions.submit({ user, view_id: view.id, values });
  if (error !== null) throw new Error(`the form got ${error}`);
  const rows = fields.map(({ block, element, name, given }) => {
    const chosen = String(given ?? initialChoice(element, conversation) ?? '');
    const held = slack.store.channel(chosen)?.name ?? chosen;
    const wrong = errors[name] === undefined ? '' : `\n      ! ${errors[name]}`;
    return `  ${textOf(block.label)}: ${held.replaceAll('\n', '\n      ')}`.trimEnd() + wrong;
  });
  const notes = view.blocks
    .filter(({ type }) => type === 'context')
    .map(({ elements }) => `  ${Array.isArray(elements) ? textOf(elements[0]) : ''}`);
  return [`Form: ${textOf(view.title)}`, ...notes, ...rows].join('\n');
}

/** The fields of a form, each with the block that holds it. */
export function fieldsOf(view: View): FoundElement[] {
  return elementsOf(view.blocks).filter(({ block }) => block.type === 'input');
}

/** Asks for each of these as a person does, by typing it, where the menu asks the app. */
async function look(
  slack: LocalSlack,
  at: { user: string; view_id: string; block_id: string; action_id: string },
  element: LooseObject,
  given: string,
): Promise<void> {
  if (!String(element.type).includes('external')) return;
  for (const value of given.split(',')) await slack.interactions.suggest({ ...at, value });
}

function toChosen(element: LooseObject, given: string): Chosen {
  return String(element.type).startsWith('multi_') ? given.split(',') : given;
}

function textOf(given: unknown): string {
  const text: LooseObject = typeof given === 'object' && given !== null ? { ...given } : {};
  return typeof text.text === 'object' ? textOf(text.text) : String(text.text ?? '');
}
