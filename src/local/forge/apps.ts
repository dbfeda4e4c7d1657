import { createHash, createPublicKey, randomBytes, verify } from 'node:crypto';
import { z } from 'zod';
import { HttpError, notFound } from './errors.ts';
import type { App, AppToken, Installation, Levels, Repository, Store } from './state.ts';

/** Who asks: a person's token, which may do everything here; an app itself; or an app where it is installed. */
export type Actor =
  | { readonly type: 'user'; readonly login: string }
  | { readonly type: 'app'; readonly login: string; readonly app: App }
  | {
      readonly type: 'installation';
      readonly login: string;
      readonly app: App;
      readonly installation: Installation;
      readonly token: AppToken;
    };

const tokenMs = 60 * 60_000;
const longestJwtSeconds = 600;

const wish = z.object({
  repositories: z.array(z.string()).optional(),
  permissions: z.record(z.string(), z.enum(['read', 'write', 'admin'])).optional(),
});

/** GitHub Apps: what they are, where they are installed, and the tokens they make. */
export class Apps {
  readonly #store: Store;
  readonly #now: () => number;
  readonly #minted: AppToken[] = [];

  constructor(store: Store, now: () => number) {
    this.#store = store;
    this.#now = now;
  }

  /** The app that signed a JSON web token, by the rules and in the words of GitHub. */
  verify(jwt: string): App {
    const [head = '', body = '', signature = ''] = jwt.split('.');
    const claims = claimsOf(body);
    const app = this.#store.state.apps.find(({ id }) => String(id) === String(claims?.iss));
    if (claims === undefined || headerOf(head) !== 'RS256') throw undecodable();
    if (app === undefined) throw new HttpError(404, 'Integration not found');
    const key = createPublicKey(app.publicKey);
    const isIts = verify('RSA-SHA256', Buffer.from(`${head}.${body}`), key, Buffer.from(signature, 'base64url'));
    if (!isIts) throw undecodable();
    const now = Math.floor(this.#now() / 1000);
    if (claims.iat > now) {
      const words = "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued";
      throw new HttpError(401, words);
    }
    if (claims.exp <= now) {
      const words =
        "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires";
      throw new HttpError(401, words);
    }
    if (claims.exp > now + longestJwtSeconds) {
      throw new HttpError(401, "'Expiration time' claim ('exp') is too far in the future");
    }
    return app;
  }

  /** The installation that a token was made for, while it lasts. */
  find(token: string): Extract<Actor, { type: 'installation' }> | undefined {
    const hash = hashOf(token);
    const found = this.#store.state.appTokens.find((each) => each.hash === hash && each.expiresAt > this.#now());
    const app = this.#store.state.apps.find(({ id }) => id === found?.app);
    const installation = app?.installations.find(({ id }) => id === found?.installation);
    if (found === undefined || app === undefined || installation === undefined || installation.suspended)
      return undefined;
    return { type: 'installation', login: botOf(app), app, installation, token: found };
  }

  /** Makes a token with what was asked for, as far as the installation has it. */
  mint(app: App, id: number, body: unknown): { readonly token: string; readonly made: AppToken } {
    const installation = app.installations.find((each) => each.id === id);
    if (installation === undefined) throw notFound();
    if (installation.suspended) throw new HttpError(403, 'This installation has been suspended');
    const { repositories, permissions } = wish.parse(body);
    for (const [name, level] of Object.entries(permissions ?? {})) {
      if (!covers(installation.permissions[name], level)) {
        throw new HttpError(422, 'The permissions requested are not granted to this installation.');
      }
    }
    const names = repositories?.map((name) => `${installation.account}/${name}`.toLowerCase()) ?? null;
    if (names?.some((name) => !this.#isInstalled(installation, name)) === true) {
      throw new HttpError(
        422,
        'There is at least one repository that does not exist or is not accessible to the parent installation.',
      );
    }
    const token = `local_${randomBytes(24).toString('base64url')}`;
    const made: AppToken = {
      hash: hashOf(token),
      app: app.id,
      installation: installation.id,
      repositories: names,
      permissions: permissions ?? installation.permissions,
      expiresAt: this.#now() + tokenMs,
    };
    const { state } = this.#store;
    state.appTokens = [...state.appTokens.filter(({ expiresAt }) => expiresAt > this.#now()), made];
    this.#minted.push(made);
    return { token, made };
  }

  get minted(): readonly AppToken[] {
    return this.#minted;
  }

  revoke(token: AppToken): void {
    const { state } = this.#store;
    state.appTokens = state.appTokens.filter(({ hash }) => hash !== token.hash);
  }

  installationOn(app: App, repository: Repository): Installation | undefined {
    const name = `${repository.owner}/${repository.name}`.toLowerCase();
    return app.installations.find((each) => this.#isInstalled(each, name));
  }

  /** Whether a token opens a repository at all. */
  reaches({ installation, token }: Extract<Actor, { type: 'installation' }>, repository: Repository): boolean {
    const name = `${repository.owner}/${repository.name}`.toLowerCase();
    return this.#isInstalled(installation, name) && (token.repositories?.includes(name) ?? true);
  }

  #isInstalled({ account, repositories }: Installation, name: string): boolean {
    const [owner = '', short = ''] = name.split('/');
    if (this.#store.find(owner, short) === undefined || account.toLowerCase() !== owner) return false;
    return repositories?.some((each) => each.toLowerCase() === name) ?? true;
  }
}

/** Whether what somebody has is as much as what is needed. */
export function covers(has: Levels[string] | undefined, needed: Levels[string]): boolean {
  const order = ['read', 'write', 'admin'];
  return has !== undefined && order.indexOf(has) >= order.indexOf(needed);
}

export function botOf({ slug }: App): string {
  return `${slug}[bot]`;
}

const claimsSchema = z.object({ iss: z.union([z.string(), z.number()]), iat: z.int(), exp: z.int() });

function claimsOf(part: string): z.output<typeof claimsSchema> | undefined {
  return claimsSchema.safeParse(jsonOf(part)).data;
}

function headerOf(part: string): string | undefined {
  return z.object({ alg: z.string() }).safeParse(jsonOf(part)).data?.alg;
}

function jsonOf(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
}

function undecodable(): HttpError {
  return new HttpError(401, 'A JSON web token could not be decoded');
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
