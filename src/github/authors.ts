import { z } from 'zod';
import type { RepositoryName } from '../task/ids.ts';
import type { Author } from '../task/ports/repositories.ts';
import { Problem } from '../task/problem.ts';
import type { Client } from './client.ts';

const user = z.object({ id: z.number(), login: z.string() });
type User = z.output<typeof user>;

export interface Authors {
  /** The account as GitHub spells it, with the address that links a commit to it and shows no mail; null where there is none of this name. */
  account(repository: RepositoryName, login: string): Promise<{ login: string; url: string; email: string } | null>;
  /** Whom these credentials belong to, as a commit names them. */
  committer(repository: RepositoryName): Promise<Author>;
}

/**
 * Who somebody is on GitHub, asked once each: accounts keep their id. `url` is where people open GitHub, and decides what its no-reply
 * addresses end in. `self` gives the login that writes; null for tokens that are nobody's. Every method throws `Problem`.
 */
export function createAuthors(options: {
  readonly client: Client;
  readonly url: string;
  readonly self: (repository: RepositoryName) => Promise<string | null>;
}): Authors {
  const { client, url, self } = options;
  const host = `users.noreply.${new URL(url).hostname}`;
  const known = new Map<string, Promise<User | null>>();
  let own: Promise<Author> | undefined;

  const find = (repository: RepositoryName, login: string): Promise<User | null> => {
    const key = login.toLowerCase();
    const asked = known.get(key) ?? ask(client, repository, login);
    known.set(key, asked);
    // What failed is asked anew; an account that isn't there may be made.
    asked.then(
      (found) => found === null && known.delete(key),
      () => known.delete(key),
    );
    return asked;
  };

  const addressOf = ({ id, login }: User) => `${id}+${login}@${host}`;

  return {
    async account(repository, login) {
      const found = await find(repository, login);
      return found === null
        ? null
        : { login: found.login, url: `${url}/${encodeURIComponent(found.login)}`, email: addressOf(found) };
    },
    committer(repository) {
      own ??= (async () => {
        const login = await self(repository);
        const found = login === null ? null : await find(repository, login);
        // No account of anybody's may be taken for the author.
        return { name: 'Errand', email: found === null ? `errand@${host}.invalid` : addressOf(found) };
      })();
      own.catch(() => {
        own = undefined;
      });
      return own;
    },
  };
}

async function ask(client: Client, repository: RepositoryName, login: string): Promise<User | null> {
  try {
    return await client.call(repository, `Looking up @${login} on GitHub`, async (rest) => {
      const { data } = await rest.users.getByUsername({ username: login });
      return user.parse(data);
    });
  } catch (error) {
    if (error instanceof Problem && error.failure.code === 'github_not_found') return null;
    throw error;
  }
}
