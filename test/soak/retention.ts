import { createRepositories } from '../../src/git/repositories.ts';
import { BrokerClient } from '../../src/sandbox/broker-client.ts';
import type { Places } from '../../src/setup/places.ts';
import { Problem } from '../../src/task/problem.ts';
import type { ErrandUnderTest } from '../support/errand.ts';

const keptMs = 60_000;

/**
 * Does what a worker does on its timer with what nobody needs any more, for an Errand that keeps a settled task and its workspace for a
 * minute instead of 180 days and one: what half a year does is then seen in half an hour.
 */
export async function forgetEarly({ tasks, forge }: ErrandUnderTest, places: Places, forMs = keptMs): Promise<void> {
  const repositories = createRepositories({
    mirrorsDir: places.mirrorsDir,
    tasksDir: places.tasksDir,
    githubUrl: forge.url,
    credentials: () => Promise.reject(new Error('Nothing is fetched here')),
    committer: () => Promise.reject(new Error('Nothing is committed here')),
    signer: null,
  });
  try {
    await tasks.forget(Date.now() - forMs);
    const alive = await tasks.unsettled();
    await new BrokerClient(places.brokerSocket).reap(alive, forMs);
    await repositories.reap(alive, forMs);
  } catch (error) {
    // Redis or the broker may be away just now; the next time does it.
    if (!(error instanceof Problem)) throw error;
  }
}
