import { lstatSync } from 'node:fs';
import { connect } from 'node:net';
import { totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import type { Apart } from './apart.ts';
import { startDaemon, stopRecorded } from './daemon.ts';
import { giveFolder } from './ownership.ts';
import type { Places } from './places.ts';

/** Whether the private Redis runs, and for those who are to use it: one that root started for itself alone is not. */
export async function redisServes(places: Places, apart: Apart): Promise<boolean> {
  const wanted = apart.type === 'apart' ? apart.users.redis.uid : process.getuid?.();
  const folder = lstatSync(dirname(places.redisSocket), { throwIfNoEntry: false });
  return folder?.uid === wanted && (await redisAnswers(places.redisSocket));
}

/** Whether a Redis says PONG on this socket; one that is still loading doesn't. */
function redisAnswers(socket: string): Promise<boolean> {
  return new Promise((done) => {
    const connection = connect(socket);
    connection.setTimeout(2_000, () => connection.destroy());
    connection.once('connect', () => connection.write('PING\r\n'));
    connection.once('data', (reply) => {
      done(reply.toString().startsWith('+PONG'));
      connection.destroy();
    });
    connection.once('error', () => done(false));
    connection.once('close', () => done(false));
  });
}

/**
 * Starts the private Redis: on a socket only, every write on disk before it is acknowledged, nothing ever evicted, a quarter of the machine's memory at most. Where it can have a
 * user of its own it has, and the group of bot and worker alone reaches its socket.
 */
export async function startRedis(places: Places, apart: Apart): Promise<void> {
  // One that an older Errand started listens elsewhere, and two must never write to one folder.
  await stopRecorded(places.redisPidFile, 20_000);
  const user = apart.type === 'apart' ? apart.users.redis : null;
  giveFolder(places.redisDir, user);
  giveFolder(dirname(places.redisSocket), user, user === null ? 0o700 : 0o750);
  const logFile = join(places.logsDir, 'redis.log');
  const options = {
    port: '0',
    unixsocket: places.redisSocket,
    unixsocketperm: '770',
    dir: places.redisDir,
    appendonly: 'yes',
    appendfsync: 'always',
    save: '',
    'maxmemory-policy': 'noeviction',
    maxmemory: String(Math.floor(totalmem() / 4)),
    daemonize: 'no',
  };
  const settings = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
  const command = user === null || apart.type !== 'apart' ? [] : apart.command(user);
  const [program = '', ...args] = [...command, 'redis-server', ...settings];
  await startDaemon({
    name: 'redis-server',
    command: program,
    args,
    logFile,
    pidFile: places.redisPidFile,
    deadlineMs: 60_000,
    answers: () => redisAnswers(places.redisSocket),
  });
}
