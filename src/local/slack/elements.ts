import { z } from 'zod';
import type { LooseObject } from './workspace.ts';

const Loose = z.record(z.string(), z.unknown());
const LooseList = z.array(Loose);

export interface FoundElement {
  readonly block: LooseObject;
  readonly element: LooseObject;
}

/** Every element that can be pressed or filled, with the block that holds it. */
export function elementsOf(blocks: readonly LooseObject[]): FoundElement[] {
  return blocks.flatMap((block) => {
    const inner = [...list(block.child_blocks), ...(block.type === 'carousel' ? list(block.elements) : [])];
    const own = [
      ...(block.type === 'carousel' ? [] : list(block.elements)),
      ...(block.type === 'card' ? list(block.actions) : []),
      ...one(block.accessory),
      ...one(block.element),
    ];
    const here = own.filter((element) => typeof element.action_id === 'string').map((element) => ({ block, element }));
    return [...here, ...elementsOf(inner)];
  });
}

/** What a person chose, as the page and tests say it: a value, or the values of several. */
export type Chosen = string | readonly string[] | null;

/** The part of a `block_actions` action, or of a view's state, that tells what was chosen. Undefined when it isn't on offer. */
export function choiceOf(element: LooseObject, chosen: Chosen): LooseObject | undefined {
  const type = String(element.type);
  const single = typeof chosen === 'string' ? chosen : null;
  if (type === 'button' || type === 'icon_button') {
    return { ...(element.value !== undefined && { value: element.value }), text: element.text };
  }
  if (type === 'feedback_buttons') {
    const offered = [Loose.parse(element.positive_button), Loose.parse(element.negative_button)];
    const pressed = offered.find((each) => each.value === single);
    return pressed === undefined ? undefined : { value: pressed.value, text: pressed.text };
  }
  if (/_input$/.test(type)) return { value: single === '' ? null : single };
  const entity = /^(multi_)?(user|conversation|channel)s_select$/.exec(type);
  if (entity !== null) {
    const [, multi, kind] = entity;
    return multi === undefined ? { [`selected_${kind}`]: single } : { [`selected_${kind}s`]: many(chosen) };
  }
  if (type === 'datepicker') return { selected_date: single };
  if (type === 'timepicker') return { selected_time: single };
  const options = [...list(element.options), ...list(element.option_groups).flatMap((group) => list(group.options))];
  if (type === 'checkboxes' || type.startsWith('multi_')) {
    return { selected_options: options.filter((option) => many(chosen).includes(String(option.value))) };
  }
  if (single === null) return { selected_option: null };
  const option = options.find((each) => each.value === single);
  return option === undefined ? undefined : { selected_option: option };
}

/** What a filled element holds before anybody touches it. */
export function initialChoice(element: LooseObject): Chosen {
  const initial =
    element.initial_value ?? element.initial_user ?? element.initial_conversation ?? element.initial_channel;
  if (typeof initial === 'string') return initial;
  if (Array.isArray(element.initial_options)) {
    return list(element.initial_options).map((option) => String(option.value));
  }
  const option = Loose.safeParse(element.initial_option);
  return option.success ? String(option.data.value) : null;
}

/** True where a person would see "Please complete this required field". */
export function isEmptyChoice(choice: LooseObject): boolean {
  return Object.values(choice).every(
    (value) => value === null || value === '' || (Array.isArray(value) && value.length === 0),
  );
}

function many(chosen: Chosen): readonly string[] {
  if (chosen === null) return [];
  return typeof chosen === 'string' ? [chosen] : chosen;
}

function list(value: unknown): LooseObject[] {
  const parsed = LooseList.safeParse(value);
  return parsed.success ? parsed.data : [];
}

function one(value: unknown): LooseObject[] {
  const parsed = Loose.safeParse(value);
  return parsed.success ? [parsed.data] : [];
}
