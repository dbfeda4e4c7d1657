import type { WorkerDeps } from '../app/deps.ts';
import type { Config } from '../config.ts';
import type { Authors } from '../github/authors.ts';
import { Problem } from '../task/problem.ts';

/** Who asked, as commits and pull requests name them: by the account that the configuration links to them, else by name alone. */
export function toAuthor({ accounts }: Config, authors: Authors, log: WorkerDeps['log']): WorkerDeps['author'] {
  return async ({ id, requester, requesterName: name, parts: [{ repository }] }) => {
    const nameless = { name, email: `${requester.toLowerCase()}@users.noreply.slack.invalid`, account: null };
    const linked = accounts.get(requester);
    if (linked === undefined) return nameless;
    const account = await authors.account(repository, linked.login).catch((error: unknown) => {
      // Work is not given up for the sake of a name; what may pass is tried again, so that a commit stays the same one.
      if (!(error instanceof Problem) || error.retry) throw error;
      log.warn({ task: id, login: linked.login, err: error }, 'An account could not be looked up');
      return null;
    });
    if (account === null) {
      log.warn({ task: id, login: linked.login }, 'Whoever asked is named without their account on GitHub');
      return nameless;
    }
    const { login, url, email } = account;
    return { name: linked.name ?? name, email: linked.email ?? email, account: { login, url } };
  };
}
