import { z } from 'zod';
import { toMessageParts } from './typed-text.ts';
import type { LooseObject, Workspace } from './workspace.ts';

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

/** What a choice needs besides its element. */
export interface Choosing {
  readonly workspace: Workspace;
  /** What the app offered for an external select so far. */
  readonly offered?: readonly LooseObject[];
  /** An uploaded file, as Slack tells of it. */
  readonly files?: (id: string) => LooseObject | undefined;
}

/**
 * The part of a `block_actions` action, or of a view's state, that tells what was chosen, in the shape that Slack gives the
 * element's type. Undefined when it isn't on offer.
 */
export function choiceOf(
  element: LooseObject,
  chosen: Chosen,
  { workspace, offered = [], files = () => undefined }: Choosing,
): LooseObject | undefined {
  const type = String(element.type);
  const single = typeof chosen === 'string' && chosen !== '' ? chosen : null;
  switch (type) {
    case 'button':
    case 'icon_button':
      return { ...(element.value !== undefined && { value: element.value }), text: element.text };
    case 'feedback_buttons': {
      const both = [Loose.parse(element.positive_button), Loose.parse(element.negative_button)];
      const pressed = both.find((each) => each.value === single);
      return pressed === undefined ? undefined : { value: pressed.value, text: pressed.text };
    }
    case 'rich_text_input':
      return single === null ? {} : { rich_text_value: toMessageParts(single, workspace).blocks[0] };
    case 'plain_text_input':
    case 'email_text_input':
    case 'url_text_input':
    case 'number_input':
      return { value: single };
    case 'datepicker':
      return { selected_date: single };
    case 'timepicker':
      return { selected_time: single, ...(element.timezone !== undefined && { timezone: element.timezone }) };
    case 'datetimepicker':
      return { selected_date_time: single === null ? null : Number(single) };
    case 'file_input':
      return {
        files: many(chosen)
          .map((id) => files(id))
          .filter((file) => file !== undefined),
      };
    default:
      return entityChoice(type, chosen, workspace) ?? optionChoice(element, chosen, offered);
  }
}

function entityChoice(type: string, chosen: Chosen, workspace: Workspace): LooseObject | undefined {
  const [, multi, kind] = /^(multi_)?(user|conversation|channel)s_select$/.exec(type) ?? [];
  if (kind === undefined) return undefined;
  const all = kind === 'user' ? workspace.users : workspace.channels;
  const known = many(chosen).filter((id) => all.some((each) => each.id === id));
  return multi === undefined ? { [`selected_${kind}`]: known[0] ?? null } : { [`selected_${kind}s`]: known };
}

function optionChoice(element: LooseObject, chosen: Chosen, offered: readonly LooseObject[]): LooseObject | undefined {
  const type = String(element.type);
  const options = [
    ...list(element.options),
    ...list(element.option_groups).flatMap((group) => list(group.options)),
    ...(/external_select$/.test(type)
      ? [...one(element.initial_option), ...list(element.initial_options), ...offered]
      : []),
  ];
  const wanted = many(chosen).map((value) => options.findLast((option) => option.value === value));
  const found = wanted.filter((option) => option !== undefined);
  if (found.length < wanted.length) return undefined;
  const several = type === 'checkboxes' || type.startsWith('multi_');
  return several ? { selected_options: found } : { selected_option: found[0] ?? null };
}

/** What an element holds before anybody touches it; `conversation` is where the person was when the form opened. */
export function initialChoice(element: LooseObject, conversation: string | null = null): Chosen {
  const [single] = [
    element.initial_value,
    element.initial_user,
    element.initial_conversation,
    element.initial_channel,
    element.initial_date,
    element.initial_time,
  ].filter((each) => typeof each === 'string');
  if (single !== undefined) return single;
  if (typeof element.initial_date_time === 'number') return String(element.initial_date_time);
  const several = [element.initial_users, element.initial_conversations, element.initial_channels].find(Array.isArray);
  if (several !== undefined) return z.array(z.string()).parse(several);
  if (element.initial_options !== undefined) return list(element.initial_options).map((option) => String(option.value));
  if (element.default_to_current_conversation === true) return conversation;
  const [option] = one(element.initial_option);
  return option === undefined ? null : String(option.value);
}

/** True where a person would see "Please complete this required field". */
export function isEmptyChoice(choice: LooseObject): boolean {
  return Object.values(choice).every(
    (value) => value === null || value === '' || (Array.isArray(value) && value.length === 0),
  );
}

function many(chosen: Chosen): readonly string[] {
  if (chosen === null || chosen === '') return [];
  return typeof chosen === 'string' ? [chosen] : chosen;
}

/** The objects in what should be a list of them; none where it is none. */
export function list(value: unknown): LooseObject[] {
  const parsed = LooseList.safeParse(value);
  return parsed.success ? parsed.data : [];
}

function one(value: unknown): LooseObject[] {
  const parsed = Loose.safeParse(value);
  return parsed.success ? [parsed.data] : [];
}
