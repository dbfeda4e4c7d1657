import { z } from 'zod';
import { limits } from '../limits.ts';
import { viewBlocks } from './blocks.ts';
import { id, plain } from './text.ts';

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
