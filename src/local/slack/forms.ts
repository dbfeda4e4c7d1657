import { z } from 'zod';
import type { Api } from './api/method.ts';
import { checkDepth, toView } from './api/views.ts';
import type { Chosen, FoundElement } from './elements.ts';
import { person } from './people.ts';
import { pressed, type SendInteraction, toAction } from './pressing.ts';
import { Refused } from './refused.ts';
import type { Suggestions } from './suggestions.ts';
import { check, type Filled, type Filling, respondables, toState } from './view-state.ts';
import { toWireFile } from './wire-file.ts';
import type { LooseObject, User, View } from './workspace.ts';

export interface ViewActionOrder {
  readonly user: string;
  readonly view_id: string;
  readonly block_id?: string | undefined;
  readonly action_id: string;
  readonly value?: Chosen | undefined;
  readonly values?: Filled | undefined;
}

/** What people do in a form. Each throws `Refused` for a form that is not theirs or not open. */
export interface Forms {
  viewAction(order: ViewActionOrder): Promise<{ error: string | null }>;
  /** `errors` is by block, from the client's own checks or from the app. A form whose app did not answer stays open. */
  submit(order: {
    user: string;
    view_id: string;
    values: Filled;
  }): Promise<{ error: string | null; errors: Readonly<Record<string, string>> }>;
  /** Closes one form and shows the one under it, or with `all` every form of its stack, as the cross in the corner does. */
  close(order: { user: string; view_id: string; all?: boolean | undefined }): Promise<void>;
}

const Answer = z.discriminatedUnion('response_action', [
  z.object({ response_action: z.literal('errors'), errors: z.record(z.string(), z.string()) }),
  z.object({ response_action: z.literal('update'), view: z.unknown() }),
  z.object({ response_action: z.literal('push'), view: z.unknown() }),
  z.object({ response_action: z.literal('clear') }),
]);

export function createForms(api: Api, send: SendInteraction, suggestions: Suggestions): Forms {
  const { store, exchange } = api;

  function open(id: string, user: User): { view: View; conversation: string | null } {
    const found = store.view(id);
    if (found === undefined || found.user !== user.id) throw new Refused('view_not_found');
    return found;
  }

  function fillingOf(id: string, user: User, values: Filled): Filling {
    const choosing = ({ block, element }: FoundElement) => ({
      workspace: store.workspace,
      offered: suggestions.offered({ place: id, block, element }),
      files: (file: string) => {
        const known = store.file(file);
        return known === undefined ? undefined : toWireFile(store, known);
      },
    });
    return { ...open(id, user), values, choosing };
  }

  /** Does what the app's acknowledgement says; an answer that Slack would not understand leaves the form as it is. */
  function obey(user: User, { view, conversation }: Filling, body: LooseObject): Record<string, string> {
    const answer = Answer.safeParse(body);
    if (!answer.success) throw new Refused('invalid_response_action');
    switch (answer.data.response_action) {
      case 'errors': {
        const inputs = view.blocks.filter((block) => block.type === 'input').map((block) => block.block_id);
        const unknown = Object.keys(answer.data.errors).filter((id) => !inputs.includes(id));
        if (unknown.length > 0) throw new Refused('invalid_response_action', { unknown });
        return answer.data.errors;
      }
      case 'update':
        store.putView(user.id, toView(api, answer.data.view, 'modal', { replaced: view }), conversation);
        return {};
      case 'push':
        checkDepth(api, view);
        store.putView(user.id, toView(api, answer.data.view, 'modal', { parent: view }), conversation);
        return {};
      case 'clear':
        for (const each of stackOf(api, view)) store.closeView(each.id);
        return {};
      default:
        return answer.data satisfies never;
    }
  }

  return {
    async viewAction(order) {
      const user = person(api, order.user);
      const filling = fillingOf(order.view_id, user, order.values ?? {});
      const { view, conversation } = filling;
      const found = pressed(view.blocks, order);
      const { error } = await send(user, {
        type: 'block_actions',
        container: { type: 'view', view_id: view.id },
        trigger_id: exchange.newTrigger({ user: user.id, viewId: view.id, conversation }),
        view: { ...view, state: { values: toState(filling) } },
        actions: [toAction(api, found, order.value ?? null, filling.choosing(found))],
      });
      return { error };
    },

    async submit(order) {
      const user = person(api, order.user);
      const filling = fillingOf(order.view_id, user, order.values);
      const { view, conversation } = filling;
      const errors = check(filling);
      if (Object.keys(errors).length > 0) return { error: null, errors };
      const urls = respondables(filling).map((each) => ({
        ...each,
        response_url: exchange.newResponseUrl({
          user: user.id,
          channel: each.channel_id,
          threadTs: null,
          original: null,
        }),
      }));
      const { error, body } = await send(user, {
        type: 'view_submission',
        trigger_id: exchange.newTrigger({ user: user.id, viewId: view.id, conversation }),
        view: { ...view, state: { values: toState(filling) } },
        response_urls: urls,
      });
      if (error !== null) return { error, errors: {} };
      if (body?.response_action !== undefined) return { error: null, errors: obey(user, filling, body) };
      store.closeView(view.id);
      return { error: null, errors: {} };
    },

    async close(order) {
      const user = person(api, order.user);
      const { view } = open(order.view_id, user);
      const cleared = order.all === true || view.clear_on_close === true;
      const closing = cleared ? stackOf(api, view).toReversed() : [view];
      for (const each of closing) store.closeView(each.id);
      for (const each of closing.filter(({ notify_on_close }) => notify_on_close === true)) {
        await send(user, { type: 'view_closed', view: each, is_cleared: cleared });
      }
    },
  };
}

/** The forms that lie on each other with this one, undermost first. */
function stackOf({ store }: Api, view: View): View[] {
  return store.views.map((each) => each.view).filter((each) => each.root_view_id === view.root_view_id);
}
