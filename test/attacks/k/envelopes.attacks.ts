import { seed } from '../../../src/local/slack/workspace.ts';
import type { Attack } from '../attack.ts';
import { commandBody, isTaken, post, request, said, tasksShown } from './in-slack.ts';

export const attacks: readonly Attack[] = [
  {
    id: 'K1',
    title: 'No signature, a wrong secret, an altered body',
    expected: '401, and no task',
    representative: true,
    attack: async (stage) => {
      const body = commandBody(stage, request(stage, stage.word));
      const other = commandBody(stage, request(stage, 'another'));
      const answers = [
        await post(stage, body, { signature: null }),
        await post(stage, body, { signature: 'v0=' }),
        await post(stage, body, { secret: 'not the secret' }),
        await post(stage, body, { over: other }),
        await post(stage, `${body}&ssl_check=1`, { signature: null }),
      ];
      const through = await isTaken(stage, () => said(stage, stage.word).length > 0);
      const statuses = answers.map(({ status }) => status).join(', ');
      return { through, seen: `${statuses}; ${through ? 'a task' : 'no task'}` };
    },
    control: { weakness: 'any-signature', without: 'the check of Slack’s signature' },
  },
  {
    id: 'K2',
    title: 'A signed body from six minutes ago, and one sent twice',
    expected: '401 for the old one, one task of the other',
    attack: async (stage) => {
      const [old, twice] = [`${stage.word}old`, `${stage.word}twice`];
      const { status } = await post(stage, commandBody(stage, request(stage, old)), { ageS: 360 });
      const body = commandBody(stage, request(stage, twice));
      await post(stage, body);
      await post(stage, body);
      const replayed = () => tasksShown(stage, old) > 0 || tasksShown(stage, twice) > 1;
      const through = await isTaken(stage, replayed);
      return {
        through,
        seen: `${status}; ${tasksShown(stage, old)} of the old, ${tasksShown(stage, twice)} of the other`,
      };
    },
    control: { weakness: 'replays', without: 'the age of a signature, and the memory of what came' },
  },
  {
    id: 'K3',
    title: 'One mention, delivered four times with retry headers',
    expected: 'one task',
    attack: async (stage) => {
      const { slack } = stage.errand;
      const text = `@Errand ${request(stage, stage.word)}`;
      const { ts } = slack.people.message({ user: seed.ada, channel: stage.channel, text });
      const delivered = () =>
        slack.outbound.records.filter(
          ({ payload }) => Object(payload.event).ts === ts && payload.type === 'event_callback',
        );
      await stage.until(
        'the mention to be taken',
        () => delivered().length > 0 && delivered().every(({ acked }) => acked),
      );
      for (const { id } of [...delivered(), ...delivered(), ...delivered()]) slack.outbound.redeliver(id);
      const through = await isTaken(stage, () => tasksShown(stage, stage.word) > 1);
      return { through, seen: `${tasksShown(stage, stage.word)} tasks of ${delivered()[0]?.tries ?? 0} deliveries` };
    },
    control: { weakness: 'every-delivery', without: 'one key for each act' },
  },
  {
    id: 'K4',
    title: 'A guest, a bot, a stranger, one who left, elsewhere',
    expected: 'no task of any of them',
    attack: async (stage) => {
      const senders = {
        guest: { user: seed.guest },
        bot: { user: seed.bot },
        stranger: { user: seed.stranger },
        left: { user: seed.gone },
        workspace: { team: 'T0PARTNERS' },
        channel: { channel: seed.partners },
      };
      for (const [name, sender] of Object.entries(senders)) {
        await post(stage, commandBody(stage, request(stage, stage.word + name), sender));
      }
      const taken = () => Object.keys(senders).filter((name) => said(stage, stage.word + name).length > 0);
      const through = await isTaken(stage, () => taken().length > 0);
      return { through, seen: through ? `tasks of: ${taken().join(', ')}` : 'six refused, no task' };
    },
    control: { weakness: 'anybody', without: 'who somebody is, and who reads the channel' },
  },
  {
    id: 'K18',
    title: 'A request while Slack does not say who sent it',
    expected: 'no task',
    timeoutMs: 180_000,
    attack: async (stage) => {
      await using there = await stage.apart({ mode: 'http', repositories: [stage.repository], yaml: '{}' });
      there.errand.slack.faults.add({
        on: 'call',
        method: 'users.info',
        times: 1_000,
        effect: { type: 'status', status: 500 },
      });
      await post(there, commandBody(there, request(there, stage.word), { user: seed.guest }));
      const failed = async () => (await there.errand.log()).includes('An act from Slack failed');
      const { through } = await there.until('the request to be dealt with', async () => {
        if (said(there, stage.word).length > 0) return { through: true };
        return (await failed()) ? { through: false } : undefined;
      });
      return { through, seen: through ? 'a task of a guest' : 'no task; the request is kept and tried again' };
    },
    control: { weakness: 'open-directory', without: 'failing closed: unknown is a member' },
  },
];
