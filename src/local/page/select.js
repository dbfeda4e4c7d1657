import { post } from './api.js';
import { avatar } from './avatar.js';
import { combobox } from './combobox.js';
import { icon } from './dom.js';
import { store } from './store.js';

/**
 * Every kind of select of Block Kit as one box that completes what is typed.
 * @param {any} block @param {any} spec
 * @param {{ id?: string, kept: any, keep: (value: any) => void, press: (value: any, control: HTMLElement) => void, live: boolean,
 *   describedBy?: string, place: object, conversation: string | null }} how
 */
export function select(block, spec, how) {
  const many = spec.type.startsWith('multi_');
  const all = /external_select$/.test(spec.type) ? null : offersOf(spec);
  const known = new Map([...(all ?? []), ...initialOffers(spec)].map((each) => [each.value, each]));
  const values = how.kept === undefined ? initial(spec, how.conversation) : [how.kept].flat();
  const box = combobox({
    id: how.id,
    placeholder: spec.placeholder?.text ?? 'Choose an option',
    many,
    max: spec.max_selected_items,
    autofocus: spec.focus_on_load,
    describedBy: how.describedBy,
    chosen: values
      .filter(Boolean)
      .map((value) => offered.get(`${spec.action_id} ${value}`) ?? known.get(value) ?? { value, text: value }),
    offers: async (typed) => (all === null ? ask(block, spec, how.place, typed) : { offers: matching(all, typed) }),
    choose: (chosen) => {
      const value = many ? chosen : (chosen[0] ?? null);
      how.keep(value);
      if (how.live && value !== null && value.length > 0) how.press(value, box);
    },
  });
  return box;
}

/** What an app offered, so that a chosen option keeps its name when the form is drawn anew. */
const offered = new Map();

async function ask(block, spec, place, typed) {
  const least = spec.min_query_length ?? 3;
  if (typed.length < least)
    return { offers: [], note: `Type ${least === 1 ? 'a letter' : `${least} letters`} to search.` };
  try {
    const answer = await post('/suggest', {
      user: store.me,
      block_id: block.block_id,
      action_id: spec.action_id,
      value: typed,
      ...place,
    });
    if (answer.error !== null) return { offers: [], note: 'Errand did not answer. Type on to ask again.' };
    const offers = [...answer.options.map(toOffer()), ...answer.option_groups.flatMap(groupOffers)];
    for (const each of offers) offered.set(`${spec.action_id} ${each.value}`, each);
    return { offers };
  } catch {
    return { offers: [], note: 'The options could not be asked for.' };
  }
}

/** Those that begin with what was typed, then those that have it elsewhere. */
function matching(all, typed) {
  const wanted = typed.toLowerCase().replace(/^[@#]/, '');
  const place = (each) => each.text.toLowerCase().replace(/^[@#]/, '').indexOf(wanted);
  return all
    .filter((each) => place(each) >= 0)
    .sort((one, other) => Math.min(place(one), 1) - Math.min(place(other), 1));
}

const toOffer =
  (group = '') =>
  (option) => ({ value: option.value, text: option.text.text, detail: option.description?.text, group });
const groupOffers = (group) => group.options.map(toOffer(group.label.text));
const initialOffers = (spec) => [spec.initial_option, ...(spec.initial_options ?? [])].filter(Boolean).map(toOffer());

function initial(spec, conversation) {
  if (spec.default_to_current_conversation && conversation !== null) return [conversation];
  return [
    spec.initial_option?.value,
    ...(spec.initial_options ?? []).map((each) => each.value),
    spec.initial_user ?? spec.initial_channel ?? spec.initial_conversation,
    ...(spec.initial_users ?? spec.initial_channels ?? spec.initial_conversations ?? []),
  ].filter(Boolean);
}

function offersOf(spec) {
  if (/users_select$/.test(spec.type)) return store.state.users.filter((each) => !each.deleted).map(userOffer);
  if (/channels_select$/.test(spec.type))
    return store.state.channels.filter((each) => !each.is_private).map(channelOffer);
  if (/conversations_select$/.test(spec.type)) {
    return store
      .channels()
      .filter((each) => isWanted(each, spec.filter ?? {}))
      .map(channelOffer);
  }
  if (spec.option_groups) return spec.option_groups.flatMap(groupOffers);
  return spec.options.map(toOffer());
}

function isWanted(channel, { include, exclude_external_shared_channels: own, exclude_bot_users: people }) {
  const kind = channel.is_im ? 'im' : channel.is_private ? 'private' : 'public';
  if (include && !include.includes(kind)) return false;
  if (own && channel.is_ext_shared) return false;
  const bot = channel.is_im && channel.members.includes(store.state.botUserId);
  return !(people && bot) && !channel.is_archived;
}

const userOffer = (user) => ({
  value: user.id,
  text: user.real_name,
  detail: user.title,
  mark: () => avatar(user, 'small'),
});

function channelOffer(channel) {
  if (!channel.is_im) {
    return { value: channel.id, text: `#${channel.name}`, mark: () => icon(channel.is_private ? 'lock' : 'hash') };
  }
  const other = store.user(channel.members.find((each) => each !== store.me));
  return { value: channel.id, text: other?.real_name ?? '', mark: () => avatar(other, 'small') };
}
