import { Cluster, type Redis } from 'ioredis';
import { Problem } from '../task/problem.ts';
import { type Connection, guarded } from './connection.ts';

/** The scripts here say how they are to be run, which came with 7.0. */
const oldest = [7, 0] as const;

/**
 * Refuses a Redis that could lose an acknowledged request: without append-only file, without fsync on every write, or one that
 * evicts; of a cluster, one such node. The `Problem` says what to set. Where reading the settings is forbidden, that is refused as well:
 * nobody knows then.
 */
export async function checkRedis(redis: Connection): Promise<void> {
  for (const node of redis instanceof Cluster ? redis.nodes('master') : [redis]) await checkNode(node);
}

async function checkNode(redis: Redis): Promise<void> {
  await guarded('check the settings of Redis', async () => {
    const info = new Map(
      (await redis.info())
        .split('\r\n')
        .filter((line) => line.includes(':'))
        .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)] as const),
    );
    const setting = async (name: string) => {
      const found = await redis.config('GET', name).catch(() => []);
      return Array.isArray(found) && typeof found[1] === 'string' ? found[1] : undefined;
    };
    const version = info.get('redis_version') ?? '0';
    const [major = 0, minor = 0] = version.split('.').map(Number);
    const problems: string[] = [];
    const fixes: string[] = [];
    const expect = (fine: boolean, problem: string, fix: string) => {
      if (fine) return;
      problems.push(problem);
      fixes.push(fix);
    };
    expect(
      major > oldest[0] || (major === oldest[0] && minor >= oldest[1]),
      `its version is ${version}`,
      `use Redis ${oldest.join('.')} or newer`,
    );
    expect(info.get('aof_enabled') === '1', 'it keeps no append-only file', 'set `appendonly yes`');
    const fsync = await setting('appendfsync');
    expect(
      fsync === 'always',
      fsync === undefined ? 'its `appendfsync` can’t be read' : `its \`appendfsync\` is ${fsync}`,
      'set `appendfsync always`',
    );
    const policy = info.get('maxmemory_policy') ?? (await setting('maxmemory-policy')) ?? 'unknown';
    expect(policy === 'noeviction', `its \`maxmemory-policy\` is ${policy}`, 'set `maxmemory-policy noeviction`');
    if (problems.length === 0) return;
    throw new Problem({
      code: 'redis_settings',
      sentence: `Errand does not start on this Redis, which may lose requests: ${problems.join(', ')}.`,
      next: `In redis.conf, or with CONFIG SET and CONFIG REWRITE: ${fixes.join(', ')}.`,
    });
  });
}
