import type { Api } from './api/method.ts';
import { channelName, person, visible } from './people.ts';
import type { SendInteraction } from './pressing.ts';
import { Refused } from './refused.ts';
import { toWireMessage } from './wire.ts';

export interface Shortcut {
  readonly type: 'global' | 'message';
  readonly name: string;
  readonly callbackId: string;
  readonly description?: string | undefined;
}

export interface ShortcutOrder {
  readonly user: string;
  readonly callback_id: string;
  /** A message shortcut's message; of a global one only where the person is, which the app is not told. */
  readonly channel?: string | undefined;
  readonly ts?: string | undefined;
}

/** Uses a shortcut of the app's manifest. A global one knows no conversation and has no response_url, as Slack's have none. */
export function useShortcuts(api: Api, shortcuts: readonly Shortcut[], send: SendInteraction) {
  const { store, exchange } = api;
  return async (order: ShortcutOrder): Promise<{ error: string | null }> => {
    const user = person(api, order.user);
    const shortcut = shortcuts.find((each) => each.callbackId === order.callback_id);
    if (shortcut === undefined) throw new Refused('unknown_shortcut');
    const conversation = order.channel === undefined ? null : visible(api, order.channel, user).id;
    const common = {
      callback_id: shortcut.callbackId,
      trigger_id: exchange.newTrigger({ user: user.id, viewId: null, conversation }),
      action_ts: store.nextTs(),
    };
    if (shortcut.type === 'global') {
      const { error } = await send(user, { type: 'shortcut', ...common });
      return { error };
    }
    const channel = visible(api, order.channel ?? '', user);
    const message = store.message(channel.id, order.ts ?? '');
    if (message === undefined || message.subtype === 'tombstone') throw new Refused('message_not_found');
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
  };
}
