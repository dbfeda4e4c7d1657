import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import type Dockerode from 'dockerode';
import type { FaultInput } from '../../src/local/forge/faults.ts';
import type { HookFault } from '../../src/local/forge/webhooks.ts';
import type { CallEffect } from '../../src/local/slack/faults.ts';
import { labels } from '../../src/sandbox/container-spec.ts';
import { statusOf } from '../../src/sandbox/docker.ts';
import { tellApart } from '../../src/setup/apart.ts';
import type { Places } from '../../src/setup/places.ts';
import { startRedis } from '../../src/setup/redis.ts';
import type { ErrandUnderTest } from '../support/errand.ts';
import { pick, type Random } from './random.ts';

const run = promisify(execFile);

export interface Reach {
  readonly errand: ErrandUnderTest;
  readonly places: Places;
  readonly docker: Dockerode;
  readonly random: Random;
  /** What the next call of an agent is answered with. */
  readonly model: { next: 'none' | 'overloaded' | 'cut' };
}

/** Does one thing wrong. False where there was nothing to strike. */
type Strike = (reach: Reach) => Promise<boolean>;

const killed =
  (name: string): Strike =>
  async ({ errand }) => {
    const args = ['-o', 'pid=,args=', '--ppid', String(errand.process.pid)];
    const { stdout } = await run('ps', args).catch(() => ({ stdout: '' }));
    const line = stdout.split('\n').find((each) => each.includes(`main.ts`) && new RegExp(`\\b${name}\\b`).test(each));
    return line !== undefined && strikeDown(Number(line.trim().split(/\s+/)[0]));
  };

function strikeDown(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 1) return false;
  try {
    process.kill(pid, 'SIGKILL');
    return true;
  } catch {
    return false;
  }
}

const gatewayKilled: Strike = async ({ places, random }) => {
  const tasks = await readdir(places.gatewaysDir).catch((): string[] => []);
  if (tasks.length === 0) return false;
  const file = join(
    places.gatewaysDir,
    pick(
      random,
      tasks.map((task) => [1, task] as const),
    ),
    'gateway.pid',
  );
  return strikeDown(Number.parseInt(await readFile(file, 'utf8').catch(() => ''), 10));
};

const agentKilled: Strike = async ({ docker, places, random }) => {
  const filters = { label: [`${labels.instance}=${places.instance}`, `${labels.kind}=run`] };
  const running = await docker.listContainers({ filters });
  if (running.length === 0) return false;
  const { Id } = pick(
    random,
    running.map((each) => [1, each] as const),
  );
  return docker
    .getContainer(Id)
    .kill()
    .then(
      () => true,
      (error: unknown) => {
        if (statusOf(error) === undefined) throw error;
        return false;
      },
    );
};

const redisKilled: Strike = async ({ places, random }) => {
  const pid = Number.parseInt(await readFile(places.redisPidFile, 'utf8').catch(() => ''), 10);
  if (!strikeDown(pid)) return false;
  await delay(500 + random() * 2_000);
  await startRedis(places, await tellApart(places));
  return true;
};

const planned =
  (plan: (reach: Reach) => void): Strike =>
  async (reach) => {
    plan(reach);
    return true;
  };

const slackCall = (method: string, effect: CallEffect): Strike =>
  planned(({ errand }) => errand.slack.faults.add({ on: 'call', method, times: 1, effect }));

const delivered = (type: 'twice' | 'out_of_order' | 'drop_ack'): Strike =>
  planned(({ errand }) => errand.slack.faults.add({ on: 'delivery', kind: '*', times: 1, effect: { type } }));

const forge = (fault: FaultInput): Strike => planned(({ errand }) => errand.forge.control.fault(fault));

const hook = (fault: HookFault): Strike => planned(({ errand }) => errand.forge.control.webhooks.fault(fault));

const model = (next: Reach['model']['next']): Strike =>
  planned((reach) => {
    reach.model.next = next;
  });

/** Deaths of processes: each costs seconds until what died is back. */
export const deaths: readonly (readonly [number, string, Strike])[] = [
  [3, 'worker killed', killed('worker')],
  [3, 'bot killed', killed('bot')],
  [2, 'broker killed', killed('broker-main')],
  [3, 'gateway killed', gatewayKilled],
  [2, 'agent killed', agentKilled],
  [1, 'Redis killed', redisKilled],
];

/** What goes wrong on the way to somebody else. */
export const mishaps: readonly (readonly [number, string, Strike])[] = [
  [3, 'Slack: 429', slackCall('*', { type: 'rate_limited', retryAfterS: 1 })],
  [2, 'Slack: 500', slackCall('*', { type: 'status', status: 500 })],
  [3, 'Slack: posted, answer lost', slackCall('chat.postMessage', { type: 'lost_answer' })],
  [2, 'Slack: edited, answer lost', slackCall('chat.update', { type: 'lost_answer' })],
  [3, 'Slack: event twice', delivered('twice')],
  [2, 'Slack: events out of order', delivered('out_of_order')],
  [2, 'Slack: acknowledgement lost', delivered('drop_ack')],
  [2, 'GitHub: 502', forge({ route: '* /repos/*', kind: 'status', status: 502 })],
  [2, 'GitHub: answer cut', forge({ route: '* /repos/*', kind: 'cut_answer' })],
  [2, 'GitHub: pull request made, answer lost', forge({ route: 'POST /repos/*/pulls', kind: 'lost_answer' })],
  [2, 'GitHub: merged, answer lost', forge({ route: 'PUT /repos/*/merge', kind: 'lost_answer' })],
  [2, 'GitHub: pushed, answer lost', forge({ route: 'POST /*/git-receive-pack', kind: 'lost_answer' })],
  [1, 'GitHub: push refused by a 503', forge({ route: 'POST /*/git-receive-pack', kind: 'status', status: 503 })],
  [1, 'GitHub: asks to slow down', forge({ route: '* /repos/*', kind: 'secondary_rate_limit', retryAfterSeconds: 2 })],
  [2, 'GitHub: webhook lost', hook('lost')],
  [1, 'GitHub: webhook twice', hook('twice')],
  [1, 'model: 529', model('overloaded')],
  [1, 'model: answer cut', model('cut')],
];
