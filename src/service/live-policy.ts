import type { Config } from '../config.ts';
import { parseRepositoryName } from '../task/ids.ts';
import { type Policy, plainRepository } from '../task/policy.ts';
import type { TaskStore } from '../task/ports/task-store.ts';
import { toPolicy } from './policy.ts';
import type { ProcessScope } from './process.ts';

const repositoriesEveryMs = 30_000;

/** The policy as it stands: without a list of repositories, those that the worker found the GitHub App installed on. */
export async function livePolicy(
  config: Config,
  store: TaskStore,
  { log, signal }: ProcessScope,
): Promise<() => Policy> {
  let current = toPolicy(config);
  if (config.repositories.length > 0) return () => current;
  const look = async () => {
    const names = (await store.recall('repositories'))?.split(',') ?? [];
    const repositories = names.map(parseRepositoryName).filter((name) => name !== undefined);
    current = { ...current, repositories: repositories.map(plainRepository) };
  };
  await look();
  const timer = setInterval(
    () => look().catch((error: unknown) => log.warn({ err: error }, 'The list of repositories could not be read')),
    repositoriesEveryMs,
  );
  signal.addEventListener('abort', () => clearInterval(timer), { once: true });
  return () => current;
}
