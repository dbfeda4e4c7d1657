import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { places } from '../../src/setup/places.ts';
import { openRedis, waitForRedis } from '../../src/store/connection.ts';
import { checkStore } from '../../src/store/consistency/check-store.ts';
import { type Ground, openGround } from './ground.ts';
import { patiently } from './judge.ts';
import { deal, inLanes } from './lanes.ts';
import { isFine, project, type Result } from './result.ts';
import { type Swept, strike } from './sweep.ts';

/** Tasks of one Errand that are under way at once: each is struck, and each has to live through what strikes the others. */
const abreast = 5;

/**
 * Plays cases on so many Errands side by side. Where a process stops for a while, all tasks of its Errand wait: those have Errands of their
 * own. `told` hears of each as it ends. Each Errand's store is looked through at the end.
 */
export async function playSweep(
  cases: readonly Swept[],
  errands: { readonly quick: number; readonly hanging: number },
  told: (result: Result) => void,
): Promise<void> {
  const hanging = cases.filter(({ kind }) => kind === 'hang');
  const quick = cases.filter(({ kind }) => kind !== 'hang');
  const hands = [...deal(quick, errands.quick), ...deal(hanging, errands.hanging)];
  await Promise.all(hands.map((hand, index) => playHand(`errand-${index + 1}`, hand, told)));
}

async function playHand(id: string, hand: readonly Swept[], told: (result: Result) => void): Promise<void> {
  await using ground = await openGround(hand.map(({ name }) => name));
  await inLanes(hand, abreast, async (armed) => {
    const result = await strike(ground, armed);
    if (!isFine(result)) await keepLog(ground, armed.name);
    told(result);
  });
  const began = performance.now();
  const wrong = await lookThrough(ground);
  if (wrong.length > 0) await keepLog(ground, id);
  told({ type: 'store', id, cases: hand.length, wrong, durationMs: performance.now() - began });
}

const settlesWithinMs = 30_000;

/** What is inconsistent in an Errand's store once nothing is under way, given some time to come to that. */
export async function lookThrough({ errand }: Ground): Promise<readonly string[]> {
  await patiently(() => errand.quiet());
  const url = errand.env.REDIS_URL ?? places({ ERRAND_DATA_DIR: errand.dataDir }).redisSocket;
  const redis = openRedis(url, { name: 'faults', onError: () => undefined });
  try {
    await waitForRedis(redis, 5_000);
    const over = performance.now() + settlesWithinMs;
    for (;;) {
      const flaws = await patiently(() => checkStore(redis, { atRest: true }));
      const wrong = flaws.map(({ key, found }) => `${key} ${found}`);
      if (wrong.length === 0 || performance.now() > over) return wrong;
      await delay(200);
    }
  } finally {
    redis.disconnect();
  }
}

/** Keeps what an Errand logged so far, for whoever looks into a case that failed. */
export async function keepLog({ errand }: Ground, name: string): Promise<void> {
  await mkdir(join(project, '.errand/logs'), { recursive: true });
  await writeFile(join(project, `.errand/logs/fault-${name}.log`), await errand.log());
}
