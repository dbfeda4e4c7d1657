import {
  type Choosing,
  type Chosen,
  choiceOf,
  elementsOf,
  type FoundElement,
  initialChoice,
  isEmptyChoice,
} from './elements.ts';
import { Refused } from './refused.ts';
import type { LooseObject, View } from './workspace.ts';

/** What a person filled in, by block and element. */
export type Filled = Readonly<Record<string, Readonly<Record<string, Chosen>>>>;

/** A view with what is known of the person who has it open. */
export interface Filling {
  readonly view: View;
  readonly values: Filled;
  /** Where the person was when the form opened. */
  readonly conversation: string | null;
  readonly choosing: (found: FoundElement) => Choosing;
}

const stateless = ['button', 'overflow', 'icon_button', 'feedback_buttons', 'workflow_button'];

function chosenIn({ values, conversation }: Filling, { block, element }: FoundElement): Chosen {
  const given = values[String(block.block_id)]?.[String(element.action_id)];
  return given === undefined ? initialChoice(element, conversation) : given;
}

/** Everything that a view's inputs hold, as `view.state.values`. Throws `Refused` for what is not on offer. */
export function toState(filling: Filling): LooseObject {
  const state: Record<string, Record<string, unknown>> = {};
  for (const found of elementsOf(filling.view.blocks)) {
    const type = String(found.element.type);
    if (stateless.includes(type)) continue;
    const choice = choiceOf(found.element, chosenIn(filling, found), filling.choosing(found));
    if (choice === undefined) throw new Refused('option_not_found');
    const blockId = String(found.block.block_id);
    state[blockId] = { ...state[blockId], [String(found.element.action_id)]: { type, ...choice } };
  }
  return state;
}

/** What Slack's client refuses before it asks the app, by block. */
export function check(filling: Filling): Record<string, string> {
  const errors: Record<string, string> = {};
  for (const found of elementsOf(filling.view.blocks)) {
    const { block, element } = found;
    if (block.type !== 'input') continue;
    const chosen = chosenIn(filling, found);
    const choice = choiceOf(element, chosen, filling.choosing(found));
    const empty = choice === undefined || isEmptyChoice(choice);
    const error = empty
      ? block.optional === true
        ? null
        : 'Please complete this required field.'
      : complaint(element, chosen);
    if (error !== null) errors[String(block.block_id)] = error;
  }
  return errors;
}

function complaint(element: LooseObject, chosen: Chosen): string | null {
  if (Array.isArray(chosen)) {
    const max = Number(element.max_selected_items ?? element.max_files ?? Number.POSITIVE_INFINITY);
    return chosen.length > max ? `Please choose no more than ${max}.` : null;
  }
  const text = String(chosen);
  const min = Number(element.min_length ?? 0);
  const max = Number(element.max_length ?? Number.POSITIVE_INFINITY);
  if (text.length < min) return `Please enter at least ${min} characters.`;
  if (text.length > max) return `Please enter no more than ${max} characters.`;
  switch (element.type) {
    case 'email_text_input':
      return /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(text) ? null : 'Please enter a valid email address.';
    case 'url_text_input':
      return URL.canParse(text) ? null : 'Please enter a valid URL.';
    case 'number_input':
      return numberComplaint(element, text);
    default:
      return null;
  }
}

function numberComplaint(element: LooseObject, text: string): string | null {
  const value = Number(text);
  if (text.trim() === '' || Number.isNaN(value)) return 'Please enter a number.';
  if (element.is_decimal_allowed !== true && !Number.isInteger(value)) return 'Please enter a whole number.';
  if (value < Number(element.min_value ?? Number.NEGATIVE_INFINITY))
    return `Please enter ${element.min_value} or more.`;
  if (value > Number(element.max_value ?? Number.POSITIVE_INFINITY))
    return `Please enter ${element.max_value} or less.`;
  return null;
}

/** Where an app may answer after a submission: the conversations chosen in fields that ask for it. */
export function respondables(filling: Filling): { block_id: string; action_id: string; channel_id: string }[] {
  return elementsOf(filling.view.blocks).flatMap((found) => {
    const chosen = chosenIn(filling, found);
    if (found.element.response_url_enabled !== true || typeof chosen !== 'string' || chosen === '') return [];
    const [block_id, action_id] = [String(found.block.block_id), String(found.element.action_id)];
    return [{ block_id, action_id, channel_id: chosen }];
  });
}
