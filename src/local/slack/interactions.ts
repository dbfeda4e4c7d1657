import { z } from 'zod';
import { type Api, Refused } from './api/method.ts';
import { toView } from './api/views.ts';
import { type Chosen, choiceOf, elementsOf, type FoundElement, initialChoice, isEmptyChoice } from './elements.ts';
import type { Outbound } from './outbound.ts';
import { actor, channelName, failureOf, person, visible } from './people.ts';
import { toWireMessage } from './wire.ts';
import type { LooseObject, User, View } from './workspace.ts';

export interface Shortcut {
  readonly type: 'global' | 'message';
  readonly name: string;
  readonly callbackId: string;
}

/** What a person filled in, by block and element. */
export type Filled = Readonly<Record<string, Readonly<Record<string, Chosen>>>>;

/** Pressing, choosing and filling. Each throws `Refused` when there is nothing such to press. */
export interface Interactions {
  action(order: {
    user: string;
    channel: string;
    ts: string;
    block_id?: string | undefined;
    action_id: string;
    value?: Chosen | undefined;
  }): Promise<{ error: string | null }>;
  viewAction(order: {
    user: string;
    view_id: string;
    block_id?: string | undefined;
    action_id: string;
    value?: Chosen | undefined;
    values?: Filled | undefined;
  }): Promise<{ error: string | null }>;
  /** `errors` is by block, from the client's own checks or from the app. */
  submit(order: {
    user: string;
    view_id: string;
    values: Filled;
  }): Promise<{ error: string | null; errors: Readonly<Record<string, string>> }>;
  close(order: { user: string; view_id: string }): Promise<void>;
  shortcut(order: {
    user: string;
    callback_id: string;
    channel?: string | undefined;
    ts?: string | undefined;
  }): Promise<{ error: string | null }>;
}

const Answer = z.discriminatedUnion('response_action', [
  z.object({ response_action: z.literal('errors'), errors: z.record(z.string(), z.string()) }),
  z.object({ response_action: z.literal('update'), view: z.unknown() }),
  z.object({ response_action: z.literal('push'), view: z.unknown() }),
  z.object({ response_action: z.literal('clear') }),
]);

export function createInteractions(api: Api, outbound: Outbound, shortcuts: readonly Shortcut[]): Interactions {
  const { store, exchange } = api;

  async function send(user: User, payload: LooseObject): Promise<{ error: string | null; body: LooseObject | null }> {
    const ack = await outbound.interactive('interactive', { ...actor(api, user), ...payload });
    const error = failureOf(ack);
    if (error !== null)
      store.tell({ type: 'notice', user: user.id, text: `${store.bot.real_name} did not answer (${error}).` });
    return { error, body: ack.ok ? ack.body : null };
  }

  return {
    async action(order) {
      const user = person(api, order.user);
      const channel = visible(api, order.channel, user);
      const message = store.message(channel.id, order.ts);
      const ephemeral = store.ephemerals.find((each) => each.ts === order.ts && each.user === user.id);
      const shown = message ?? ephemeral;
      if (shown === undefined) throw new Refused('message_not_found');
      const found = pressed(shown.blocks ?? [], order);
      const threadTs = shown.thread_ts ?? null;
      const target = {
        user: user.id,
        channel: channel.id,
        threadTs,
        original: { ts: shown.ts, ephemeral: message === undefined },
      };
      const { error } = await send(user, {
        type: 'block_actions',
        container: {
          type: 'message',
          message_ts: shown.ts,
          channel_id: channel.id,
          is_ephemeral: message === undefined,
          ...(threadTs !== null && { thread_ts: threadTs }),
        },
        trigger_id: exchange.newTrigger({ user: user.id, viewId: null }),
        channel: { id: channel.id, name: channelName(channel) },
        ...(message && { message: toWireMessage(store, message) }),
        state: { values: {} },
        response_url: exchange.newResponseUrl(target),
        actions: [toAction(api, found, order.value ?? null)],
      });
      return { error };
    },

    async viewAction(order) {
      const user = person(api, order.user);
      const view = openView(api, order.view_id, user);
      const found = pressed(view.blocks, order);
      const { error } = await send(user, {
        type: 'block_actions',
        container: { type: 'view', view_id: view.id },
        trigger_id: exchange.newTrigger({ user: user.id, viewId: view.id }),
        view: { ...view, state: { values: toState(view, order.values ?? {}) } },
        actions: [toAction(api, found, order.value ?? null)],
      });
      return { error };
    },

    async submit(order) {
      const user = person(api, order.user);
      const view = openView(api, order.view_id, user);
      const errors = check(view, order.values);
      if (Object.keys(errors).length > 0) return { error: null, errors };
      const { error, body } = await send(user, {
        type: 'view_submission',
        trigger_id: exchange.newTrigger({ user: user.id, viewId: view.id }),
        view: { ...view, state: { values: toState(view, order.values) } },
        response_urls: [],
      });
      if (error !== null) return { error, errors: {} };
      if (body === null || body.response_action === undefined) {
        store.closeView(view.id);
        return { error: null, errors: {} };
      }
      const answer = Answer.safeParse(body);
      if (!answer.success) throw new Refused('invalid_response_action');
      switch (answer.data.response_action) {
        case 'errors':
          return { error: null, errors: answer.data.errors };
        case 'update':
          store.putView(user.id, toView(api, answer.data.view, 'modal', { replaced: view }));
          break;
        case 'push':
          store.putView(user.id, toView(api, answer.data.view, 'modal', { parent: view }));
          break;
        case 'clear':
          for (const each of store.views) if (each.user === user.id) store.closeView(each.view.id);
          break;
        default:
          answer.data satisfies never;
      }
      return { error: null, errors: {} };
    },

    async close(order) {
      const user = person(api, order.user);
      const view = openView(api, order.view_id, user);
      store.closeView(view.id);
      if (view.notify_on_close === true) await send(user, { type: 'view_closed', view, is_cleared: false });
    },

    async shortcut(order) {
      const user = person(api, order.user);
      const shortcut = shortcuts.find((each) => each.callbackId === order.callback_id);
      if (shortcut === undefined) throw new Refused('unknown_shortcut');
      const common = {
        callback_id: shortcut.callbackId,
        trigger_id: exchange.newTrigger({ user: user.id, viewId: null }),
        action_ts: store.nextTs(),
      };
      if (shortcut.type === 'global') {
        const { error } = await send(user, { type: 'shortcut', ...common });
        return { error };
      }
      const channel = visible(api, order.channel ?? '', user);
      const message = store.message(channel.id, order.ts ?? '');
      if (message === undefined) throw new Refused('message_not_found');
      const target = { user: user.id, channel: channel.id, threadTs: message.thread_ts ?? null, original: null };
      const { error } = await send(user, {
        type: 'message_action',
        ...common,
        response_url: exchange.newResponseUrl(target),
        message_ts: message.ts,
        channel: { id: channel.id, name: channelName(channel) },
        message: toWireMessage(store, message),
      });
      return { error };
    },
  };
}

function pressed(
  blocks: readonly LooseObject[],
  order: { block_id?: string | undefined; action_id: string },
): FoundElement {
  const found = elementsOf(blocks).find(
    ({ block, element }) =>
      element.action_id === order.action_id && (order.block_id === undefined || block.block_id === order.block_id),
  );
  if (found === undefined) throw new Refused('action_not_found');
  return found;
}

function toAction(api: Api, { block, element }: FoundElement, chosen: Chosen): LooseObject {
  const choice = choiceOf(element, chosen);
  if (choice === undefined) throw new Refused('option_not_found');
  return {
    type: element.type,
    action_id: element.action_id,
    block_id: block.block_id,
    ...choice,
    ...(element.style !== undefined && { style: element.style }),
    action_ts: api.store.nextTs(),
  };
}

function openView(api: Api, id: string, user: User): View {
  const found = api.store.view(id);
  if (found === undefined || found.user !== user.id) throw new Refused('view_not_found');
  return found.view;
}

/** Everything that a view's inputs hold, as `view.state.values`. */
function toState(view: View, values: Filled): LooseObject {
  const state: Record<string, Record<string, unknown>> = {};
  for (const { block, element } of elementsOf(view.blocks)) {
    const type = String(element.type);
    if (['button', 'overflow', 'icon_button', 'feedback_buttons'].includes(type)) continue;
    const blockId = String(block.block_id);
    const actionId = String(element.action_id);
    const given = values[blockId]?.[actionId];
    const choice = choiceOf(element, given === undefined ? initialChoice(element) : given);
    if (choice === undefined) throw new Refused('option_not_found');
    state[blockId] = { ...state[blockId], [actionId]: { type, ...choice } };
  }
  return state;
}

/** What Slack's client refuses before it asks the app. */
function check(view: View, values: Filled): Record<string, string> {
  const errors: Record<string, string> = {};
  for (const { block, element } of elementsOf(view.blocks)) {
    if (block.type !== 'input') continue;
    const blockId = String(block.block_id);
    const given = values[blockId]?.[String(element.action_id)];
    const chosen = given === undefined ? initialChoice(element) : given;
    const choice = choiceOf(element, chosen);
    const empty = choice === undefined || isEmptyChoice(choice);
    if (empty && block.optional !== true) errors[blockId] = 'Please complete this required field.';
    if (empty || typeof chosen !== 'string') continue;
    const min = Number(element.min_length ?? 0);
    const max = Number(element.max_length ?? Number.POSITIVE_INFINITY);
    if (chosen.length < min) errors[blockId] = `Please enter at least ${min} characters.`;
    if (chosen.length > max) errors[blockId] = `Please enter no more than ${max} characters.`;
  }
  return errors;
}
