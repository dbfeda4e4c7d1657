import type { AllMiddlewareArgs, SlackViewMiddlewareArgs, ViewSubmitAction } from '@slack/bolt';
import type { ChannelId } from '../../task/ids.ts';
import type { Asked } from '../../task/use-cases.ts';
import { blockOf, type FormNote } from '../blocks/form.ts';
import { readForm } from '../form-state.ts';
import { directTo } from '../ids.ts';
import { received } from '../intake.ts';
import { threadBeside } from '../origin.ts';
import { viewSubmission } from '../payloads.ts';
import { takeBack } from '../response-url.ts';
import { answerAlone } from './answers.ts';
import type { ListenerDeps } from './deps.ts';
import { within } from './within.ts';

/** Slack gives up on a form after three seconds, and the person then can't tell whether it was sent. */
const decidedWithinMs = 2_000;

/**
 * A form that was sent. What can't be accepted is shown in its field and the form stays open; what takes too long to decide closes it,
 * and a refusal then comes as a message that holds all of it.
 */
export function createSubmissionListener(deps: ListenerDeps) {
  return async ({
    body,
    ack,
    context,
  }: SlackViewMiddlewareArgs<ViewSubmitAction> & AllMiddlewareArgs): Promise<void> => {
    const { view, user, response_urls } = viewSubmission.parse(body);
    const { naturalKey, receivedAt, replayed } = received.parse(context);
    const { draft, note } = readForm(view);
    const place: ChannelId = draft.about?.channel ?? draft.channel ?? directTo(user.id);
    const thread = threadBeside(draft);
    const asked: Asked = { key: naturalKey, by: user.id, channel: place, thread, at: receivedAt };
    const deciding = deps.useCases.submitForm({ ...asked, form: view.id, draft });
    const early = replayed ? null : await within(deciding, decidedWithinMs);
    if (early?.type === 'refused') {
      try {
        return await ack({ response_action: 'errors', errors: { [blockOf(early.field, note)]: early.text } });
      } catch {
        // The intake has logged it; the form is closed, so all of it goes another way.
      }
    } else await ack();
    const decided = await deciding;
    if (decided.type === 'accepted') return removeRefusal(deps, asked, note);
    const responseUrl = response_urls.find(({ channel_id }) => channel_id === place)?.response_url ?? null;
    await answerAlone(deps.outbox, asked, decided.answer, responseUrl);
  };
}

/** The refusal that led to this form is dealt with. That it stays costs nothing, so a failure is only logged. */
async function removeRefusal(deps: ListenerDeps, asked: Asked, { responseUrl }: FormNote): Promise<void> {
  if (responseUrl === null) return;
  await takeBack(responseUrl, deps.fetch).catch((error: unknown) =>
    deps.log.info({ act: asked.key, err: error }, 'A refusal stays although its form was accepted'),
  );
}
