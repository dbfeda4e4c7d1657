import { z } from 'zod';
import type { ChannelId, MessageTs, UserId } from '../task/ids.ts';

export const userId = z
  .string()
  .regex(/^[UW][A-Z0-9]+$/)
  .transform((id) => id as UserId);

export const channelId = z
  .string()
  .regex(/^[CDG][A-Z0-9]+$/)
  .transform((id) => id as ChannelId);

export const messageTs = z
  .string()
  .regex(/^\d+\.\d+$/)
  .transform((ts) => ts as MessageTs);

/** Slack takes a person's id where a channel's is wanted to post to: the direct message with them. */
export function directTo(user: UserId): ChannelId {
  return user as string as ChannelId;
}

/** Epoch milliseconds of a Slack timestamp. */
export function toMs(ts: string): number {
  return Math.round(Number(ts) * 1000);
}
