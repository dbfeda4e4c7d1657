import { z } from 'zod';
import { keyNames } from '../task/command.ts';
import type { Choices, KeptDraft } from '../task/draft.ts';
import type { ChannelId, MessageTs, UserId } from '../task/ids.ts';
import type { Drafts } from '../task/ports/inbox.ts';
import { type Connection, guarded } from './connection.ts';
import type { Keys } from './keys.ts';
import { setAlways } from './script.ts';

const keptSeconds = 24 * 3_600;
const rememberedSeconds = 180 * keptSeconds;

const channelId = z.string().transform((id) => id as ChannelId);
const messageTs = z.string().transform((ts) => ts as MessageTs);

const draft = z.object({
  id: z.string(),
  by: z.string().transform((id) => id as UserId),
  values: z.partialRecord(z.enum(keyNames), z.string()),
  goal: z.string(),
  doneWhen: z.string(),
  outOfScope: z.string(),
  channel: channelId.nullable(),
  about: z.object({ channel: channelId, message: messageTs, thread: messageTs }).nullable(),
});

const choices = z.object({
  repository: z.string().nullable(),
  base: z.string().nullable(),
  agent: z.string().nullable(),
  channel: channelId.nullable(),
});

/** Drafts for a day, choices for half a year since they were last made. What another version wrote counts as gone. */
export function createDrafts(redis: Connection, keys: Keys): Drafts {
  return {
    keep: (kept) =>
      guarded('keep what was typed', async () => {
        await setAlways(redis, [keys.draft(kept.id)], [JSON.stringify(kept), 'EX', keptSeconds]);
      }),
    find: (id) =>
      guarded('find what was typed', async (): Promise<KeptDraft | undefined> => {
        return read(draft, await redis.get(keys.draft(id)));
      }),
    choices: (by) =>
      guarded('recall what was chosen last', async (): Promise<Choices | undefined> => {
        return read(choices, await redis.get(keys.choices(by)));
      }),
    remember: (by, chosen) =>
      guarded('remember what was chosen', async () => {
        await redis.set(keys.choices(by), JSON.stringify(chosen), 'EX', rememberedSeconds);
      }),
  };
}

function read<Value>(schema: z.ZodType<Value>, json: string | null): Value | undefined {
  return json === null ? undefined : schema.safeParse(JSON.parse(json)).data;
}
