import { createHash } from 'node:crypto';
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

/** Cases of one Errand, after which its store is looked through and another one begins. */
const most = 40;
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
  const all = mixed(cases);
  const hanging = all.filter(({ kind }) => kind === 'hang');
  const quick = all.filter(({ kind }) => kind !== 'hang');
  const play = (kind: string, own: readonly Swept[], errands: number) =>
    inLanes([...deal(own, Math.ceil(own.length / most)).entries()], errands, ([index, hand]) =>
      playHand(`store-${kind}-${index + 1}`, hand, told),
    );
  await Promise.all([play('quick', quick, errands.quick), play('hanging', hanging, errands.hanging)]);
}

/** In an order of no meaning, the same each time: what is struck at once is rarely the same port, and a run that breaks off has met them all. */
function mixed(cases: readonly Swept[]): readonly Swept[] {
  const place = ({ name }: Swept) => createHash('sha256').update(name).digest('hex');
  return cases.toSorted((one, other) => place(one).localeCompare(place(other)));
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

const settlesWithinMs = 120_000;

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
