import { Cluster } from 'ioredis';
import { type Connection, guarded } from './connection.ts';
import type { Keys } from './keys.ts';

const perStep = 1_000;

/** The names of an Errand's keys, without their prefix, as far as they are wanted; each once. */
export function scanKeys(redis: Connection, keys: Keys, wanted: (name: string) => boolean): Promise<string[]> {
  return guarded('list what is stored', async () => {
    const found = new Set<string>();
    const pattern = `${globOf(keys.prefix)}*`;
    for (const node of redis instanceof Cluster ? redis.nodes('master') : [redis]) {
      for (let cursor = '0'; ; ) {
        const [next, names] = await node.scan(cursor, 'MATCH', pattern, 'COUNT', perStep);
        for (const name of names) found.add(name.slice(keys.prefix.length));
        if (next === '0') break;
        cursor = next;
      }
    }
    return [...found].filter(wanted);
  });
}

/** A text as a pattern of Redis that is met by nothing else. */
export function globOf(text: string): string {
  return text.replaceAll(/[[\]*?\\]/g, '\\$&');
}
