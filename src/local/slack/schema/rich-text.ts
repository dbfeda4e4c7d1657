import { z } from 'zod';
import { id } from './text.ts';

const richElement = z.looseObject({
  type: z.enum(['text', 'link', 'emoji', 'user', 'usergroup', 'channel', 'broadcast', 'date', 'color', 'team']),
});
const richSection = z.strictObject({ type: z.literal('rich_text_section'), elements: z.array(richElement) });
const border = { border: z.number().int().min(0).max(1).optional() };
export const richText = z.strictObject({
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
