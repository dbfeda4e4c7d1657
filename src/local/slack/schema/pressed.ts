import { z } from 'zod';
import { limits } from '../limits.ts';
import { action, chars, confirm, plain, plainOption, style, url } from './text.ts';

export const image = z.strictObject({
  type: z.literal('image'),
  alt_text: chars(limits.altChars),
  image_url: url.optional(),
  slack_file: z.looseObject({}).optional(),
});
export const button = z.strictObject({
  type: z.literal('button'),
  ...action,
  text: plain(limits.buttonTextChars),
  value: chars(limits.buttonValueChars, 0).optional(),
  url: url.optional(),
  style,
  confirm,
  accessibility_label: chars(limits.accessibilityChars).optional(),
});
export const overflow = z.strictObject({
  type: z.literal('overflow'),
  ...action,
  options: z.array(plainOption).min(1).max(limits.overflowOptions),
  confirm,
});
const feedbackButton = z.strictObject({
  text: plain(limits.buttonTextChars),
  value: chars(limits.buttonValueChars),
  accessibility_label: chars(limits.accessibilityChars).optional(),
});
export const feedback = z.strictObject({
  type: z.literal('feedback_buttons'),
  ...action,
  positive_button: feedbackButton,
  negative_button: feedbackButton,
});
export const iconButton = z.strictObject({
  type: z.literal('icon_button'),
  ...action,
  icon: z.enum(['trash']),
  text: plain(limits.buttonTextChars),
  value: chars(limits.buttonValueChars).optional(),
  accessibility_label: chars(limits.accessibilityChars).optional(),
  visible_to_user_ids: z.array(z.string()).optional(),
  confirm,
});
