import { avatar } from './avatar.js';
import { h, icon } from './dom.js';
import { emoji, emojiNames } from './emoji.js';
import { store } from './store.js';

/**
 * What could follow what stands before the cursor: commands after `/`, people after `@`, channels after `#`, emoji after `:`.
 * @param {string} before @param {boolean} slash whether commands are possible here
 * @returns {{ insert: string, nodes: any[], detail: string, replace: number }[]} `replace`: how many characters it takes the place of
 */
export function complete(before, slash) {
  if (slash && /^\/\S*$/.test(before)) {
    const commands = [
      {
        insert: `${store.state.command} `,
        nodes: [h('strong', null, store.state.command)],
        detail: store.state.usageHint,
      },
      {
        insert: `/invite @${store.bot.real_name}`,
        nodes: [h('strong', null, '/invite')],
        detail: '@somebody to this channel',
      },
    ];
    return commands
      .filter((each) => each.insert.startsWith(before))
      .map((each) => ({ ...each, replace: before.length }));
  }
  const found = /(^|\s)([@#:])([\w. -]{0,20})$/.exec(before);
  if (found === null) return [];
  const [, , sign, raw = ''] = found;
  const word = raw.toLowerCase();
  const replace = raw.length + 1;
  if (sign === '@') {
    return store.state.users
      .filter(
        (each) =>
          !each.deleted &&
          (each.real_name.toLowerCase().startsWith(word) || each.name.startsWith(word)) &&
          each.id !== store.me,
      )
      .slice(0, 6)
      .map((each) => ({
        insert: `@${each.real_name} `,
        nodes: [avatar(each, 'small'), h('strong', null, each.real_name)],
        detail: each.title,
        replace,
      }));
  }
  if (sign === '#') {
    return store
      .channels()
      .filter((each) => !each.is_im && each.name.startsWith(word))
      .map((each) => ({
        insert: `#${each.name} `,
        nodes: [icon('hash'), h('strong', null, each.name)],
        detail: each.topic,
        replace,
      }));
  }
  if (word.length < 2 || word.includes(' ')) return [];
  return emojiNames()
    .filter((name) => name.startsWith(word))
    .slice(0, 6)
    .map((name) => ({
      insert: `:${name}: `,
      nodes: [emoji(name), h('strong', null, `:${name}:`)],
      detail: '',
      replace,
    }));
}
