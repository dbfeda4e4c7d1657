import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { seed } from '../../../src/local/slack/workspace.ts';
import type { Attack } from '../attack.ts';
import type { Stage } from '../stage.ts';
import { isMerged, mergedBy, openGate, react, said, toldAlone } from './in-slack.ts';

const approvers = { approvers: [seed.grace] };

/** Merged, or the person was told why not. */
async function mergedOrTold(stage: Stage, user: string, words: string) {
  return stage.until('a merge, or a refusal', async () => {
    if (await isMerged(stage)) return { through: true, seen: 'merged' };
    return toldAlone(stage, user).includes(words) ? { through: false, seen: 'told so, not merged' } : undefined;
  });
}

/** An event of Slack's own making, for what its people can't send here. */
function reactionEvent({ errand }: Stage, event: Record<string, unknown>): void {
  const { team, appId } = errand.slack.store.workspace;
  errand.slack.outbound.event({
    token: 'local',
    team_id: team.id,
    api_app_id: appId,
    type: 'event_callback',
    event_id: `Ev${crypto.randomUUID()}`,
    event_time: Math.floor(Date.now() / 1000),
    authorizations: [{ enterprise_id: null, team_id: team.id, user_id: seed.bot, is_bot: true }],
    event: { type: 'reaction_added', event_ts: errand.slack.store.nextTs(), ...event },
  });
}

/** Puts an emoji on a message that this workspace has no name for. */
function showReaction({ errand, channel }: Stage, ts: string, reaction: { name: string; users: string[] }): void {
  const { store } = errand.slack;
  const message = store.message(channel, ts);
  if (message !== undefined) store.putMessage({ ...message, reactions: [...message.reactions, reaction] });
}

/** Settles once no job to merge anything is left. */
async function noMergeWaits(stage: Stage): Promise<void> {
  const connection = new Redis(stage.at.redisSocket, { maxRetriesPerRequest: null });
  const queue = new Queue('merge', { connection, prefix: '{errand:default}:jobs' });
  const open = ['active', 'wait', 'prioritized', 'delayed'] as const;
  try {
    await stage.until('the merges to be done', async () => (await queue.getJobCountByTypes(...open)) === 0);
  } finally {
    await queue.close();
    connection.disconnect();
  }
}

export const attacks: readonly Attack[] = [
  {
    id: 'K9',
    title: '✅ by one who is no approver',
    expected: 'told so, not merged',
    representative: true,
    settings: approvers,
    timeoutMs: 180_000,
    attack: async (stage) => {
      const { ts } = await openGate(stage);
      react(stage, seed.max, ts);
      return mergedOrTold(stage, seed.max, 'You may not approve merges');
    },
    control: { weakness: 'anyone-approves', without: 'the list of approvers' },
  },
  {
    id: 'K10',
    title: '✅ by the requester',
    expected: 'told so, not merged',
    timeoutMs: 180_000,
    attack: async (stage) => {
      const { ts } = await openGate(stage);
      react(stage, seed.ada, ts);
      return mergedOrTold(stage, seed.ada, 'somebody else approves it');
    },
    control: { weakness: 'anyone-approves', without: 'four eyes' },
  },
  {
    id: 'K11',
    title: '✅ on the root, a copy of the gate, an edited message',
    expected: 'not merged',
    timeoutMs: 180_000,
    attack: async (stage) => {
      const { ts, root } = await openGate(stage);
      const { people, store } = stage.errand.slack;
      const gate = store.message(stage.channel, ts);
      const where = { user: seed.max, channel: stage.channel };
      const copy = people.message({ ...where, text: gate?.text ?? '', thread_ts: root });
      const edited = people.message({ ...where, text: 'Lunch?' });
      people.edit({ ...where, ts: edited.ts, text: gate?.text ?? '' });
      for (const each of [root, copy.ts, edited.ts]) react(stage, seed.grace, each);
      // One that says it is the bot's.
      const item = { type: 'message', channel: stage.channel, ts: copy.ts };
      reactionEvent(stage, { user: seed.grace, reaction: 'white_check_mark', item, item_user: seed.bot });
      const by = await mergedBy(stage, ts);
      return {
        through: by !== seed.max,
        seen: by === seed.max ? 'four reactions for nothing; the fifth, on the gate, counts' : 'merged',
      };
    },
    control: { weakness: 'any-message', without: 'the one message that names the commit' },
  },
  {
    id: 'K12',
    title: '✅ on a gate after somebody pushed',
    expected: 'not merged; a new gate for what was pushed',
    timeoutMs: 180_000,
    attack: async (stage) => {
      const { task, ts, head } = await openGate(stage);
      const { control } = stage.errand.forge;
      const files = { 'unseen.txt': 'nobody saw this\n' };
      const pushed = await control.commit({
        ...{ repository: stage.repository, branch: task.branch, from: head, files },
        message: 'Push after the review',
      });
      react(stage, seed.grace, ts);
      const short = pushed.slice(0, 7);
      const renewed = () => said(stage, short).find(({ text }) => text.includes('To merge'));
      const next = await stage.until(
        'a merge, or a new gate',
        async () => renewed()?.ts ?? ((await isMerged(stage)) && ts),
      );
      const by = await mergedBy(stage, next);
      const seen = `merged at ${short}, reviewed was ${head.slice(0, 7)}`;
      return {
        through: by !== seed.max,
        seen: by === seed.max ? 'not merged before somebody approved its new gate' : seen,
      };
    },
    control: { weakness: 'no-state', without: 'the commit that an approval is for' },
  },
  {
    id: 'K13',
    title: 'Two ✅ at once, put on and taken off again and again',
    expected: 'one merge',
    timeoutMs: 180_000,
    attack: async (stage) => {
      const { ts } = await openGate(stage);
      const { people } = stage.errand.slack;
      const order = { channel: stage.channel, ts, name: 'white_check_mark' };
      for (const present of [true, false, true, false, true]) {
        for (const user of [seed.grace, seed.max]) people.reaction({ ...order, user, present });
      }
      const calls = () =>
        stage.errand.forge.control
          .requests()
          .filter((each) => each.startsWith('PUT') && each.includes(`${stage.repository}/pulls/`)).length;
      await stage.until('a merge', () => isMerged(stage));
      await noMergeWaits(stage);
      return { through: calls() > 1, seen: `${calls()} ${calls() === 1 ? 'call' : 'calls'} to merge` };
    },
    control: { weakness: 'no-state', without: 'one state that a merge is taken from' },
  },
  {
    id: 'K14',
    title: 'Lookalikes, skin tones and custom aliases of ✅',
    expected: 'not merged',
    timeoutMs: 180_000,
    attack: async (stage) => {
      const { ts } = await openGate(stage);
      const names = [
        'heavy_check_mark',
        'ballot_box_with_check',
        'white_check_mark::skin-tone-3',
        'k14_white_check_mark',
      ];
      const item = { type: 'message', channel: stage.channel, ts };
      for (const reaction of names) {
        showReaction(stage, ts, { name: reaction, users: [seed.grace] });
        reactionEvent(stage, { user: seed.grace, reaction, item, item_user: seed.bot });
      }
      const by = await mergedBy(stage, ts);
      return {
        through: by !== seed.max,
        seen: by === seed.max ? 'four reactions for nothing; the fifth, by its name, counts' : 'merged',
      };
    },
    control: { weakness: 'looks-alike', without: 'the one name of the emoji' },
  },
];
