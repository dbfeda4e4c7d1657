import type { RepositoryName } from '../task/ids.ts';

/** What a call is going to do; nothing gets more. */
export type Rights = 'read' | 'write';

export interface Credential {
  readonly username: string;
  readonly token: string;
  /** Told when GitHub did not accept it, so that the next one is a new one. */
  readonly refused?: () => void;
}

/** What git and REST show GitHub for one repository; asked before each call. */
export type Credentials = (repository: RepositoryName, rights: Rights) => Promise<Credential>;

/** Credentials that may be made for a piece of work, and end with it. */
export interface Access extends AsyncDisposable {
  readonly credentials: Credentials;
  /** Whatever is made while `act` runs is its own, and no good after it. */
  during<T>(act: () => Promise<T>): Promise<T>;
}

/** GitHub takes any name beside a token. */
export const username = 'x-access-token';

/** One token for all repositories and all work, as a person or a machine user has. */
export function tokenAccess(token: string): Access {
  return {
    credentials: async () => ({ username, token }),
    during: (act) => act(),
    [Symbol.asyncDispose]: async () => undefined,
  };
}
