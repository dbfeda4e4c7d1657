import { happenings, startWorkflows } from './actions.ts';
import { type Actor, Apps, covers } from './apps.ts';
import { Faults } from './faults.ts';
import { tryGit } from './git.ts';
import { Pulls } from './pulls.ts';
import { Rate } from './rate.ts';
import type { Addresses } from './render.ts';
import type { Levels, Pull, Repository, Store } from './state.ts';
import { Webhooks } from './webhooks.ts';

export const botLogin = 'errand-bot';

/** What REST, git and the control routes share. */
export class Forge {
  readonly store: Store;
  readonly at: Addresses;
  readonly pulls: Pulls;
  readonly apps: Apps;
  /** Epoch milliseconds; a test moves it to have clocks that differ. */
  now: () => number = () => Date.now();
  readonly faults = new Faults();
  readonly rate = new Rate(() => this.now());
  readonly webhooks: Webhooks;
  readonly log: (error: unknown) => void;
  /** The newest requests, `METHOD /path`, oldest first. */
  readonly requests: string[] = [];
  readonly #token: string;
  readonly #tails = new Map<number, Promise<unknown>>();
  #counted = 0;

  constructor(options: { store: Store; at: Addresses; token: string; log: (error: unknown) => void }) {
    this.store = options.store;
    this.at = options.at;
    this.log = options.log;
    this.#token = options.token;
    this.pulls = new Pulls(options.store, options.at);
    this.apps = new Apps(options.store, () => this.now());
    this.webhooks = new Webhooks(options.at, options.log);
  }

  /** Whose token this is; one in three parts is an app's own word. Throws `HttpError` for such a word that doesn't hold. */
  actorOf(token: string): Actor | undefined {
    if (token === this.#token) return { type: 'user', login: botLogin };
    if (token.split('.').length !== 3) return this.apps.find(token);
    const app = this.apps.verify(token);
    return { type: 'app', login: app.slug, app };
  }

  mayReach(actor: Actor, repository: Repository): boolean {
    return actor.type === 'user' || (actor.type === 'installation' && this.apps.reaches(actor, repository));
  }

  may(actor: Actor, permission: string, level: Levels[string]): boolean {
    return (
      actor.type === 'user' || (actor.type === 'installation' && covers(actor.token.permissions[permission], level))
    );
  }

  nextRequest(): number {
    return ++this.#counted;
  }

  note(request: string): void {
    this.requests.push(request);
    if (this.requests.length > 5_000) this.requests.splice(0, 1_000);
  }

  /**
   * Runs `act` while nothing else changes this repository; afterwards every reference that moved is in the ledger, pull requests
   * follow their branches, all of it is on disk, and webhooks tell of it.
   */
  changing<T>(repository: Repository, by: string, act: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(repository.id) ?? Promise.resolve();
    const mine = before.then(async () => {
      const old = await this.#refs(repository);
      const reviewed = new Set(repository.pulls.map(reviewOf));
      const seen = new Map(repository.pulls.map((pull) => [pull, { ...pull }]));
      const result = await act();
      const now = await this.#refs(repository);
      const changed = Array.from(new Set([...old.keys(), ...now.keys()])).filter(
        (ref) => old.get(ref) !== now.get(ref) && !ref.startsWith('refs/pull/'),
      );
      for (const ref of changed) {
        this.store.record({
          by,
          kind: 'ref',
          repository: `${repository.owner}/${repository.name}`,
          what: ref,
          status: null,
          before: old.get(ref) ?? null,
          after: now.get(ref) ?? null,
        });
      }
      await this.pulls.follow(repository, now);
      const fresh = repository.pulls.filter((pull) => pull.state === 'open' && !reviewed.has(reviewOf(pull)));
      const moved = changed.map((ref) => ({ ref, after: now.get(ref) ?? null }));
      await startWorkflows(this.store, repository, happenings(moved, fresh));
      await this.store.save();
      for (const ref of changed) this.webhooks.push(repository, ref, old.get(ref) ?? null, now.get(ref) ?? null, by);
      for (const pull of repository.pulls) {
        for (const action of actionsOf(seen.get(pull), pull)) this.webhooks.pull(action, repository, pull, by);
      }
      return result;
    });
    this.#tails.set(
      repository.id,
      mine.catch(() => undefined),
    );
    return mine;
  }

  async #refs(repository: Repository): Promise<ReadonlyMap<string, string>> {
    const { stdout } = await tryGit(this.store.path(repository), ['for-each-ref', '--format=%(objectname) %(refname)']);
    const lines = stdout.split('\n').filter((line) => line !== '');
    return new Map(lines.map((line): [string, string] => [line.slice(41), line.slice(0, 40)]));
  }
}

/** What of a pull request starts its workflows when it is new. */
function reviewOf({ number, state, headSha }: Pull): string {
  return `${number} ${state} ${headSha}`;
}

/** What GitHub calls that which became of a pull request. */
function actionsOf(before: Pull | undefined, pull: Pull): readonly string[] {
  if (before === undefined) return ['opened'];
  if (before.state !== pull.state) return [pull.state === 'closed' ? 'closed' : 'reopened'];
  return [
    ...(before.headSha === pull.headSha ? [] : ['synchronize']),
    ...(before.draft === pull.draft ? [] : [pull.draft ? 'converted_to_draft' : 'ready_for_review']),
    ...(before.base === pull.base && before.body === pull.body && before.title === pull.title ? [] : ['edited']),
  ];
}
