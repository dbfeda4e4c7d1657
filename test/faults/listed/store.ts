import { execFile } from 'node:child_process';
import { appendFile, chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import { seed } from '../../../src/local/slack/workspace.ts';
import { places } from '../../../src/setup/places.ts';
import { UnixProxy } from '../../support/unix-proxy.ts';
import { channelOf, type Ground } from '../ground.ts';
import { begun, containerOf, kill, letGo, pidOf, redisPid, waiting } from '../hands.ts';
import { ask, until } from '../play.ts';
import { project } from '../result.ts';
import { goOn, type Listed, unless } from './listed.ts';

const run = promisify(execFile);

/** Sets the private Redis going again, as the next `npm start` does. */
async function startAgain({ errand }: Ground): Promise<void> {
  await run('sh', ['src/setup/prepare.sh', 'start'], { cwd: project, env: errand.env });
}

/** SIGKILL, and a wait until it is gone. */
async function killRedis(ground: Ground): Promise<void> {
  const pid = await redisPid(ground);
  process.kill(pid, 'SIGKILL');
  while (isAlive(pid)) await delay(20);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function away(fault: number, id: string, title: string, awayMs: number): Listed {
  return {
    id,
    fault,
    title,
    own: {},
    play: async (ground, name) => {
      await ask(ground, name, { script: `${waiting}; echo one > one.txt` });
      const task = await begun(ground, name);
      await killRedis(ground);
      // The agent's work ends while nobody can note it.
      await letGo(ground, task);
      await delay(awayMs);
      await startAgain(ground);
      return goOn(ground, name);
    },
  };
}

export const store: readonly Listed[] = [
  {
    id: 'f4-redis-stopped',
    fault: 4,
    title:
      'Redis does not answer when a command arrives: the person is told at once and gets the words back; a mention makes its task later',
    own: {},
    play: async (ground, name) => {
      const { errand } = ground;
      await ground.place(name);
      const pid = await redisPid(ground);
      process.kill(pid, 'SIGSTOP');
      try {
        await ask(ground, name);
        await errand.slack.people.command({
          user: seed.max,
          channel: channelOf(name),
          command: '/agent',
          text: 'precious words',
        });
        await until(ground, name, 'the words back', () =>
          errand.slack.store.ephemerals.some(({ text }) => text.includes('precious words')),
        );
      } finally {
        process.kill(pid, 'SIGCONT');
      }
      return goOn(ground, name);
    },
  },
  {
    id: 'f10-redis-killed-under-load',
    fault: 10,
    title: 'Redis is killed with kill -9 while five requests come in and run: none is lost',
    own: {
      env: {
        ERRAND_REPOSITORIES: ['', '-1', '-2', '-3', '-4']
          .map((each) => `acme/f10-redis-killed-under-load${each}`)
          .join(','),
      },
    },
    play: async (ground, name) => {
      const names = ['', '-1', '-2', '-3', '-4'].map((each) => `${name}${each}`);
      const asking = names.map((each) => ask(ground, each));
      await asking[0];
      await killRedis(ground);
      await Promise.all(asking);
      await startAgain(ground);
      return (await Promise.all(names.map((each) => goOn(ground, each)))).flat();
    },
  },
  away(
    11,
    'f11-redis-away-3s',
    'Redis is away for 3 s in the middle of a task, and the agent ends meanwhile: one result',
    3_000,
  ),
  away(11, 'f11-redis-away-20s', 'Redis is away for 20 s, longer than a job’s lock: one result', 20_000),
  {
    id: 'f12-redis-away-for-the-worker',
    fault: 12,
    title: 'the worker alone loses Redis, twice: it lets go and takes up again, and there is one container',
    own: {},
    play: async (ground, name) => {
      const folder = await mkdtemp(join(tmpdir(), 'errand-detour-'));
      await chmod(folder, 0o711);
      const path = join(folder, 'redis.sock');
      const { redisSocket } = places({ ERRAND_DATA_DIR: ground.errand.dataDir });
      await using proxy = new UnixProxy(path, redisSocket);
      const up = async () => {
        await proxy.up();
        await chmod(path, 0o777);
      };
      await up();
      await ground.detour(path);
      const before = await pidOf(ground, 'worker');
      await kill(ground, 'worker', 'SIGTERM');
      while ((await pidOf(ground, 'worker')) === before) await delay(50);
      await ask(ground, name, { script: `${waiting}; echo one > one.txt` });
      const task = await begun(ground, name);
      await proxy.down();
      await delay(3_000);
      await up();
      await proxy.down();
      await letGo(ground, task);
      await delay(16_000);
      await up();
      const wrong = await goOn(ground, name);
      await rm(folder, { recursive: true, force: true });
      return wrong;
    },
  },
  {
    id: 'f13-redis-full',
    fault: 13,
    title:
      'Redis has reached its `maxmemory`: a new request is refused with a message, the one that runs ends as soon as there is room',
    own: {},
    play: async (ground, name) => {
      const { errand } = ground;
      await ask(ground, name, { script: `${waiting}; echo one > one.txt` });
      const task = await begun(ground, name);
      const redis = new Redis(places({ ERRAND_DATA_DIR: errand.dataDir }).redisSocket);
      try {
        await redis.config('SET', 'maxmemory', '1mb');
        await errand.slack.people.command({
          user: seed.max,
          channel: channelOf(name),
          command: '/agent',
          text: 'precious words',
        });
        await until(ground, name, 'a refusal', () =>
          errand.slack.store.ephemerals.some(({ text }) => text.includes('precious words')),
        );
        await letGo(ground, task);
      } finally {
        await redis.config('SET', 'maxmemory', '0');
        redis.disconnect();
      }
      return goOn(ground, name);
    },
  },
  {
    id: 'f14-tail-truncated',
    fault: 14,
    title:
      'the append-only file ends in half a command after a crash: Redis and Errand go on from what was acknowledged',
    own: {},
    play: async (ground, name) => {
      await ask(ground, name, { script: `${waiting}; echo one > one.txt` });
      const task = await begun(ground, name);
      await killRedis(ground);
      const { redisDir } = places({ ERRAND_DATA_DIR: ground.errand.dataDir });
      const folder = join(redisDir, 'appendonlydir');
      const file = (await readdir(folder)).find((each) => each.endsWith('.incr.aof'));
      await appendFile(join(folder, file ?? ''), '*3\r\n$3\r\nSET\r\n$5\r\nha');
      await startAgain(ground);
      await letGo(ground, task);
      return [...unless(file !== undefined, 'there is no append-only file'), ...(await goOn(ground, name))];
    },
  },
  {
    id: 'f15-redis-emptied',
    fault: 15,
    title:
      'Redis is emptied while an agent works: its sandbox is found by its label and cleared away, and Errand takes the next request',
    own: { env: { ERRAND_REPOSITORIES: 'acme/f15-redis-emptied,acme/f15-redis-emptied-next' } },
    play: async (ground, name) => {
      await ask(ground, name, { script: `${waiting}; echo one > one.txt` });
      const task = await begun(ground, name);
      const container = await containerOf(ground, task);
      const redis = new Redis(places({ ERRAND_DATA_DIR: ground.errand.dataDir }).redisSocket);
      await redis.flushall();
      redis.disconnect();
      const over = performance.now() + 90_000;
      while (await container.inspect().catch(() => null)) {
        if (performance.now() > over) return ['its container is left'];
        await delay(200);
      }
      const { pulls } = await ground.errand.forge.control.viewRepository(`acme/${name}`);
      await ask(ground, `${name}-next`);
      return [...unless(pulls.length <= 1, `${pulls.length} pull requests`), ...(await goOn(ground, `${name}-next`))];
    },
  },
];
