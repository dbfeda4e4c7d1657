import { z } from 'zod';
import { keyNames } from '../task/command.ts';
import type { Draft } from '../task/draft.ts';
import { visible } from '../task/visible.ts';
import { branchBlock, type FormNote, goalBlock } from './blocks/form.ts';
import { formIds } from './blocks/form-fields.ts';
import { channelId, messageTs } from './ids.ts';

const note: z.ZodType<FormNote> = z.object({
  about: z.object({ channel: channelId, message: messageTs, thread: messageTs }).nullable(),
  values: z.partialRecord(z.enum(keyNames), z.string()),
  parts: z.int().min(1).max(100),
  responseUrl: z.url().nullable(),
  branches: z.int().nonnegative(),
  branch: z.string(),
});

const chosen = z.object({
  value: z.string().nullish(),
  selected_option: z.object({ value: z.string() }).nullish(),
  selected_options: z.array(z.object({ value: z.string() })).nullish(),
  selected_conversation: z.string().nullish(),
});
const state = z.record(z.string(), z.record(z.string(), chosen));

/** What a sent form says. Throws where it is no form of Errand's. */
export function readForm(view: { private_metadata: string; state: { values: unknown } }): {
  readonly draft: Draft;
  readonly note: FormNote;
} {
  const kept = note.parse(JSON.parse(view.private_metadata));
  const values = state.parse(view.state.values);
  const text = (block: string) => {
    const [field] = Object.values(values[block] ?? {});
    const several = field?.selected_options?.map(({ value }) => value).join(',');
    return visible(field?.value ?? field?.selected_option?.value ?? several ?? field?.selected_conversation ?? '');
  };
  const keys = (['repo', 'branch', 'agent', 'model'] as const).flatMap((name) => {
    const value = text(name === 'branch' ? branchBlock(kept) : name).trim();
    return value === '' ? [] : [[name, value] as const];
  });
  const goal = Array.from({ length: kept.parts }, (_, part) => text(goalBlock(part)));
  return {
    note: kept,
    draft: {
      values: { ...kept.values, ...Object.fromEntries(keys) },
      goal: goal.filter((part, index) => index === 0 || part !== '').join('\n'),
      doneWhen: text(formIds.doneWhen),
      outOfScope: text(formIds.outOfScope),
      channel: channelId.safeParse(text(formIds.channel)).data ?? null,
      about: kept.about,
    },
  };
}
