import type { EmojiNames } from './emoji.ts';

/** How this installation, or a page about all of them, writes what people type and press. */
export interface WayNames {
  readonly command: string;
  readonly mention: string;
  readonly emoji: (meaning: keyof EmojiNames) => string;
  readonly bold: (label: string) => string;
}

export interface Way {
  readonly group: 'start' | 'look' | 'thread';
  readonly act: (names: WayNames) => string;
  /** For help, which is read at a glance. */
  readonly brief: string;
  readonly effect: (names: WayNames) => string;
}

/**
 * Everything that people can do, as help and README say it. Each is played by a journey (a test holds that), so that nothing is
 * promised here that isn't built.
 */
export const ways = {
  command: {
    group: 'start',
    act: ({ command }) => `\`${command} what to do\``,
    brief: 'a task in this channel',
    effect: () => 'starts a task in the channel',
  },
  settings: {
    group: 'start',
    act: ({ command }) => `\`${command} repo:owner/name branch:main agent:claude model:… budget:5 what to do\``,
    brief: 'settings go first, any of them',
    effect: () => 'settings stand first, any of them, `:` or `=`; everything after them is the request',
  },
  several: {
    group: 'start',
    act: ({ command }) => `\`${command} repo:owner/api,owner/web what to do\``,
    brief: 'one task in several repositories',
    effect: () =>
      'one task in up to five repositories, a pull request in each; a name that stands for several is given in the YAML file',
  },
  form: {
    group: 'start',
    act: ({ command, bold }) => `\`${command}\` alone, or the shortcut ${bold('New agent task')}`,
    brief: 'a form',
    effect: () => 'a form: what, done when, out of scope, repository, branch, agent; it remembers what you chose last',
  },
  mention: {
    group: 'start',
    act: ({ mention }) => `\`${mention} what to do\`, in a channel or a thread`,
    brief: 'a task there; the thread comes along',
    effect: () => 'starts a task there; what was said in the thread comes along as context',
  },
  direct: {
    group: 'start',
    act: () => 'a direct message',
    brief: 'a task in its own thread',
    effect: () => 'plain words start a task, with its thread under them',
  },
  fromMessage: {
    group: 'start',
    act: ({ bold }) => `${bold('Send to agent')} in a message’s menu`,
    brief: 'the form, with that message and its thread',
    effect: () => 'the form, filled with that message; its thread comes along as context, and the task is told there',
  },
  mark: {
    group: 'start',
    act: ({ emoji }) => `${emoji('start')} on anybody’s message`,
    brief: 'a task from it',
    effect: () =>
      'starts a task from it in your name: a colleague’s words as the request, those of guests and bots as untrusted context; one message, one task',
  },
  status: {
    group: 'look',
    act: ({ command }) => `\`${command} status\`, \`${command} status ID\``,
    brief: 'what needs somebody',
    effect: () => 'what needs somebody, and what is wrong with Errand just now; one task',
  },
  list: {
    group: 'look',
    act: ({ command }) => `\`${command} list\``,
    brief: 'the newest tasks',
    effect: () => 'the ten newest tasks',
  },
  usage: {
    group: 'look',
    act: ({ command }) => `\`${command} usage\``,
    brief: 'what was spent',
    effect: () => 'what was spent today, beside the limits, and in the last seven days',
  },
  stopById: {
    group: 'look',
    act: ({ command }) => `\`${command} stop ID\`, \`${command} retry ID\``,
    brief: 'acts on one task',
    effect: ({ command }) => `with an id only: \`${command} stop the retries in checkout\` is a task`,
  },
  help: {
    group: 'look',
    act: ({ command }) => `\`${command} help\``,
    brief: 'this',
    effect: () => 'this page, in short',
  },
  reply: {
    group: 'thread',
    act: () => 'a reply',
    brief: 'steers the agent, or asks for more',
    effect: () => 'steers the running agent, or starts the next run; 🛠️ on it says that an agent has read it',
  },
  verbs: {
    group: 'thread',
    act: ({ mention }) => `\`${mention} stop\`, \`retry\`, \`status\``,
    brief: 'as the command',
    effect: () => 'the same as the command, which Slack has not in threads; in a direct message without the mention',
  },
  approve: {
    group: 'thread',
    act: ({ emoji, bold }) => `${emoji('approve')} on a result, or ${bold('Approve merge')}`,
    brief: 'merges exactly that commit',
    effect: ({ emoji }) =>
      `merges the commit that this message names, once GitHub’s rules allow it; taking ${emoji('approve')} off again takes it back while it waits`,
  },
  runCi: {
    group: 'thread',
    act: ({ bold }) => `${bold('Run CI')}, where it is held`,
    brief: 'lets GitHub’s workflows run on it',
    effect: () =>
      'has GitHub’s workflows run on the commit that this message names, by the rules for approving; where nothing is held there is no such button',
  },
  stop: {
    group: 'thread',
    act: ({ emoji, bold }) => `${emoji('stop')}, ${bold('Stop')}, or ${bold('Stop agent task')} in a message’s menu`,
    brief: 'ends the run, keeps the work',
    effect: () => 'ends the run; what was done so far is kept on the branch',
  },
  retry: {
    group: 'thread',
    act: ({ emoji, bold }) => `${emoji('retry')}, or ${bold('Retry')}`,
    brief: 'runs it again',
    effect: () => 'runs it again with everything that was said',
  },
} as const satisfies Readonly<Record<string, Way>>;

export type WayName = keyof typeof ways;

/** The ways of one group, in the order in which they are best read. */
export function waysOf(group: Way['group']): readonly Way[] {
  const all: readonly Way[] = Object.values(ways);
  return all.filter((way) => way.group === group);
}
