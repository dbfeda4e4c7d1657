import { AsyncLocalStorage } from 'node:async_hooks';
import type { RepositoryName } from '../task/ids.ts';
import {
  type AppOptions,
  appNeeds,
  createApp,
  findInstallation,
  type Minted,
  mint,
  type Permissions,
  permissionsFor,
  revoke,
} from './app.ts';
import { type Access, type Credential, type Rights, username } from './credentials.ts';

const renewBeforeMs = 5 * 60_000;
const idleMs = 5 * 60_000;

export interface AppAccessOptions extends AppOptions {
  /** Hears of a token that could not be ended; it ends by itself within the hour. */
  readonly onUnrevoked: (error: unknown) => void;
  /** Hears of each token that was made, so that it is known for a secret. */
  readonly onMinted?: (token: string) => void;
}

/**
 * Tokens of a GitHub App, each for one repository, with the rights of one kind of call. What a piece of work makes is its own: renewed
 * five minutes before its hour is over, and revoked when the work ends. Outside of work there is reading alone, by one token a repository
 * that is revoked once nobody has used it for five minutes. A crash leaves tokens for an hour at most. Throws `Problem`.
 */
export function appAccess(options: AppAccessOptions): Access {
  const works = new AsyncLocalStorage<Tokens>();
  const watching = new Tokens(options, permissionsFor.read);
  const ending = setInterval(() => void watching.endIdle(options.clock.now() - idleMs), 60_000);
  ending.unref();
  return {
    credentials(repository, rights) {
      const work = works.getStore();
      if (work !== undefined) return work.credential(repository, rights);
      if (rights === 'read') return watching.credential(repository, rights);
      throw new Error('A token that may write is made for a piece of work alone');
    },
    async during(act) {
      // What would fail the last step of a run is said before its first.
      const tokens = new Tokens(options, appNeeds);
      try {
        return await works.run(tokens, act);
      } finally {
        await tokens.end();
      }
    },
    async [Symbol.asyncDispose]() {
      clearInterval(ending);
      await watching.end();
    },
  };
}

interface Held {
  readonly minting: Promise<Minted>;
  usedAt: number;
}

class Tokens {
  readonly #options: AppAccessOptions;
  readonly #held = new Map<string, Held>();
  readonly #needed: Permissions;
  #ended = false;

  constructor(options: AppAccessOptions, needed: Permissions) {
    this.#options = options;
    this.#needed = needed;
  }

  async credential(repository: RepositoryName, rights: Rights): Promise<Credential> {
    if (this.#ended) throw new Error('This work has ended, and its tokens with it');
    const key = `${rights} ${repository.toLowerCase()}`;
    const now = this.#options.clock.now();
    const known = this.#held.get(key);
    const current = await known?.minting;
    // Whoever asks meanwhile waits for the same token; a failure is forgotten, so that the next one asks again.
    const held =
      known !== undefined && current !== undefined && current.expiresAt - renewBeforeMs > now
        ? known
        : this.#mint(key, repository, rights, known);
    held.usedAt = now;
    const { token } = await held.minting;
    return { username, token, refused: () => this.#forget(key, held) };
  }

  /** Ends those that nobody has used since. */
  async endIdle(since: number): Promise<void> {
    const idle = Array.from(this.#held).filter(([, { usedAt }]) => usedAt < since);
    for (const [key] of idle) this.#held.delete(key);
    await Promise.all(idle.map(([, held]) => this.#revoke(held)));
  }

  async end(): Promise<void> {
    this.#ended = true;
    await this.endIdle(Number.POSITIVE_INFINITY);
  }

  #mint(key: string, repository: RepositoryName, rights: Rights, before: Held | undefined): Held {
    const other = this.#held.get(key);
    if (other !== undefined && other !== before) return other;
    const held = { minting: this.#make(repository, rights), usedAt: 0 };
    this.#held.set(key, held);
    held.minting.catch(() => this.#forget(key, held));
    return held;
  }

  async #make(repository: RepositoryName, rights: Rights): Promise<Minted> {
    const app = createApp(this.#options);
    const { id } = await findInstallation(app, repository, this.#needed, this.#options);
    const minted = await mint(app, id, { repository, permissions: permissionsFor[rights] }, this.#options);
    this.#options.onMinted?.(minted.token);
    return minted;
  }

  #forget(key: string, held: Held): void {
    if (this.#held.get(key) === held) this.#held.delete(key);
  }

  async #revoke({ minting }: Held): Promise<void> {
    try {
      const minted = await minting.catch(() => undefined);
      if (minted !== undefined && minted.expiresAt > this.#options.clock.now()) await revoke(minted, this.#options);
    } catch (error) {
      this.#options.onUnrevoked(error);
    }
  }
}
