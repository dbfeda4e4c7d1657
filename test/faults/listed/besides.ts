import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { seed } from '../../../src/local/slack/workspace.ts';
import { places } from '../../../src/setup/places.ts';
import { editFile, failWith, type Handler, say, type Turn } from '../../fakes/model-server.ts';
import { freePort, startProgram } from '../../support/program.ts';
import { startRedis } from '../../support/redis.ts';
import { channelOf, type Ground, openGround } from '../ground.ts';
import { begun, containerOf, letGo, taskOf, waiting } from '../hands.ts';
import { judge } from '../judge.ts';
import { ask, endingOf, gateOf, said, until } from '../play.ts';
import { goOn, type Listed, unless } from './listed.ts';

const run = promisify(execFile);

/** Ends one process of a task's container from outside. */
async function killInside(ground: Ground, name: string, words: RegExp): Promise<boolean> {
  const container = await containerOf(ground, await taskOf(ground, name));
  const { Processes } = await container.top({ ps_args: '-eo pid,args' });
  const found = Processes.find((each: readonly string[]) => words.test(each[1] ?? ''));
  if (found === undefined) return false;
  await run('kill', ['-9', found[0] ?? '']);
  return true;
}

/** A model that does this first and then its work; the agent, a real one, sees to the rest. */
function withModel(id: string, title: string, first: readonly Turn[]): Listed {
  return {
    id,
    fault: null,
    title,
    own: {},
    play: async (ground, name) => {
      ground.errand.model.script([...first, editFile('one.txt', 'one\n'), say('I wrote one.txt.')]);
      await ask(ground, name, { agent: 'claude' });
      return goOn(ground, name);
    },
  };
}

type Effect = Extract<Parameters<Ground['errand']['slack']['faults']['add']>[0], { on: 'delivery' }>['effect'];

/** Two bots on one app; everything that Slack delivers goes wrong in one way: a command, a message, a button, reactions. */
function delivered(id: string, title: string, effect: Effect): Listed {
  return {
    id,
    fault: id === 'p-twice' ? 1 : null,
    title,
    alone: async (name) => {
      const port = await freePort();
      await using _redis = await startRedis({ port: String(port), bind: '127.0.0.1' });
      const names = [name, `${name}-stopped`];
      await using ground = await openGround(names, { env: { REDIS_URL: `redis://127.0.0.1:${port}` } });
      const { errand } = ground;
      const dataDir = await mkdtemp(join(tmpdir(), 'errand-second-'));
      const { slack } = errand;
      const before = slack.socket?.connections ?? 0;
      const asBot = { ERRAND_DATA_DIR: dataDir, ERRAND_ROLE: 'bot', GITHUB_WEBHOOK_SECRET: undefined };
      await using _second = await startProgram(dataDir, { ...errand.env, ...asBot }, [ground.preload]);
      if ((slack.socket?.connections ?? 0) <= before) return ['there is no second bot'];
      slack.faults.add({ on: 'delivery', kind: '*', times: 1_000, effect });
      for (const each of names) await ground.place(each);
      const command = (each: string, script: string) =>
        slack.people.command({
          user: seed.ada,
          channel: channelOf(each),
          command: '/agent',
          text: `repo:acme/${each} agent:shell Try ${each}\n\`\`\`sh\n${script}\n\`\`\``,
        });
      await Promise.all([command(name, 'echo one > one.txt'), command(`${name}-stopped`, waiting)]);
      await begun(ground, `${name}-stopped`);
      const root = await until(ground, `${name}-stopped`, 'a root', () => said(ground, `${name}-stopped`)[0]);
      const action_id = stopOf(root.blocks ?? []);
      await slack.interactions.action({ user: seed.ada, channel: root.channel, ts: root.ts, action_id });
      const gate = await until(ground, name, 'a gate', () => gateOf(ground, name));
      slack.people.reaction({
        user: seed.grace,
        channel: gate.channel,
        ts: gate.ts,
        name: 'white_check_mark',
        present: true,
      });
      const ending = await until(ground, name, 'a merge', () => endingOf(ground, name));
      const stopped = await until(ground, `${name}-stopped`, 'an end', () => endingOf(ground, `${name}-stopped`));
      const wrong = [
        ...(await judge(ground, name, ending)),
        ...(await judge(ground, `${name}-stopped`, stopped, { endings: ['stopped'] })),
      ];
      await rm(dataDir, { recursive: true, force: true });
      return wrong;
    },
  };
}

function stopOf(blocks: readonly unknown[]): string {
  const stack: unknown[] = [...blocks];
  for (let each = stack.pop(); each !== undefined; each = stack.pop()) {
    if (typeof each !== 'object' || each === null) continue;
    if ('action_id' in each && typeof each.action_id === 'string' && JSON.stringify(each).includes('"Stop"'))
      return each.action_id;
    stack.push(...Object.values(each));
  }
  throw new Error('There is no button Stop');
}

export const besides: readonly Listed[] = [
  {
    id: 'b-runner-killed',
    fault: null,
    title: 'the runner, the container’s main process, is killed: tried again, or told why',
    play: async (ground, name) => {
      await ask(ground, name, { script: `${waiting}; echo one > one.txt` });
      const task = await begun(ground, name);
      const killed = await killInside(ground, name, /runner/);
      await letGo(ground, task);
      await until(ground, name, 'an ending', () => gateOf(ground, name) ?? endingOf(ground, name));
      const ending = endingOf(ground, name);
      const wrong =
        ending === undefined ? await goOn(ground, name) : await judge(ground, name, ending, { endings: ['failed'] });
      return [...wrong, ...unless(killed, 'there is no runner to kill')];
    },
  },
  {
    id: 'b-agent-killed',
    fault: null,
    title: 'the agent is killed while it waits for its model: one told outcome',
    own: {},
    play: async (ground, name) => {
      const { promise: hold, resolve: go } = Promise.withResolvers<void>();
      const turn: Handler = () => ({ text: 'I think.', hold });
      ground.errand.model.script([turn]);
      await ask(ground, name, { agent: 'claude' });
      await ground.errand.model.called(1);
      const killed = await killInside(ground, name, /claude-agent-acp|claude/);
      go();
      const ending = await until(
        ground,
        name,
        'an ending',
        () => endingOf(ground, name) ?? (gateOf(ground, name) && 'gate'),
      );
      const wrong = await judge(ground, name, ending, { endings: ['failed', 'gate', 'unchanged'] });
      return [...wrong, ...unless(killed, 'there is no agent to kill')];
    },
  },
  {
    id: 'b-gateway-killed',
    fault: null,
    title: 'the gateway is killed between two model calls: revived or told, one outcome',
    own: {},
    play: async (ground, name) => {
      const { promise: hold, resolve: go } = Promise.withResolvers<void>();
      const turn: Handler = () => ({ text: 'I think.', hold });
      ground.errand.model.script([turn, editFile('one.txt', 'one\n'), say('I wrote one.txt.')]);
      await ask(ground, name, { agent: 'claude' });
      await ground.errand.model.called(1);
      const { id } = await taskOf(ground, name);
      const file = join(places({ ERRAND_DATA_DIR: ground.errand.dataDir }).gatewaysDir, id, 'gateway.pid');
      process.kill(Number((await readFile(file, 'utf8')).trim().split(/\s+/)[0]), 'SIGKILL');
      go();
      const ending = await until(
        ground,
        name,
        'an ending',
        () => endingOf(ground, name) ?? (gateOf(ground, name) && 'gate'),
      );
      return judge(ground, name, ending, { endings: ['failed', 'gate', 'unchanged'] });
    },
  },
  withModel('m-429', 'the model answers 429 twice, with a second to wait', [
    failWith(429, { headers: { 'retry-after': '1' } }),
    failWith(429, { headers: { 'retry-after': '1' } }),
  ]),
  withModel('m-529', 'the model answers 529, overloaded, twice', [failWith(529), failWith(529)]),
  withModel('m-cut', 'the model’s answer is cut off in the middle of its stream', [{ fault: 'cut' }]),
  delivered(
    'p-twice',
    'every payload comes twice, to two bots on one app at once: commands, messages, buttons, reactions',
    { type: 'twice' },
  ),
  delivered('p-out-of-order', 'payloads overtake each other, with two bots on one app', { type: 'out_of_order' }),
  delivered('p-ack-lost', 'every acknowledgement is lost, with two bots on one app', { type: 'drop_ack' }),
];
