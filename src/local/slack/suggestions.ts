import { z } from 'zod';
import type { Api } from './api/method.ts';
import { list } from './elements.ts';
import { limits } from './limits.ts';
import { channelName, person, visible } from './people.ts';
import { pressed, type SendInteraction } from './pressing.ts';
import { Refused } from './refused.ts';
import { optionGroup, plainOption } from './schema/text.ts';
import { toWireMessage } from './wire.ts';
import type { LooseObject } from './workspace.ts';

export interface SuggestionOrder {
  readonly user: string;
  readonly action_id: string;
  readonly block_id?: string | undefined;
  /** What was typed so far. */
  readonly value: string;
  readonly view_id?: string | undefined;
  readonly channel?: string | undefined;
  readonly ts?: string | undefined;
}

export interface Suggestion {
  readonly error: string | null;
  readonly options: readonly LooseObject[];
  readonly option_groups: readonly LooseObject[];
}

/** External selects: asks the app for options, and remembers what it offered, since only that can be chosen. */
export interface Suggestions {
  suggest(order: SuggestionOrder): Promise<Suggestion>;
  offered(at: { place: string; block: LooseObject; element: LooseObject }): readonly LooseObject[];
}

const Answer = z.union([
  z.object({ options: z.array(plainOption).max(limits.selectOptions) }),
  z.object({ option_groups: z.array(optionGroup).max(limits.selectOptions) }),
]);

export function createSuggestions(api: Api, send: SendInteraction): Suggestions {
  const { store } = api;
  const known = new Map<string, LooseObject[]>();
  const keyOf = (place: string, block: LooseObject, element: LooseObject) =>
    [place, block.block_id, element.action_id].join(' ');

  function placeOf(order: SuggestionOrder) {
    const user = person(api, order.user);
    if (order.view_id !== undefined) {
      const open = store.view(order.view_id);
      if (open === undefined || open.user !== user.id) throw new Refused('view_not_found');
      const { view } = open;
      return {
        user,
        place: view.id,
        blocks: view.blocks,
        told: { container: { type: 'view', view_id: view.id }, view },
      };
    }
    const channel = visible(api, order.channel ?? '', user);
    const message = store.message(channel.id, order.ts ?? '');
    const ephemeral = store.ephemerals.find((each) => each.ts === order.ts && each.user === user.id);
    const shown = message ?? ephemeral;
    if (shown === undefined) throw new Refused('message_not_found');
    const told = {
      container: {
        type: 'message',
        message_ts: shown.ts,
        channel_id: channel.id,
        is_ephemeral: message === undefined,
      },
      channel: { id: channel.id, name: channelName(channel) },
      ...(message && { message: toWireMessage(store, message) }),
    };
    return { user, place: shown.ts, blocks: shown.blocks ?? [], told };
  }

  return {
    offered: ({ place, block, element }) => known.get(keyOf(place, block, element)) ?? [],
    async suggest(order) {
      const { user, place, blocks, told } = placeOf(order);
      const { block, element } = pressed(blocks, order);
      const nothing = { options: [], option_groups: [] };
      if (order.value.length < Number(element.min_query_length ?? limits.minQueryChars))
        return { error: null, ...nothing };
      const { error, body } = await send(user, {
        type: 'block_suggestion',
        action_id: element.action_id,
        block_id: block.block_id,
        value: order.value,
        ...told,
      });
      if (error !== null) return { error, ...nothing };
      const answer = Answer.safeParse(body ?? {});
      if (!answer.success) return { error: 'invalid_options', ...nothing };
      const found = { ...nothing, ...answer.data };
      const options = [...found.options, ...found.option_groups.flatMap((group) => group.options)];
      const key = keyOf(place, block, element);
      known.set(key, [...(known.get(key) ?? []), ...list(options)]);
      return { error: null, ...found };
    },
  };
}
