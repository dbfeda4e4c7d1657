import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

const check = z.object({
  id: z.number(),
  sha: z.string(),
  name: z.string(),
  /** `run` is a check run of an app, `status` a commit status. */
  kind: z.enum(['run', 'status']),
  status: z.enum(['queued', 'in_progress', 'completed']),
  conclusion: z.string().nullable(),
  at: z.string(),
});

const review = z.object({
  id: z.number(),
  user: z.string(),
  state: z.enum(['APPROVED', 'CHANGES_REQUESTED', 'COMMENTED', 'DISMISSED']),
  body: z.string(),
  commit: z.string(),
  at: z.string(),
});

const pull = z.object({
  id: z.number(),
  number: z.number(),
  title: z.string(),
  body: z.string().nullable(),
  user: z.string(),
  state: z.enum(['open', 'closed']),
  draft: z.boolean(),
  head: z.string(),
  base: z.string(),
  /** Follows the branch while the pull request is open, then stays. */
  headSha: z.string(),
  baseSha: z.string(),
  mergedAt: z.string().nullable(),
  mergedBy: z.string().nullable(),
  mergeCommit: z.string().nullable(),
  createdAt: z.string(),
  updatedAt: z.string(),
  closedAt: z.string().nullable(),
  /** Review threads that nobody has resolved. */
  openConversations: z.number(),
  reviews: z.array(review),
  comments: z.array(z.object({ id: z.number(), user: z.string(), body: z.string(), at: z.string() })),
});

const pattern = z.object({
  operator: z.enum(['starts_with', 'ends_with', 'contains', 'regex']),
  pattern: z.string(),
  negate: z.boolean().default(false),
});

const branchRules = z.object({
  /** Where the rules are set: a repository's ruleset, or classic branch protection. */
  source: z.enum(['ruleset', 'protection']).default('ruleset'),
  requiredChecks: z.array(z.string()).default([]),
  /** The head must contain the base. */
  strict: z.boolean().default(false),
  requiredApprovals: z.number().default(0),
  conversationResolution: z.boolean().default(false),
  /** Nobody pushes: changes come through pull requests only. */
  pullRequestRequired: z.boolean().default(false),
  /** Every commit is signed with a key of its committer's account. */
  requiredSignatures: z.boolean().default(false),
  /** Nobody makes such a branch. */
  creationRestricted: z.boolean().default(false),
  /** Pull requests are merged by the queue alone. */
  mergeQueue: z.boolean().default(false),
  /** Whether who asks may pass these rules by. */
  bypass: z.boolean().default(false),
  /** Whether classic protection holds for administrators too. */
  enforceAdmins: z.boolean().default(true),
  messagePattern: pattern.nullable().default(null),
  emailPattern: pattern.nullable().default(null),
});

const repository = z.object({
  id: z.number(),
  owner: z.string(),
  name: z.string(),
  defaultBranch: z.string(),
  private: z.boolean(),
  archived: z.boolean(),
  /** Whether workflows run here. No runner comes with a local forge, so it is a repository's own choice. */
  actions: z.boolean().default(false),
  /** Whether the token administers it. */
  admin: z.boolean().default(false),
  /** Private repositories of free plans have none. */
  drafts: z.boolean().default(true),
  methods: z.object({ merge: z.boolean(), squash: z.boolean(), rebase: z.boolean() }),
  /** By a branch's name, or a pattern such as `errand/**`. */
  rules: z.record(z.string(), branchRules),
  checks: z.array(check),
  pulls: z.array(pull),
  nextNumber: z.number(),
});

const ledgerEntry = z.object({
  n: z.number(),
  at: z.string(),
  by: z.string(),
  /** `rest` is an accepted API write, `ref` a reference that moved, whoever moved it, `run` a workflow that started. */
  kind: z.enum(['rest', 'ref', 'run']),
  repository: z.string().nullable(),
  what: z.string(),
  status: z.number().nullable(),
  before: z.string().nullable(),
  after: z.string().nullable(),
});

const levels = z.record(z.string(), z.enum(['read', 'write', 'admin']));

const installation = z.object({
  id: z.number(),
  account: z.string(),
  /** Full names; null is every repository of the account. */
  repositories: z.array(z.string()).nullable(),
  permissions: levels,
  suspended: z.boolean(),
});

const app = z.object({
  id: z.number(),
  slug: z.string(),
  name: z.string(),
  /** PEM; the private half is the app's alone. */
  publicKey: z.string(),
  permissions: levels,
  installations: z.array(installation),
});

const appToken = z.object({
  hash: z.string(),
  app: z.number(),
  installation: z.number(),
  /** Full names in lower case; null is every repository of the installation. */
  repositories: z.array(z.string()).nullable(),
  permissions: levels,
  expiresAt: z.number(),
});

const forgeState = z.object({
  nextId: z.number(),
  /** Logins that have an account. */
  people: z.array(z.string()).default(['errand-bot', 'dana', 'robin', 'ada-park', 'max-vogel']),
  repositories: z.array(repository),
  /** Names that repositories had, in lower case. */
  moved: z.array(z.object({ from: z.string(), id: z.number() })).default([]),
  apps: z.array(app).default([]),
  appTokens: z.array(appToken).default([]),
  /** Public halves of the SSH keys that accounts sign with. */
  signingKeys: z.array(z.object({ login: z.string(), key: z.string() })).default([]),
  ledger: z.array(ledgerEntry),
});

export type Levels = z.infer<typeof levels>;
export type Installation = z.infer<typeof installation>;
export type App = z.infer<typeof app>;
export type AppToken = z.infer<typeof appToken>;
export type ForgeState = z.infer<typeof forgeState>;
export type Repository = z.infer<typeof repository>;
export type Pull = z.infer<typeof pull>;

export interface Mergeability {
  readonly mergeable: boolean | null;
  readonly state: 'unknown' | 'dirty' | 'draft' | 'blocked' | 'behind' | 'unstable' | 'clean';
}
export type Review = z.infer<typeof review>;
export type Check = z.infer<typeof check>;
export type BranchRules = z.infer<typeof branchRules>;
export type LedgerEntry = z.infer<typeof ledgerEntry>;
export { branchRules as branchRulesSchema };

/** The forge's memory: plain data that is written whole, by rename, after each change. */
export class Store {
  readonly #file: string;
  readonly #dir: string;
  readonly state: ForgeState;
  #writing: Promise<void> = Promise.resolve();

  private constructor(dir: string, state: ForgeState) {
    this.#dir = dir;
    this.#file = join(dir, 'state.json');
    this.state = state;
  }

  /** Reads what an earlier start left in `dir`; throws when that file is not this forge's. */
  static async open(dir: string): Promise<Store> {
    await mkdir(join(dir, 'repositories'), { recursive: true });
    let text: string;
    try {
      text = await readFile(join(dir, 'state.json'), 'utf8');
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
      return new Store(dir, forgeState.parse({ nextId: 1, repositories: [], ledger: [] }));
    }
    return new Store(dir, forgeState.parse(JSON.parse(text)));
  }

  nextId(): number {
    return this.state.nextId++;
  }

  find(owner: string, name: string): Repository | undefined {
    const wanted = `${owner}/${name}`.toLowerCase();
    return this.state.repositories.find((each) => `${each.owner}/${each.name}`.toLowerCase() === wanted);
  }

  /** Where a repository's objects are. */
  path(repository: Repository): string {
    return join(this.#dir, 'repositories', repository.owner, `${repository.name}.git`);
  }

  /** A file of the forge's own. */
  file(name: string): string {
    return join(this.#dir, name);
  }

  record(entry: Omit<LedgerEntry, 'n' | 'at'>): void {
    const { ledger } = this.state;
    ledger.push({ n: (ledger.at(-1)?.n ?? 0) + 1, at: new Date().toISOString(), ...entry });
    // A page that has run for weeks needs no older history than this.
    if (ledger.length > 5_000) ledger.splice(0, ledger.length - 5_000);
  }

  /** Settles when everything changed so far is on disk. */
  save(): Promise<void> {
    const next = this.#writing.then(async () => {
      const temporary = `${this.#file}.${process.pid}.tmp`;
      await writeFile(temporary, JSON.stringify(this.state));
      await rename(temporary, this.#file);
    });
    this.#writing = next.catch(() => undefined);
    return next;
  }
}
