import type { Log } from '../app/deps.ts';
import type { RepositoryName } from '../task/ids.ts';
import type { TaskStore } from '../task/ports/task-store.ts';
import { Problem } from '../task/problem.ts';

const againEveryMs = 5 * 60_000;

/**
 * The bot has no key for GitHub: what the app is installed on, it hears from the worker, now and every five minutes. While GitHub
 * does not answer the list stands as it was: agents that are at work wait for a worker more than anybody waits for that list.
 * Throws the `Problem` that no waiting makes good, a wrong key say.
 */
export async function shareInstalled(
  installed: () => Promise<readonly RepositoryName[]>,
  store: Pick<TaskStore, 'remember'>,
  { log, signal }: { readonly log: Log; readonly signal: AbortSignal },
): Promise<void> {
  const share = async () => store.remember('repositories', (await installed()).join(','));
  const unknown = (error: unknown) => log.warn({ err: error }, 'The installed repositories are not known anew');
  await share().catch((error: unknown) => {
    if (!(error instanceof Problem) || !error.retry) throw error;
    unknown(error);
  });
  const timer = setInterval(() => share().catch(unknown), againEveryMs);
  signal.addEventListener('abort', () => clearInterval(timer), { once: true });
}
