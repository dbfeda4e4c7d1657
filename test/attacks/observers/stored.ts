import { execFile } from 'node:child_process';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import type { Stage } from '../stage.ts';

const run = promisify(execFile);

/** Everything that Redis holds, keys and values, BullMQ's jobs among them. */
export async function dumpRedis(socket: string): Promise<string> {
  const redis = new Redis(socket);
  try {
    const keys = await redis.keys('*');
    const values = await Promise.all(
      keys.map(async (key) => {
        switch (await redis.type(key)) {
          case 'string':
            return redis.get(key);
          case 'hash':
            return redis.hgetall(key);
          case 'stream':
            return redis.xrange(key, '-', '+');
          case 'zset':
            return redis.zrange(key, '0', '-1');
          case 'set':
            return redis.smembers(key);
          case 'list':
            return redis.lrange(key, 0, -1);
          default:
            // It was there a moment ago.
            return null;
        }
      }),
    );
    if (keys.length < 5) throw new Error('Redis holds next to nothing: it is not the one that Errand works with.');
    return JSON.stringify([keys, values]);
  } finally {
    redis.disconnect();
  }
}

/** Everything that Slack was told, by this stage's Errand, in any channel. */
export function dumpSlack({ errand: { slack } }: Stage): string {
  return JSON.stringify([slack.store.workspace, slack.store.ephemerals, slack.store.views]);
}

/** What the stage's repository on the forge has: every commit of every branch with its patch, each pull request, all that was called. */
export async function dumpForge({ errand, repository }: Stage): Promise<string> {
  const { control } = errand.forge;
  const bare = join(errand.dataDir, 'forge/repositories', `${repository}.git`);
  const { stdout } = await run('git', ['-C', bare, 'log', '--all', '-p', '--text'], { maxBuffer: 64 * 1024 * 1024 });
  const { pulls } = await control.viewRepository(repository);
  const views = await Promise.all(pulls.map(({ number }) => control.viewPull(repository, number)));
  return `${stdout}${JSON.stringify([views, control.ledger()])}`;
}

/**
 * Which of these texts stand in a file, a file's name or a link's target below a folder; links are not followed. Where other tasks come and
 * go in it meanwhile, it looks again.
 */
export async function filesWith(folder: string, texts: readonly string[]): Promise<readonly string[]> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await filesNowWith(folder, texts);
    } catch (error) {
      const gone = error instanceof Error && 'code' in error && error.code === 'ENOENT';
      if (!gone || tries === 20) throw error;
    }
  }
}

async function filesNowWith(folder: string, texts: readonly string[]): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const found = await Promise.all(
    entries.map(async (entry) => {
      const path = join(entry.parentPath, entry.name);
      const content = entry.isSymbolicLink()
        ? await readlink(path)
        : entry.isFile()
          ? await readFile(path, 'latin1')
          : '';
      return texts.some((text) => `${path}\n${content}`.includes(text)) ? path.slice(folder.length + 1) : undefined;
    }),
  );
  return found.filter((path) => path !== undefined);
}
