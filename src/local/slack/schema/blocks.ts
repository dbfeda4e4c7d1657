import { z } from 'zod';
import { limits } from '../limits.ts';
import { filled, typedInputs } from './filled.ts';
import { button, feedback, iconButton, image, overflow } from './pressed.ts';
import { richText } from './rich-text.ts';
import { chars, id, mrkdwn, plain, text, url } from './text.ts';

const interactive = [button, overflow, ...filled] as const;

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
  richText,
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
  details: richText.optional(),
  output: richText.optional(),
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
  element: z.discriminatedUnion('type', [...typedInputs, ...filled]),
});
const container = block('container', {
  title: plain(limits.containerTitleChars).optional(),
  rich_text_title: richText.optional(),
  subtitle: text(limits.containerTitleChars).optional(),
  child_blocks: z
    .array(
      z.discriminatedUnion('type', [actions, context, divider, header, imageBlock, input, richText, section, table]),
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

const everywhere = [section, divider, header, context, actions, imageBlock, card, carousel, richText] as const;
const inMessages = [...everywhere, contextActions, markdown, table, dataTable, taskCard, plan, container] as const;

/** The blocks of a message; `alert` and `input` are not among them. */
export const messageBlocks = z.array(z.discriminatedUnion('type', [...inMessages])).max(limits.messageBlocks);
/** The blocks of a modal or of the Home tab. */
export const viewBlocks = z.array(z.discriminatedUnion('type', [...everywhere, input, alert])).max(limits.viewBlocks);
