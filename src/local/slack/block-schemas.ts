import { z } from 'zod';
import { limits } from './limits.ts';

const chars = (max: number, min = 1) => z.string().min(min).max(max);
const plain = (max: number) =>
  z.strictObject({ type: z.literal('plain_text'), text: chars(max), emoji: z.boolean().optional() });
const mrkdwn = (max: number) =>
  z.strictObject({ type: z.literal('mrkdwn'), text: chars(max), verbatim: z.boolean().optional() });
const text = (max: number) => z.discriminatedUnion('type', [plain(max), mrkdwn(max)]);
const id = chars(limits.idChars, 0).optional();
const style = z.enum(['primary', 'danger']).optional();
const url = chars(limits.urlChars).regex(/^[a-z][a-z0-9+.-]*:/i, 'must be a valid url');

const confirm = z
  .strictObject({
    title: plain(limits.confirmTitleChars).optional(),
    text: text(limits.confirmTextChars),
    confirm: plain(limits.confirmButtonChars).optional(),
    deny: plain(limits.confirmButtonChars).optional(),
    style,
  })
  .optional();
const action = { action_id: id };
const focus = { focus_on_load: z.boolean().optional(), placeholder: plain(limits.placeholderChars).optional() };

const option = z.strictObject({
  text: text(limits.optionTextChars),
  value: chars(limits.optionValueChars),
  description: text(limits.optionTextChars).optional(),
});
const plainOption = z.strictObject({
  text: plain(limits.optionTextChars),
  value: chars(limits.optionValueChars),
  description: plain(limits.optionTextChars).optional(),
  url: url.optional(),
});
const optionGroup = z.strictObject({
  label: plain(limits.optionTextChars),
  options: z.array(plainOption).min(1).max(limits.selectOptions),
});
const options = (max: number) => z.array(option).min(1).max(max);

const image = z.strictObject({
  type: z.literal('image'),
  alt_text: chars(limits.altChars),
  image_url: url.optional(),
  slack_file: z.looseObject({}).optional(),
});
const button = z.strictObject({
  type: z.literal('button'),
  ...action,
  text: plain(limits.buttonTextChars),
  value: chars(limits.buttonValueChars, 0).optional(),
  url: url.optional(),
  style,
  confirm,
  accessibility_label: chars(limits.accessibilityChars).optional(),
});
const overflow = z.strictObject({
  type: z.literal('overflow'),
  ...action,
  options: z.array(plainOption).min(1).max(limits.overflowOptions),
  confirm,
});
const select = z.strictObject({
  type: z.enum(['static_select', 'multi_static_select']),
  ...action,
  ...focus,
  options: z.array(plainOption).min(1).max(limits.selectOptions).optional(),
  option_groups: z.array(optionGroup).min(1).max(limits.selectOptions).optional(),
  initial_option: plainOption.optional(),
  initial_options: z.array(plainOption).optional(),
  max_selected_items: z.number().int().min(1).optional(),
  confirm,
});
const entitySelect = z.looseObject({
  type: z.enum([
    'users_select',
    'multi_users_select',
    'conversations_select',
    'multi_conversations_select',
    'channels_select',
    'multi_channels_select',
    'external_select',
    'multi_external_select',
    'datepicker',
    'timepicker',
    'datetimepicker',
    'workflow_button',
    'rich_text_input',
  ]),
  ...action,
});
const choice = z.strictObject({
  type: z.enum(['checkboxes', 'radio_buttons']),
  ...action,
  options: options(limits.choiceOptions),
  initial_option: option.optional(),
  initial_options: z.array(option).optional(),
  focus_on_load: z.boolean().optional(),
  confirm,
});
const textInput = z.strictObject({
  type: z.enum(['plain_text_input', 'email_text_input', 'url_text_input', 'number_input']),
  ...action,
  ...focus,
  initial_value: z.string().max(limits.inputChars).optional(),
  multiline: z.boolean().optional(),
  min_length: z.number().int().min(0).max(limits.inputChars).optional(),
  max_length: z.number().int().min(1).max(limits.inputChars).optional(),
  is_decimal_allowed: z.boolean().optional(),
  min_value: z.string().optional(),
  max_value: z.string().optional(),
  dispatch_action_config: z.looseObject({}).optional(),
});
const feedbackButton = z.strictObject({
  text: plain(limits.buttonTextChars),
  value: chars(limits.buttonValueChars),
  accessibility_label: chars(limits.accessibilityChars).optional(),
});
const feedback = z.strictObject({
  type: z.literal('feedback_buttons'),
  ...action,
  positive_button: feedbackButton,
  negative_button: feedbackButton,
});
const iconButton = z.strictObject({
  type: z.literal('icon_button'),
  ...action,
  icon: z.enum(['trash']),
  text: plain(limits.buttonTextChars),
  value: chars(limits.buttonValueChars).optional(),
  accessibility_label: chars(limits.accessibilityChars).optional(),
  visible_to_user_ids: z.array(z.string()).optional(),
  confirm,
});

const interactive = [button, overflow, select, entitySelect, choice] as const;

const richElement = z.looseObject({
  type: z.enum(['text', 'link', 'emoji', 'user', 'usergroup', 'channel', 'broadcast', 'date', 'color', 'team']),
});
const richSection = z.strictObject({ type: z.literal('rich_text_section'), elements: z.array(richElement) });
const border = { border: z.number().int().min(0).max(1).optional() };
const richTextOf = z.strictObject({
  type: z.literal('rich_text'),
  block_id: id,
  elements: z.array(
    z.discriminatedUnion('type', [
      richSection,
      z.strictObject({
        type: z.literal('rich_text_list'),
        style: z.enum(['bullet', 'ordered']),
        indent: z.number().int().min(0).max(8).optional(),
        offset: z.number().int().optional(),
        elements: z.array(richSection),
        ...border,
      }),
      z.strictObject({ type: z.literal('rich_text_quote'), elements: z.array(richElement), ...border }),
      z.strictObject({
        type: z.literal('rich_text_preformatted'),
        elements: z.array(richElement),
        language: z.string().optional(),
        ...border,
      }),
    ]),
  ),
});

const block = <Shape extends z.ZodRawShape>(type: string, shape: Shape) =>
  z.strictObject({ type: z.literal(type), block_id: id, ...shape });

const section = block('section', {
  text: text(limits.sectionTextChars).optional(),
  fields: z.array(text(limits.fieldChars)).min(1).max(limits.sectionFields).optional(),
  accessory: z.discriminatedUnion('type', [...interactive, image]).optional(),
  expand: z.boolean().optional(),
}).refine((value) => value.text !== undefined || value.fields !== undefined, 'missing required field: text');
const divider = block('divider', {});
const header = block('header', { text: plain(limits.headerChars) });
const context = block('context', {
  elements: z
    .array(z.discriminatedUnion('type', [image, plain(limits.fieldChars), mrkdwn(limits.fieldChars)]))
    .min(1)
    .max(limits.contextElements),
});
const actions = block('actions', {
  elements: z
    .array(z.discriminatedUnion('type', [...interactive]))
    .min(1)
    .max(limits.actionsElements),
});
const contextActions = block('context_actions', {
  elements: z
    .array(z.discriminatedUnion('type', [feedback, iconButton]))
    .min(1)
    .max(limits.contextActionsElements),
});
const imageBlock = block('image', {
  alt_text: chars(limits.altChars),
  title: plain(limits.altChars).optional(),
  image_url: url.optional(),
  slack_file: z.looseObject({}).optional(),
});
const markdown = block('markdown', { text: chars(limits.markdownChars) });
const cell = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('raw_text'), text: z.string().min(1) }),
  z.strictObject({ type: z.literal('raw_number'), value: z.number(), text: z.string() }),
  richTextOf,
]);
const rows = z.array(z.array(cell).min(1).max(limits.tableColumns)).min(1).max(limits.tableRows);
const table = block('table', {
  rows,
  column_settings: z
    .array(
      z
        .strictObject({ align: z.enum(['left', 'center', 'right']).optional(), is_wrapped: z.boolean().optional() })
        .nullable(),
    )
    .max(limits.tableColumns)
    .optional(),
});
const dataTable = block('data_table', {
  rows,
  caption: z.string().min(1),
  page_size: z.number().int().min(1).max(100).optional(),
  row_header_column_index: z.number().int().min(0).optional(),
});
const taskCard = block('task_card', {
  task_id: z.string().min(1),
  title: z.string().min(1),
  details: richTextOf.optional(),
  output: richTextOf.optional(),
  sources: z.array(z.strictObject({ type: z.literal('url'), url, text: z.string() })).optional(),
  status: z.enum(['pending', 'in_progress', 'complete', 'error']),
});
const plan = block('plan', { title: z.string().min(1), tasks: z.array(taskCard).max(limits.planTasks).optional() });
const card = block('card', {
  hero_image: image.optional(),
  icon: image.optional(),
  title: mrkdwn(limits.cardTitleChars).optional(),
  subtitle: mrkdwn(limits.cardTitleChars).optional(),
  body: mrkdwn(limits.cardBodyChars).optional(),
  actions: z.array(button).max(limits.actionsElements).optional(),
}).refine(
  (value) => [value.hero_image, value.title, value.actions, value.body].some((part) => part !== undefined),
  'one of hero_image, title, actions or body is required',
);
const carousel = block('carousel', { elements: z.array(card).min(1).max(limits.carouselCards) });
const alert = block('alert', {
  text: text(limits.sectionTextChars),
  level: z.enum(['default', 'info', 'warning', 'error', 'success']).optional(),
});
const input = block('input', {
  label: plain(limits.labelChars),
  hint: plain(limits.labelChars).optional(),
  optional: z.boolean().optional(),
  dispatch_action: z.boolean().optional(),
  element: z.discriminatedUnion('type', [textInput, select, choice, entitySelect]),
});
const container = block('container', {
  title: plain(limits.containerTitleChars).optional(),
  rich_text_title: richTextOf.optional(),
  subtitle: text(limits.containerTitleChars).optional(),
  child_blocks: z
    .array(
      z.discriminatedUnion('type', [actions, context, divider, header, imageBlock, input, richTextOf, section, table]),
    )
    .min(1)
    .max(limits.containerBlocks),
  width: z.enum(['narrow', 'standard', 'wide', 'full']).optional(),
  icon: image.optional(),
  is_collapsible: z.boolean().optional(),
  default_collapsed: z.boolean().optional(),
  has_header_divider: z.boolean().optional(),
})
  .refine((value) => value.title !== undefined || value.rich_text_title !== undefined, 'missing required field: title')
  .refine((value) => value.default_collapsed !== true || value.is_collapsible === true, 'is_collapsible is required');

const everywhere = [section, divider, header, context, actions, imageBlock, card, carousel, richTextOf] as const;
const inMessages = [...everywhere, contextActions, markdown, table, dataTable, taskCard, plan, container] as const;

/** The blocks of a message; `alert` and `input` are not among them. */
export const messageBlocks = z.array(z.discriminatedUnion('type', [...inMessages])).max(limits.messageBlocks);
/** The blocks of a modal or of the Home tab. */
export const viewBlocks = z.array(z.discriminatedUnion('type', [...everywhere, input, alert])).max(limits.viewBlocks);

export const modalView = z.strictObject({
  type: z.literal('modal'),
  title: plain(limits.viewTitleChars),
  submit: plain(limits.viewTitleChars).optional(),
  close: plain(limits.viewTitleChars).optional(),
  blocks: viewBlocks,
  callback_id: id,
  external_id: id,
  private_metadata: z.string().max(limits.privateMetadataChars).optional(),
  clear_on_close: z.boolean().optional(),
  notify_on_close: z.boolean().optional(),
  submit_disabled: z.boolean().optional(),
});
export const homeView = z.strictObject({
  type: z.literal('home'),
  blocks: viewBlocks,
  callback_id: id,
  external_id: id,
  private_metadata: z.string().max(limits.privateMetadataChars).optional(),
});
