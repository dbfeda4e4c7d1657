import type { Api } from './api/method.ts';
import type { Chosen } from './elements.ts';
import { createForms, type Forms } from './forms.ts';
import type { Outbound } from './outbound.ts';
import { actor, channelName, failureOf, person, visible } from './people.ts';
import { pressed, type SendInteraction, toAction } from './pressing.ts';
import { Refused } from './refused.ts';
import { type Shortcut, type ShortcutOrder, useShortcuts } from './shortcuts.ts';
import { createSuggestions, type Suggestions } from './suggestions.ts';
import type { Filled } from './view-state.ts';
import { toWireMessage } from './wire.ts';

export type { Filled, Shortcut };

/** Pressing, choosing and filling. Each throws `Refused` when there is nothing such to press. */
export interface Interactions extends Forms, Pick<Suggestions, 'suggest'> {
  action(order: {
    user: string;
    channel: string;
    ts: string;
    block_id?: string | undefined;
    action_id: string;
    value?: Chosen | undefined;
  }): Promise<{ error: string | null }>;
  shortcut(order: ShortcutOrder): Promise<{ error: string | null }>;
}

export function createInteractions(api: Api, outbound: Outbound, shortcuts: readonly Shortcut[]): Interactions {
  const { store, exchange } = api;

  const send: SendInteraction = async (user, payload) => {
    const ack = await outbound.interactive('interactive', { ...actor(api, user), ...payload });
    const error = failureOf(ack);
    const inForm = payload.type === 'view_submission' || payload.type === 'block_suggestion';
    // A form says it where it happened.
    if (error !== null && !inForm)
      store.tell({ type: 'notice', user: user.id, text: `${store.bot.real_name} did not answer (${error}).` });
    return { error, body: ack.ok ? ack.body : null };
  };
  const suggestions = createSuggestions(api, send);

  return {
    ...createForms(api, send, suggestions),
    suggest: suggestions.suggest,
    shortcut: useShortcuts(api, shortcuts, send),

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
      const offered = suggestions.offered({ place: shown.ts, ...found });
      const { error } = await send(user, {
        type: 'block_actions',
        container: {
          type: 'message',
          message_ts: shown.ts,
          channel_id: channel.id,
          is_ephemeral: message === undefined,
          ...(threadTs !== null && { thread_ts: threadTs }),
        },
        trigger_id: exchange.newTrigger({ user: user.id, viewId: null, conversation: channel.id }),
        channel: { id: channel.id, name: channelName(channel) },
        ...(message && { message: toWireMessage(store, message) }),
        state: { values: {} },
        response_url: exchange.newResponseUrl(target),
        actions: [toAction(api, found, order.value ?? null, { workspace: store.workspace, offered })],
      });
      return { error };
    },
  };
}
