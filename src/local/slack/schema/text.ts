import { z } from 'zod';
import { limits } from '../limits.ts';

export const chars = (max: number, min = 1) => z.string().min(min).max(max);
export const plain = (max: number) =>
  z.strictObject({ type: z.literal('plain_text'), text: chars(max), emoji: z.boolean().optional() });
export const mrkdwn = (max: number) =>
  z.strictObject({ type: z.literal('mrkdwn'), text: chars(max), verbatim: z.boolean().optional() });
export const text = (max: number) => z.discriminatedUnion('type', [plain(max), mrkdwn(max)]);
export const id = chars(limits.idChars, 0).optional();
export const style = z.enum(['primary', 'danger']).optional();
export const url = chars(limits.urlChars).regex(/^[a-z][a-z0-9+.-]*:/i, 'must be a valid url');

export const confirm = z
  .strictObject({
    title: plain(limits.confirmTitleChars).optional(),
    text: text(limits.confirmTextChars),
    confirm: plain(limits.confirmButtonChars).optional(),
    deny: plain(limits.confirmButtonChars).optional(),
    style,
  })
  .optional();
export const action = { action_id: id };
export const focus = { focus_on_load: z.boolean().optional(), placeholder: plain(limits.placeholderChars).optional() };

export const option = z.strictObject({
  text: text(limits.optionTextChars),
  value: chars(limits.optionValueChars),
  description: text(limits.optionTextChars).optional(),
});
export const plainOption = z.strictObject({
  text: plain(limits.optionTextChars),
  value: chars(limits.optionValueChars),
  description: plain(limits.optionTextChars).optional(),
  url: url.optional(),
});
export const optionGroup = z.strictObject({
  label: plain(limits.optionTextChars),
  options: z.array(plainOption).min(1).max(limits.selectOptions),
});
export const options = (max: number) => z.array(option).min(1).max(max);
