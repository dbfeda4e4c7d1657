import type { Answer, Asked, FormStart } from '../../task/use-cases.ts';
import { renderForm } from '../blocks/form.ts';
import { answerAlone } from './answers.ts';
import type { ListenerDeps } from './deps.ts';

export interface Opening {
  readonly asked: Asked;
  readonly start: FormStart;
  /** What Slack lets a form be opened with, once, for three seconds; null where that is over. */
  readonly trigger: string | null;
  /** Where the person can be answered beside the form; null for nowhere but by a message. */
  readonly responseUrl: string | null;
  /** The message that led here, to be taken back once the form was accepted. */
  readonly from?: string | null;
}

/**
 * Opens the form for one person. Where Slack won't (the trigger is too old, say), or this person may not, they are told beside it,
 * with what they typed and a button that opens it anew.
 */
export async function openForm(deps: ListenerDeps, opening: Opening): Promise<void> {
  await answerAlone(deps.outbox, opening.asked, await open(deps, opening), opening.responseUrl);
}

async function open(deps: ListenerDeps, { asked, start, trigger, from = null }: Opening): Promise<Answer> {
  if (trigger === null) return deps.useCases.giveBack(asked, start, tooLate);
  const answer = await deps.useCases.form(asked, start);
  if (answer.type !== 'form') return answer;
  try {
    await deps.openView(trigger, renderForm(answer.form, from));
    return { type: 'silent' };
  } catch (error) {
    deps.log.warn({ act: asked.key, err: error }, 'Slack did not open a form');
    return deps.useCases.giveBack(asked, start, tooLate);
  }
}

const tooLate = {
  sentence: 'Slack did not open the form in time.',
  next: 'Nothing is lost: press the button to open it.',
};
