import { blankDraft, type Draft, toDraft, toTyped } from '../task/draft.ts';
import type { Answer, Asked, FormStart } from '../task/use-cases.ts';
import type { BotDeps } from './deps.ts';
import { say } from './people.ts';
import type { Refused } from './request.ts';

/**
 * Keeps what was refused and says so to the person alone, with all of their text and the way back into the form. What was refused
 * for its place is offered for another one.
 */
export async function giveBack(
  deps: BotDeps,
  asked: Asked,
  draft: Draft,
  { field, failure, repositories }: Pick<Refused, 'field' | 'failure' | 'repositories'>,
): Promise<Answer> {
  const place =
    field === 'channel'
      ? { channel: null, about: null }
      : { channel: draft.channel ?? asked.channel, about: draft.about };
  await deps.drafts.keep({ ...draft, ...place, id: asked.key, by: asked.by });
  const last = (await deps.drafts.choices(asked.by))?.repository ?? null;
  return {
    type: 'say',
    said: {
      type: 'sentence',
      sentence: failure.sentence,
      next: failure.next,
      kept: toTyped(draft),
      // The one they took last comes first.
      again: { draft: asked.key, repositories: repositories.toSorted((one) => (one === last ? -1 : 0)) },
    },
  };
}

/** The same where the form itself could not be opened. */
export async function giveFormBack(
  deps: BotDeps,
  asked: Asked,
  start: FormStart,
  failure: { sentence: string; next: string },
): Promise<Answer> {
  if (start.type === 'blank' || start.type === 'kept') {
    const draft = start.type === 'kept' ? start.draft : null;
    const said = { type: 'sentence', ...failure, kept: null, again: { draft, repositories: [] } } as const;
    return { type: 'say', said };
  }
  return giveBack(deps, asked, startDraft(start), { field: 'goal', failure, repositories: [] });
}

/** What a form begins with before anything is chosen for the person. */
export function startDraft(start: Exclude<FormStart, { type: 'kept' }>): Draft {
  switch (start.type) {
    case 'blank':
      return { ...blankDraft, channel: start.channel };
    case 'typed':
      return toDraft(start.text, { channel: start.channel });
    case 'changed':
      return start.draft;
    case 'message':
      return toDraft(start.text, { channel: start.about.channel, about: start.about });
    default:
      return start satisfies never;
  }
}

/** A draft that is gone, or somebody else's: the same words, so that nobody learns what others wrote. */
export function notKept(): Answer {
  return say({
    sentence: 'This text is no longer kept for you.',
    next: 'Errand keeps what it refused for a day, for the person who wrote it. Send it anew.',
  });
}
