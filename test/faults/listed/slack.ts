import { seed } from '../../../src/local/slack/workspace.ts';
import { channelOf, type Ground } from '../ground.ts';
import { begun, letGo, taskOf, waiting } from '../hands.ts';
import { judge } from '../judge.ts';
import { ask, until } from '../play.ts';
import { goOn, type Listed, unless } from './listed.ts';

type SlackFault = Parameters<Ground['errand']['slack']['faults']['add']>[0];

function withSlack(fault: number, id: string, title: string, faults: readonly SlackFault[]): Listed {
  return {
    id,
    fault,
    title,
    own: {},
    play: async (ground, name) => {
      for (const each of faults) ground.errand.slack.faults.add(each);
      await ask(ground, name);
      return goOn(ground, name);
    },
  };
}

const call = (method: string, times: number, effect: Extract<SlackFault, { on: 'call' }>['effect']): SlackFault => ({
  on: 'call',
  method,
  times,
  effect,
});

/** What becomes of a task whose place in Slack is gone: it ends, the person is told elsewhere where that can be, and nobody tries for ever. */
function placeGone(id: string, title: string, act: (ground: Ground, name: string) => Promise<void>): Listed {
  return {
    id,
    fault: 44,
    title,
    play: async (ground, name) => {
      const { errand } = ground;
      await ask(ground, name, { script: `${waiting}; echo one > one.txt` });
      const task = await begun(ground, name);
      await act(ground, name);
      await letGo(ground, task);
      await errand.until(
        `the end of ${name}`,
        () =>
          errand.forge.control
            .ledger()
            .some(({ repository, what }) => repository === `acme/${name}` && /pulls$/.test(what)),
        90_000,
      );
      await errand.quiet(task.id);
      const calls = errand.slack.store.ledger.filter(({ channel }) => channel === channelOf(name)).length;
      return unless(calls < 40, `${calls} writes to a place that is gone`);
    },
  };
}

export const slack: readonly Listed[] = [
  withSlack(
    42,
    'f42-post-lost-answer',
    'each of four posts is accepted and its answer lost: found by its metadata, one message each',
    [call('chat.postMessage', 4, { type: 'lost_answer' })],
  ),
  withSlack(42, 'f42-update-lost-answer', 'edits are accepted and their answers lost', [
    call('chat.update', 4, { type: 'lost_answer' }),
  ]),
  withSlack(43, 'f43-rate-limited', '429 with a time to wait, on posts and edits: waited for, in order', [
    call('chat.postMessage', 3, { type: 'rate_limited', retryAfterS: 2 }),
    call('chat.update', 3, { type: 'rate_limited', retryAfterS: 2 }),
  ]),
  withSlack(43, 'f43-slack-down', 'Slack answers 503 to everything for a while: all is said in the end', [
    call('*', 8, { type: 'status', status: 503 }),
  ]),
  placeGone('f44-archived', 'the channel is archived while the agent works', async ({ errand }, name) => {
    const channel = errand.slack.store.channel(channelOf(name));
    if (channel !== undefined) errand.slack.store.archive(channel, true);
  }),
  {
    ...placeGone(
      'f44-removed',
      'the bot is removed from the channel while the agent works',
      async ({ errand }, name) => {
        const channel = errand.slack.store.channel(channelOf(name));
        if (channel !== undefined) errand.slack.store.leave(channel, seed.bot);
      },
    ),
  },
  {
    id: 'f44-thread-deleted',
    fault: 44,
    title: 'the message that asked is deleted while the agent works: the task is merged or ended all the same',
    play: async (ground, name) => {
      const { errand } = ground;
      const ts = await ask(ground, name, { script: `${waiting}; echo one > one.txt` });
      const task = await begun(ground, name);
      errand.slack.people.remove({ user: seed.ada, channel: channelOf(name), ts });
      await letGo(ground, task);
      await errand.until(
        `the end of ${name}`,
        () =>
          errand.forge.control
            .ledger()
            .some(({ repository, what }) => repository === `acme/${name}` && /pulls$/.test(what)),
        90_000,
      );
      await errand.quiet(task.id);
      return [];
    },
  },
  {
    id: 'f5-again-much-later',
    fault: 5,
    title: 'Slack sends the request again when its task is over: still one task',
    play: async (ground, name) => {
      const { errand } = ground;
      await ask(ground, name);
      const wrong = await goOn(ground, name);
      const own = errand.slack.outbound.records.filter(({ payload }) =>
        JSON.stringify(payload).includes(channelOf(name)),
      );
      for (const { id } of own) errand.slack.outbound.redeliver(id);
      await errand.slack.outbound.idle();
      await errand.quiet();
      return [...wrong, ...(await judge(ground, name, 'merged'))];
    },
  },
  {
    id: 'f6-mention-twice',
    fault: 6,
    title: 'a mention comes as two events, `app_mention` and `message`: one task',
    play: async (ground, name) => {
      await ask(ground, name);
      const wrong = await goOn(ground, name);
      const kinds = new Set(
        ground.errand.slack.outbound.records.flatMap(({ payload: { event } }) => {
          const json = JSON.stringify(event ?? {});
          return json.includes(channelOf(name)) && json.includes(`Try ${name}`)
            ? [/"type":"(app_mention|message)"/.exec(json)?.[1]]
            : [];
        }),
      );
      return [...wrong, ...unless(kinds.size > 0, 'the mention was not delivered')];
    },
  },
  {
    id: 'f8-cut-before-the-ack',
    fault: 8,
    title: 'the socket is cut before the ack, Slack asks for a refresh, acks are lost: one task',
    own: {},
    play: async (ground, name) => {
      const { slack: local } = ground.errand;
      local.faults.add({ on: 'delivery', kind: 'events_api', times: 2, effect: { type: 'drop_ack' } });
      await ask(ground, name);
      local.socket?.disconnect('cut');
      await taskOf(ground, name);
      local.socket?.disconnect('refresh_requested');
      await until(ground, name, 'a connection', () => (local.socket?.connections ?? 0) > 0);
      return goOn(ground, name);
    },
  },
  {
    id: 'f9-burst',
    fault: 9,
    title: 'a thousand events at once while an agent works: all are acknowledged, and there is one task',
    own: {},
    play: async (ground, name) => {
      const { errand } = ground;
      await ask(ground, name, { script: `${waiting}; echo one > one.txt` });
      const task = await begun(ground, name);
      for (let n = 0; n < 990; n += 1) {
        errand.slack.people.message({
          user: seed.max,
          channel: channelOf(name),
          thread_ts: task.origin.thread ?? '',
          text: `Remark ${n}`,
        });
      }
      const lost = () => errand.slack.outbound.records.filter(({ acked }) => !acked);
      // What was not acknowledged in time comes again.
      await errand
        .until('every acknowledgement', () => lost().length === 0 || undefined, 60_000)
        .catch(() => undefined);
      await letGo(ground, task);
      return [
        ...unless(lost().length === 0, `${lost().length} events were never acknowledged`),
        ...(await goOn(ground, name)),
      ];
    },
  },
];
