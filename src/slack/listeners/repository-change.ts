import type { AllMiddlewareArgs, BlockAction, SlackActionMiddlewareArgs } from '@slack/bolt';
import type { Asked } from '../../task/use-cases.ts';
import { renderForm } from '../blocks/form.ts';
import { readForm } from '../form-state.ts';
import { directTo } from '../ids.ts';
import { fieldChange } from '../payloads.ts';
import type { ListenerDeps } from './deps.ts';

/**
 * Another repository was chosen in an open form: the base branch that the form began with goes, and that of the new one comes. What
 * the person typed stays. A form that is closed or changed meanwhile is left as it is.
 */
export function createRepositoryChangeListener(deps: ListenerDeps) {
  return async ({ body, ack }: SlackActionMiddlewareArgs<BlockAction> & AllMiddlewareArgs): Promise<void> => {
    await ack();
    const { user, view } = fieldChange.parse(body);
    const { draft, note } = readForm(view);
    const { branch, ...values } = draft.values;
    const typed = branch === undefined || branch === note.branch ? values : { ...values, branch };
    const asked: Asked = { key: `view:${view.id}`, by: user.id, channel: directTo(user.id), thread: null, at: 0 };
    const answer = await deps.useCases.form(asked, { type: 'changed', draft: { ...draft, values: typed } });
    if (answer.type !== 'form') return;
    const changed = renderForm(answer.form, note.responseUrl, note.branches + 1);
    await deps
      .updateView(view, changed)
      .catch((error: unknown) => deps.log.info({ view: view.id, err: error }, 'An open form stays as it is'));
  };
}
