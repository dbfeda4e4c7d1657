import type { ProviderShape } from '../gateway/policy.ts';
import type { Price } from '../gateway/prices.ts';
import type { RuntimeWish } from '../sandbox/runtime.ts';
import type { Agent } from '../task/agents.ts';
import type { BranchName, ChannelId, RepositoryName, UserId } from '../task/ids.ts';
import type { IntakeLimits } from '../task/intake.ts';
import type { TurnLimits } from '../task/line.ts';
import type { Budget, DayLimits } from '../task/money.ts';
import type { Network } from '../task/network.ts';
import type { Limits } from '../task/ports/sandbox.ts';
import type { ProviderKind, ProviderPolicy } from '../task/providers.ts';

export interface Config {
  readonly role: 'all' | 'bot' | 'worker';
  /** Absolute. */
  readonly dataDir: string;
  readonly slack: SlackConfig;
  readonly github: GitHubConfig;
  /** How the worker's commits are made; nulls are by whom the credentials belong to, and unsigned. */
  readonly git: {
    /** The largest pack that one fetch may bring. */
    readonly fetchBytes: number;
    readonly signingKey: string | null;
    readonly committer: { readonly name: string; readonly email: string } | null;
  };
  readonly redis: { readonly url: string | null };
  readonly docker: { readonly host: string | null };
  readonly sandbox: {
    readonly runtime: RuntimeWish;
    /** Below this no run starts. */
    readonly minFreeBytes: number;
    /** How long nothing may move in a run before it is ended; null for no limit. */
    readonly quietMs: number | null;
  };
  /** By the name that agents use for them. */
  readonly providers: ReadonlyMap<string, Provider>;
  /** MCP servers by name. */
  readonly mcp: ReadonlyMap<string, McpConfig>;
  /** Variables that hold keys of the file's providers and MCP servers. */
  readonly keyVariables: readonly string[];
  /** All of them, in the order of preference. */
  readonly agents: ReadonlyMap<string, AgentConfig>;
  readonly repositories: readonly RepositoryConfig[];
  /** Repositories by the name that stands for all of them in a request. */
  readonly groups: ReadonlyMap<string, readonly RepositoryName[]>;
  readonly channels: ReadonlyMap<ChannelId, ChannelConfig>;
  /** Images by the name that a repository's `environment` uses. */
  readonly environments: ReadonlyMap<string, string>;
  /** Who somebody in Slack is on GitHub: named as the co-author of what they asked for. */
  readonly accounts: ReadonlyMap<
    UserId,
    { readonly login: string; readonly name: string | null; readonly email: string | null }
  >;
  /** Slack ids of people and groups; empty is every full member. */
  readonly people: {
    readonly requesters: readonly string[];
    readonly approvers: readonly string[];
    readonly selfApproval: boolean;
  };
  /** Ids of channels, and `direct`; empty is everywhere. */
  readonly onlyChannels: readonly string[];
  readonly intake: IntakeLimits;
  readonly turns: TurnLimits;
  readonly budget: Budget;
  /** The most that a request may ask for with `budget:`; null is no limit. */
  readonly maxBudgetUsd: number | null;
  readonly day: DayLimits;
  readonly limits: Limits;
  readonly concurrency: number;
  /** How long a machine is waited for whose worker was ended in order. */
  readonly hostAwayMs: number;
  readonly pollSeconds: number;
  /** GitHub's word that something happened; without a port it comes in where Slack does over HTTP. */
  readonly webhook: { readonly secret: string; readonly port: number | null } | null;
  /** How long a task is remembered that needs nobody any more; null is for ever. */
  readonly keepTasksMs: number | null;
  readonly emoji: Readonly<Record<'approve' | 'stop' | 'retry' | 'start', string>>;
  readonly outbound: {
    readonly httpProxy: string | null;
    readonly httpsProxy: string | null;
    readonly noProxy: readonly string[];
    readonly caFile: string | null;
  };
  /** What is shown to whoever runs Errand; without a port nothing is. */
  readonly operate: { readonly port: number | null; readonly host: string; readonly boardPassword: string | null };
  readonly logLevel: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';
}

export interface SlackConfig {
  readonly mode: 'socket' | 'http' | 'local';
  readonly botToken: string | null;
  readonly appToken: string | null;
  readonly signingSecret: string | null;
  readonly port: number;
  readonly apiUrl: string;
  readonly command: string;
  /** Hosts that texts of agents may link to, beside GitHub's. */
  readonly linkHosts: readonly string[];
}

export type GitHubConfig = {
  readonly apiUrl: string;
  readonly url: string;
} & (
  | { readonly mode: 'local' }
  | { readonly mode: 'token'; readonly token: string }
  | { readonly mode: 'app'; readonly appId: string; readonly privateKey: string }
);

export interface AgentConfig {
  /** With the provider that the file names for it. */
  readonly agent: Agent;
  readonly model: string | null;
}

export interface McpConfig {
  readonly name: string;
  readonly url: string;
  /** Null where this process doesn't hold it, or none is needed. */
  readonly key: string | null;
  readonly auth: NonNullable<ProviderShape['auth']>;
  readonly headers: Readonly<Record<string, string>>;
  /** The tools that may be called; null is all. */
  readonly tools: readonly string[] | null;
  /** Whose tasks get it; null is everybody's. */
  readonly repositories: readonly RepositoryName[] | null;
  readonly agents: readonly string[] | null;
}

export interface ChannelConfig {
  readonly repository: RepositoryName | null;
  readonly agent: string | null;
  readonly model: string | null;
  readonly provider: string | null;
}

export interface Provider extends ProviderPolicy {
  readonly name: string;
  readonly kind: ProviderKind;
  readonly baseUrl: string;
  /** How the key is shown, and what else every call carries; as the gateway reads it. */
  readonly shape: ProviderShape;
  /** Null where this process doesn't hold it, or none is needed. */
  readonly key: string | null;
  /** Its own, by the beginning of a model's name. */
  readonly prices: Readonly<Record<string, Price>>;
}

export interface SetupConfig {
  /** By the name that `.errand.yml` asks for them by. */
  readonly secrets: ReadonlyMap<string, SetupSecret>;
  /** Hosts that they may reach beside those of a task. */
  readonly network: readonly string[];
  readonly minutes: number;
  /** Bases on which they get secrets, beside the usual one. */
  readonly branches: readonly BranchName[];
}

/** The value is null where this process doesn't hold it, or where `missing` says why there is none. */
export interface SetupSecret {
  readonly source: string;
  readonly value: string | null;
  readonly missing: string | null;
}

export interface RepositoryConfig {
  readonly name: RepositoryName;
  /** Its number on GitHub, where it is pinned. */
  readonly id: number | null;
  readonly base: BranchName | null;
  readonly agent: string | null;
  readonly model: string | null;
  readonly provider: string | null;
  readonly environment: string | null;
  /** What its set-up scripts get. */
  readonly setup: SetupConfig;
  /** The most that a task may reach. */
  readonly network: Network;
  readonly approvers: readonly string[];
  /** Whether agents may change what runs on GitHub with the repository's secrets. */
  readonly workflows: boolean;
  /** Null is what holds in general. */
  readonly budgetUsd: number | null;
  readonly budgetTokens: number | null;
  readonly maxBudgetUsd: number | null;
  readonly merge: { readonly method: 'merge' | 'squash' | 'rebase' | null; readonly selfApproval: boolean | null };
  readonly pullRequest: { readonly draft: boolean | null };
  readonly holdCi: boolean;
}
