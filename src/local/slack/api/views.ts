import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Trigger } from '../exchange.ts';
import { limits } from '../limits.ts';
import { Refused } from '../refused.ts';
import { checkView } from '../validate.ts';
import type { LooseObject, View } from '../workspace.ts';
import { type Api, type Method, method, text, withIds } from './method.ts';

const Given = z.looseObject({
  type: z.enum(['modal', 'home']),
  callback_id: z.string().default(''),
  private_metadata: z.string().default(''),
  external_id: z.string().optional(),
  blocks: z.array(z.record(z.string(), z.unknown())),
});

const newId = () => `V${randomUUID().replaceAll('-', '').slice(0, 10).toUpperCase()}`;
const newHash = (api: Api) => `${Math.floor(api.store.clock.now() / 1000)}.${randomUUID().slice(0, 8)}`;

/** Makes a stored view of what an app gave; `replaced` keeps its place in the stack. Throws what Slack says of a bad one. */
export function toView(
  api: Api,
  given: unknown,
  type: 'modal' | 'home',
  place: { replaced?: View; parent?: View },
): View {
  const problem = checkView(given, type);
  if (problem !== null) throw new Refused(problem.error, { response_metadata: { messages: problem.messages } });
  const view = Given.parse(given);
  const external = view.external_id ?? '';
  const twin = api.store.views.some(
    (each) => external !== '' && each.view.external_id === external && each.view.id !== place.replaced?.id,
  );
  if (twin) throw new Refused('duplicate_external_id');
  const id = place.replaced?.id ?? newId();
  return {
    title: null,
    submit: null,
    close: null,
    clear_on_close: false,
    notify_on_close: false,
    external_id: '',
    ...view,
    id,
    hash: newHash(api),
    team_id: api.store.workspace.team.id,
    app_id: api.store.workspace.appId,
    bot_id: api.store.bot.bot_id,
    blocks: view.blocks.map(withIds),
    state: { values: {} },
    root_view_id: place.replaced?.root_view_id ?? place.parent?.root_view_id ?? id,
    previous_view_id: place.replaced?.previous_view_id ?? place.parent?.id ?? null,
  };
}

/** Forms lie on each other three deep. Throws `push_limit_reached`. */
export function checkDepth(api: Api, top: View): void {
  const depth = api.store.views.filter(({ view: each }) => each.root_view_id === top.root_view_id).length;
  if (depth >= limits.viewStack) throw new Refused('push_limit_reached');
}

function opened(api: Api, triggerId: string): Trigger {
  const trigger = api.exchange.useTrigger(triggerId);
  if (typeof trigger === 'string') throw new Refused(trigger);
  return trigger;
}

const view = z.unknown();
const noTrigger = { trigger_id: 'invalid_trigger_id' };

export const views: Readonly<Record<string, Method>> = {
  'views.open': method({
    writes: true,
    args: { trigger_id: text, view },
    missing: noTrigger,
    run(api, args): LooseObject {
      const modal = toView(api, args.view, 'modal', {});
      const { user, conversation } = opened(api, args.trigger_id);
      api.store.putView(user, modal, conversation);
      return { view: modal };
    },
  }),
  'views.push': method({
    writes: true,
    args: { trigger_id: text, view },
    missing: noTrigger,
    run(api, args): LooseObject {
      const trigger = opened(api, args.trigger_id);
      const parent = trigger.viewId === null ? undefined : api.store.view(trigger.viewId)?.view;
      if (parent === undefined) throw new Refused('not_found');
      checkDepth(api, parent);
      const modal = toView(api, args.view, 'modal', { parent });
      api.store.putView(trigger.user, modal, trigger.conversation);
      return { view: modal };
    },
  }),
  'views.update': method({
    writes: true,
    args: { view_id: text.optional(), external_id: text.optional(), hash: text.optional(), view },
    run(api, args): LooseObject {
      const known = api.store.views.find(
        ({ view: each }) =>
          each.id === args.view_id || (args.external_id !== undefined && each.external_id === args.external_id),
      );
      if (known === undefined) throw new Refused('not_found');
      if (args.hash !== undefined && args.hash !== known.view.hash) throw new Refused('hash_conflict');
      const modal = toView(api, args.view, 'modal', { replaced: known.view });
      api.store.putView(known.user, modal, known.conversation);
      return { view: modal };
    },
  }),
  'views.publish': method({
    writes: true,
    args: { user_id: text, hash: text.optional(), view },
    missing: { user_id: 'invalid_arguments' },
    run(api, args): LooseObject {
      const user = api.store.user(args.user_id);
      if (user === undefined || user.is_bot) throw new Refused('invalid_arguments');
      const replaced = api.store.homes.get(user.id);
      if (args.hash !== undefined && args.hash !== replaced?.hash) throw new Refused('hash_conflict');
      const home = toView(api, args.view, 'home', replaced ? { replaced } : {});
      api.store.putView(user.id, home, null);
      return { view: home };
    },
  }),
};
