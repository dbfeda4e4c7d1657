import type { Api } from './api/method.ts';
import { type Choosing, type Chosen, choiceOf, elementsOf, type FoundElement } from './elements.ts';
import { Refused } from './refused.ts';
import type { LooseObject, User } from './workspace.ts';

/** Sends an interaction to the app; `error` is what Slack's client shows where nobody acknowledged it. */
export type SendInteraction = (
  user: User,
  payload: LooseObject,
) => Promise<{ error: string | null; body: LooseObject | null }>;

/** The element that was pressed. Throws `Refused` where there is none such. */
export function pressed(
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

/** One entry of `actions`. Throws `Refused` for what is not on offer. */
export function toAction(api: Api, { block, element }: FoundElement, chosen: Chosen, choosing: Choosing): LooseObject {
  const choice = choiceOf(element, chosen, choosing);
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
