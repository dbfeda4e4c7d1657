import { mkdir, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { covers } from './apps.ts';
import { notFound } from './errors.ts';
import type { FaultInput } from './faults.ts';
import type { Forge } from './forge.ts';
import { commitFiles, git, headOf } from './git.ts';
import { type MergeMethod, personOf } from './pulls.ts';
import { addressOf } from './signatures.ts';
import {
  type AppToken,
  type BranchRules,
  branchRulesSchema,
  type Check,
  type Installation,
  type LedgerEntry,
  type Levels,
  type Pull,
  type Repository,
} from './state.ts';
import { viewPull, viewRepository, viewState } from './views.ts';
import type { Webhooks } from './webhooks.ts';

/** What people and continuous integration do on the forge, for the page and for tests. Repositories are named `owner/name`. */
export class Control {
  readonly #forge: Forge;

  constructor(forge: Forge) {
    this.#forge = forge;
  }

  /** Makes a repository; without files it is empty, as a new one on GitHub is. Keeps the one that is there already. */
  async createRepository(order: {
    repository: string;
    files?: Readonly<Record<string, string>> | undefined;
    defaultBranch?: string | undefined;
    by?: string | undefined;
  }): Promise<void> {
    const { store } = this.#forge;
    const [owner = '', name = ''] = order.repository.split('/');
    if (!/^[\w-]+$/.test(owner) || !/^[\w.-]+$/.test(name) || /^\.+$/.test(name))
      throw new Error(`No name: ${order.repository}`);
    if (store.find(owner, name) !== undefined) return;
    const repository: Repository = {
      id: store.nextId(),
      owner,
      name,
      defaultBranch: order.defaultBranch ?? 'main',
      private: true,
      archived: false,
      actions: false,
      admin: false,
      drafts: true,
      methods: { merge: true, squash: true, rebase: true },
      rules: {},
      checks: [],
      pulls: [],
      nextNumber: 1,
    };
    const path = store.path(repository);
    await mkdir(dirname(path), { recursive: true });
    await git(path, ['init', '--quiet', '--bare', '--template=', `--initial-branch=${repository.defaultBranch}`]);
    store.state.repositories.push(repository);
    const { files, by = 'dana' } = order;
    if (files !== undefined)
      await this.commit({ repository: order.repository, files, message: 'Start the project', by });
    await store.save();
  }

  /** Commits files (null deletes one) onto a branch as a person would push; a new branch starts at `from`, or the default branch. */
  async commit(order: {
    repository: string;
    branch?: string | undefined;
    files: Readonly<Record<string, string | null>>;
    message: string;
    by?: string | undefined;
    from?: string | undefined;
  }): Promise<string> {
    const repository = this.#repository(order.repository);
    const path = this.#forge.store.path(repository);
    const by = order.by ?? 'dana';
    return this.#forge.changing(repository, by, async () =>
      commitFiles(path, {
        branch: order.branch ?? repository.defaultBranch,
        from: order.from ?? (await headOf(path, repository.defaultBranch)),
        files: order.files,
        message: order.message,
        by: personOf(by),
        at: new Date(),
      }),
    );
  }

  /** Points a branch at any commit, as a forced push does; null deletes it. */
  async moveBranch(order: {
    repository: string;
    branch: string;
    to: string | null;
    by?: string | undefined;
  }): Promise<void> {
    const repository = this.#repository(order.repository);
    const ref = `refs/heads/${order.branch}`;
    const args = order.to === null ? ['-d', ref] : [ref, order.to];
    await this.#forge.changing(repository, order.by ?? 'dana', () =>
      git(this.#forge.store.path(repository), ['update-ref', ...args]),
    );
  }

  async branchHead(name: string, branch: string): Promise<string | undefined> {
    return headOf(this.#forge.store.path(this.#repository(name)), branch);
  }

  /** Reports a check on a commit; without a conclusion it is in progress. */
  async setCheck(order: {
    repository: string;
    sha: string;
    name: string;
    conclusion: string | null;
    kind?: Check['kind'] | undefined;
  }): Promise<void> {
    const { store, webhooks } = this.#forge;
    const repository = this.#repository(order.repository);
    const { sha, name, conclusion, kind = 'run' } = order;
    repository.checks.push({
      id: store.nextId(),
      sha,
      name,
      kind,
      status: conclusion === null ? 'in_progress' : 'completed',
      conclusion,
      at: new Date().toISOString(),
    });
    await store.save();
    const branch = repository.pulls.find(({ headSha }) => headSha === sha)?.head ?? null;
    if (kind === 'status') webhooks.status(repository, { name, sha, branch, state: conclusion ?? 'pending' });
    else webhooks.checkRun(repository, { name, sha, branch, done: conclusion !== null });
  }

  /** Registers an app with the public half of its key. Returns its id. */
  async createApp(order: { slug: string; publicKey: string; permissions: Levels }): Promise<number> {
    const { store } = this.#forge;
    const { slug, publicKey } = order;
    // Every app may read metadata.
    const permissions: Levels = { ...order.permissions, metadata: 'read' };
    const id = store.nextId();
    store.state.apps.push({ id, slug, name: slug, publicKey, permissions, installations: [] });
    await store.save();
    return id;
  }

  /** Installs an app on an account, or changes how it is installed there; null takes it off again. */
  async installApp(app: number, account: string, change: Partial<Omit<Installation, 'id' | 'account'>> | null) {
    const { store } = this.#forge;
    const found = store.state.apps.find(({ id }) => id === app);
    if (found === undefined) throw notFound();
    const before = found.installations.find((each) => each.account === account);
    const { permissions } = found;
    const fresh = { id: store.nextId(), account, repositories: null, permissions, suspended: false };
    const others = found.installations.filter((each) => each.account !== account);
    found.installations = change === null ? others : [...others, { ...(before ?? fresh), ...change }];
    await store.save();
  }

  /** Gives the public half of an SSH key to an account, to sign with. */
  async addSigningKey(login: string, key: string): Promise<void> {
    this.#forge.store.state.signingKeys.push({ login, key: key.trim().split(' ').slice(0, 2).join(' ') });
    await this.#forge.store.save();
  }

  /** The address that commits of an account carry. */
  signerOf(login: string): string {
    return addressOf(this.#forge.at, login);
  }

  /** Sets the forge's clock apart from everybody else's. */
  skewClock(ms: number): void {
    this.#forge.now = () => Date.now() + ms;
  }

  /** How many tokens of apps are good now, or are good for this. */
  liveTokens(permission = 'metadata', level: Levels[string] = 'read'): number {
    const { appTokens } = this.#forge.store.state;
    return appTokens.filter(
      ({ expiresAt, permissions }) => expiresAt > this.#forge.now() && covers(permissions[permission], level),
    ).length;
  }

  /** Every token of an app that was made since the forge started, whether it lasts or not. */
  mintedTokens(): readonly AppToken[] {
    return this.#forge.apps.minted;
  }

  /** Sets a branch's rules; null lifts them. */
  async setRules(name: string, branch: string, rules: Partial<BranchRules> | null): Promise<void> {
    const repository = this.#repository(name);
    if (rules === null) delete repository.rules[branch];
    else repository.rules[branch] = branchRulesSchema.parse(rules);
    await this.#forge.store.save();
  }

  async setRepository(
    name: string,
    change: Partial<Pick<Repository, 'archived' | 'methods' | 'defaultBranch' | 'drafts' | 'actions' | 'admin'>>,
  ): Promise<void> {
    Object.assign(this.#repository(name), change);
    await this.#forge.store.save();
  }

  /** Gives a repository another name, or another owner; the old name leads to it until somebody else takes it. */
  async renameRepository(from: string, to: string): Promise<void> {
    const { store } = this.#forge;
    const repository = this.#repository(from);
    const [owner = '', name = ''] = to.split('/');
    if (store.find(owner, name) !== undefined) throw new Error(`The name is taken: ${to}`);
    const before = store.path(repository);
    Object.assign(repository, { owner, name });
    await mkdir(dirname(store.path(repository)), { recursive: true });
    await rename(before, store.path(repository));
    store.state.moved.push({ from: from.toLowerCase(), id: repository.id });
    await store.save();
  }

  async setPull(
    name: string,
    number: number,
    change: Partial<Pick<Pull, 'draft' | 'openConversations' | 'body' | 'base'>>,
  ): Promise<void> {
    const { repository, pull } = this.#pull(name, number);
    // A new base has another head.
    await this.#forge.changing(repository, 'dana', async () => Object.assign(pull, change));
  }

  async closePull(name: string, number: number, by = 'dana'): Promise<void> {
    const { repository, pull } = this.#pull(name, number);
    await this.#forge.changing(repository, by, async () => this.#forge.pulls.close(pull));
  }

  async reopenPull(name: string, number: number, by = 'dana'): Promise<void> {
    const { repository, pull } = this.#pull(name, number);
    await this.#forge.changing(repository, by, () => this.#forge.pulls.reopen(repository, pull));
  }

  /** Merges as a person does on the website. Returns the merge commit. */
  async mergePull(name: string, number: number, options: { by?: string; method?: MergeMethod } = {}): Promise<string> {
    const { repository, pull } = this.#pull(name, number);
    const { by = 'dana', method = 'merge' } = options;
    return this.#forge.changing(repository, by, () => this.#forge.pulls.merge(repository, pull, { method, by }));
  }

  async reviewPull(
    name: string,
    number: number,
    review: {
      state: 'APPROVED' | 'CHANGES_REQUESTED' | 'COMMENTED';
      by?: string | undefined;
      body?: string | undefined;
    },
  ): Promise<void> {
    const { repository, pull } = this.#pull(name, number);
    const id = this.#forge.store.nextId();
    const { state, by: user = 'dana', body = '' } = review;
    pull.reviews.push({ id, user, state, body, commit: pull.headSha, at: new Date().toISOString() });
    await this.#forge.store.save();
    this.#forge.webhooks.review('submitted', repository, pull, user);
  }

  fault(fault: FaultInput): void {
    this.#forge.faults.plan(fault);
  }

  clearFaults(): void {
    this.#forge.faults.clear();
  }

  /** Webhooks of all repositories, their faults, and what became of each delivery. */
  get webhooks(): Webhooks {
    return this.#forge.webhooks;
  }

  /** How many calls an hour are answered. */
  setRateLimit(limit: number): void {
    this.#forge.rate.limit = limit;
  }

  /** What of them is used up, counted as GitHub counts. */
  callsCounted(): number {
    return this.#forge.rate.view().used;
  }

  /** Every write that was accepted, oldest first, whoever made it and whether or not its answer arrived. */
  ledger(): readonly LedgerEntry[] {
    return this.#forge.store.state.ledger;
  }

  /** The newest requests of git and REST, `METHOD /path`, oldest first: what was asked, and so what never was. */
  requests(): readonly string[] {
    return this.#forge.requests;
  }

  /** One repository with its branches and pull requests: where there are many, much less work than all. */
  viewRepository(name: string) {
    return viewRepository(this.#forge, this.#repository(name));
  }

  /** One pull request as the page shows it. */
  viewPull(name: string, number: number) {
    const { repository, pull } = this.#pull(name, number);
    return viewPull(this.#forge, repository, pull);
  }

  /** Repositories with their branches and pull requests, and the ledger's newest lines. */
  viewState() {
    return viewState(this.#forge);
  }

  #repository(name: string): Repository {
    const [owner = '', short = ''] = name.split('/');
    const repository = this.#forge.store.find(owner, short);
    if (repository === undefined) throw notFound();
    return repository;
  }

  #pull(name: string, number: number): { repository: Repository; pull: Pull } {
    const repository = this.#repository(name);
    const pull = repository.pulls.find((each) => each.number === number);
    if (pull === undefined) throw notFound();
    return { repository, pull };
  }
}
