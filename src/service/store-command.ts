import { type Config, ConfigError, readConfig } from '../config.ts';
import { tellApart } from '../setup/apart.ts';
import { makePlaces, type Places, places as toPlaces } from '../setup/places.ts';
import { redisServes, startRedis } from '../setup/redis.ts';
import { checkRedis } from '../store/check-redis.ts';
import { type Connection, connect } from '../store/connection.ts';
import { Problem } from '../task/problem.ts';

const answersWithinMs = 10_000;

/** Runs a command of the terminal: prints what it says, or what is wrong and what to do, and sets the exit code. `--help` prints `usage`. */
export async function runCommand(usage: string, command: () => Promise<string>): Promise<void> {
  if (process.argv.slice(2).some((word) => word === '--help' || word === '-h')) {
    console.log(usage);
    return;
  }
  try {
    console.log(await command());
  } catch (error) {
    process.exitCode = 1;
    if (error instanceof Problem) console.error(`${error.failure.sentence}\n${error.failure.next}`);
    else if (error instanceof ConfigError) console.error(error.message);
    else if (error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS'))
      console.error(`${error.message}\n\n${usage}`);
    else throw error;
  }
}

/** The configured Redis, or Errand's own, which is started where it does not run and stays running. Refused where it could lose what it is given. */
export async function withStore<Result>(
  name: string,
  use: (store: { redis: Connection; places: Places; config: Config }) => Promise<Result>,
): Promise<Result> {
  const { config, env } = readConfig();
  const places = toPlaces({ ERRAND_DATA_DIR: config.dataDir, XDG_RUNTIME_DIR: env.variables.get('XDG_RUNTIME_DIR') });
  if (config.redis.url === null) await startOwn(places);
  let last: Error | undefined;
  const onError = (error: Error) => {
    last = error;
  };
  const url = config.redis.url ?? places.redisSocket;
  const redis = await connect(url, { name, onError, timeoutMs: answersWithinMs }).catch((error: unknown) => {
    throw last === undefined ? error : unreachable(last);
  });
  try {
    await checkRedis(redis);
    return await use({ redis, places, config });
  } finally {
    redis.disconnect();
  }
}

async function startOwn(places: Places): Promise<void> {
  makePlaces(places);
  const apart = await tellApart(places);
  if (!(await redisServes(places, apart))) await startRedis(places, apart);
}

function unreachable(cause: Error): Problem {
  return new Problem(
    {
      code: 'redis_down',
      sentence: `Redis can’t be reached: ${cause.message}.`,
      next: 'Start it, or correct the address, user and password in REDIS_URL; npm run doctor tries it.',
    },
    { cause },
  );
}
