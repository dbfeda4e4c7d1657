import { z } from 'zod';
import { limits } from '../limits.ts';
import { richText } from './rich-text.ts';
import { action, chars, confirm, focus, option, optionGroup, options, plainOption } from './text.ts';

const { placeholder: _placeholder, ...focusOnly } = focus;
const many = { max_selected_items: z.number().int().min(1).optional() };
const ids = z.array(chars(limits.idChars)).optional();
const oneId = chars(limits.idChars).optional();
const plainOptions = z.array(plainOption).min(1).max(limits.selectOptions).optional();
const query = { min_query_length: z.number().int().min(0).optional() };
const filter = z
  .strictObject({
    include: z
      .array(z.enum(['im', 'mpim', 'private', 'public']))
      .min(1)
      .optional(),
    exclude_external_shared_channels: z.boolean().optional(),
    exclude_bot_users: z.boolean().optional(),
  })
  .optional();
const conversations = { default_to_current_conversation: z.boolean().optional(), filter };
const respondable = { response_url_enabled: z.boolean().optional() };
const dispatch = {
  dispatch_action_config: z
    .strictObject({
      trigger_actions_on: z.array(z.enum(['on_enter_pressed', 'on_character_entered'])).optional(),
    })
    .optional(),
};

const element = <Type extends string, Shape extends z.ZodRawShape>(type: Type, shape: Shape) =>
  z.strictObject({ type: z.literal(type), ...action, ...shape });
const menu = <Type extends string, Shape extends z.ZodRawShape>(type: Type, shape: Shape) =>
  element(type, { ...focus, confirm, ...shape });

const offered = {
  options: plainOptions,
  option_groups: z.array(optionGroup).min(1).max(limits.selectOptions).optional(),
};
/** One list or the other; what is chosen at first must be on it, letter for letter. */
const onOffer = (value: {
  options?: unknown[] | undefined;
  option_groups?: { options: unknown[] }[] | undefined;
  initial_option?: unknown;
  initial_options?: unknown[] | undefined;
}) => {
  const all = [...(value.options ?? []), ...(value.option_groups ?? []).flatMap((group) => group.options)];
  const known = new Set(all.map((each) => JSON.stringify(each)));
  const initial = [
    ...(value.initial_options ?? []),
    ...(value.initial_option === undefined ? [] : [value.initial_option]),
  ];
  return initial.every((each) => known.has(JSON.stringify(each)));
};
const notOnOffer = 'the initial option must exactly match an option';
const oneList = (value: { options?: unknown; option_groups?: unknown }) =>
  (value.options === undefined) !== (value.option_groups === undefined);
const noList = 'either options or option_groups is required';

const staticSelect = menu('static_select', { ...offered, initial_option: plainOption.optional() })
  .refine(oneList, noList)
  .refine(onOffer, notOnOffer);
const staticSelects = menu('multi_static_select', {
  ...offered,
  ...many,
  initial_options: z.array(plainOption).optional(),
})
  .refine(oneList, noList)
  .refine(onOffer, notOnOffer);
const radios = element('radio_buttons', {
  ...focusOnly,
  options: options(limits.choiceOptions),
  initial_option: option.optional(),
  confirm,
}).refine(onOffer, notOnOffer);
const checkboxes = element('checkboxes', {
  ...focusOnly,
  options: options(limits.choiceOptions),
  initial_options: z.array(option).min(1).optional(),
  confirm,
}).refine(onOffer, notOnOffer);

/** Everything that can be chosen from, in any block that takes elements. */
export const filled = [
  staticSelect,
  staticSelects,
  menu('external_select', { ...query, initial_option: plainOption.optional() }),
  menu('multi_external_select', { ...query, ...many, initial_options: z.array(plainOption).optional() }),
  menu('users_select', { initial_user: oneId }),
  menu('multi_users_select', { ...many, initial_users: ids }),
  menu('conversations_select', { ...conversations, ...respondable, initial_conversation: oneId }),
  menu('multi_conversations_select', { ...conversations, ...many, initial_conversations: ids }),
  menu('channels_select', { ...respondable, initial_channel: oneId }),
  menu('multi_channels_select', { ...many, initial_channels: ids }),
  radios,
  checkboxes,
  menu('datepicker', { initial_date: z.iso.date().optional() }),
  menu('timepicker', { initial_time: z.iso.time({ precision: -1 }).optional(), timezone: z.string().optional() }),
  element('datetimepicker', {
    ...focusOnly,
    confirm,
    initial_date_time: z
      .number()
      .int()
      .min(1e9)
      .max(1e10 - 1)
      .optional(),
  }),
] as const;

const typed = { ...focus, ...dispatch, initial_value: z.string().max(limits.inputChars).optional() };
const decimal = z.string().regex(/^-?\d+(?:\.\d+)?$/, 'must be a number');
const lengths = (value: { min_length?: number | undefined; max_length?: number | undefined }) =>
  (value.min_length ?? 0) <= (value.max_length ?? limits.inputChars);
const plainInput = element('plain_text_input', {
  ...typed,
  multiline: z.boolean().optional(),
  min_length: z.number().int().min(0).max(limits.inputChars).optional(),
  max_length: z.number().int().min(1).max(limits.inputChars).optional(),
})
  .refine(lengths, 'min_length must not be greater than max_length')
  .refine(
    (value) => (value.initial_value ?? '').length <= (value.max_length ?? limits.inputChars),
    'initial_value must not be longer than max_length',
  );

/** What stands in input blocks alone: text, numbers, files. */
export const typedInputs = [
  plainInput,
  element('email_text_input', typed),
  element('url_text_input', typed),
  element('number_input', {
    ...typed,
    is_decimal_allowed: z.boolean(),
    initial_value: decimal.optional(),
    min_value: decimal.optional(),
    max_value: decimal.optional(),
  }),
  element('rich_text_input', {
    ...focus,
    ...dispatch,
    initial_value: richText.optional(),
    min_lines: z.number().int().min(1).optional(),
    max_lines: z.number().int().min(1).optional(),
  }),
  element('file_input', {
    filetypes: z.array(z.string().min(1)).min(1).optional(),
    max_files: z.number().int().min(1).max(limits.inputFiles).optional(),
  }),
] as const;
