import { connect } from 'node:net';
import { join } from 'node:path';
import { startDaemon } from './daemon.ts';
import type { Places } from './places.ts';

/** Whether a Redis says PONG on this socket; one that is still loading doesn't. */
export function redisAnswers(socket: string): Promise<boolean> {
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

/** Starts the private Redis: on a socket only, every write on disk before it is acknowledged, nothing ever evicted. */
export async function startRedis(places: Places): Promise<void> {
  const logFile = join(places.logsDir, 'redis.log');
  const options = {
    port: '0',
    unixsocket: places.redisSocket,
    unixsocketperm: '700',
    dir: places.redisDir,
    appendonly: 'yes',
    appendfsync: 'always',
    save: '',
    'maxmemory-policy': 'noeviction',
    daemonize: 'no',
  };
  await startDaemon({
    name: 'redis-server',
    command: 'redis-server',
    args: Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]),
    logFile,
    pidFile: places.redisPidFile,
    deadlineMs: 60_000,
    answers: () => redisAnswers(places.redisSocket),
  });
}
