import { availableParallelism, totalmem } from 'node:os';
import { resolve } from 'node:path';
import { builtInAgents, type ConfiguredAgent } from '../task/agents.ts';
import type { BranchName, ChannelId, RepositoryName } from '../task/ids.ts';
import type { Limits } from '../task/ports.ts';
import type { Budget } from '../task/task.ts';
import { type Env, readSecret } from './env.ts';
import { checkKeys, mappingOf, readValue } from './fields.ts';
import { ConfigError, type ConfigProblem } from './problems.ts';
import { readSections, type Sections, sectionNames } from './sections.ts';
import { type ProcessName, type SettingName, settingList, type Values } from './settings.ts';

export interface Config {
  readonly role: 'all' | 'bot' | 'worker';
  /** Absolute. */
  readonly dataDir: string;
  readonly slack: SlackConfig;
  readonly github: GitHubConfig;
  readonly redis: { readonly url: string | null };
  readonly docker: { readonly host: string | null };
  /** By the name that agents use for them. */
  readonly providers: ReadonlyMap<string, Provider>;
  /** Variables that hold keys of the file's providers. */
  readonly keyVariables: readonly string[];
  /** Agents of the file, beside those that ship. */
  readonly agents: ReadonlyMap<string, ConfiguredAgent>;
  readonly repositories: readonly RepositoryConfig[];
  readonly channels: ReadonlyMap<
    ChannelId,
    { readonly repository: RepositoryName | null; readonly agent: string | null }
  >;
  /** Images by the name that a repository's `environment` uses. */
  readonly environments: ReadonlyMap<string, string>;
  /** Slack ids of people and groups; empty is every full member. */
  readonly people: {
    readonly requesters: readonly string[];
    readonly approvers: readonly string[];
    readonly selfApproval: boolean;
  };
  readonly budget: Budget;
  readonly limits: Limits;
  readonly concurrency: number;
  readonly emoji: { readonly approve: string; readonly stop: string; readonly retry: string };
  readonly outbound: {
    readonly httpProxy: string | null;
    readonly httpsProxy: string | null;
    readonly noProxy: readonly string[];
    readonly caFile: string | null;
  };
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
}

export type GitHubConfig = {
  readonly apiUrl: string;
  readonly url: string;
  readonly webhookSecret: string | null;
} & (
  | { readonly mode: 'local' }
  | { readonly mode: 'token'; readonly token: string }
  | { readonly mode: 'app'; readonly appId: string; readonly privateKey: string }
);

export interface Provider {
  readonly name: string;
  /** Which API it speaks. */
  readonly kind: 'anthropic' | 'openai';
  readonly baseUrl: string;
  /** Null where this process doesn't hold it, or none is needed. */
  readonly key: string | null;
  /** The setting that is missing for it to work; null when it can. */
  readonly missing: string | null;
}

export interface RepositoryConfig {
  readonly name: RepositoryName;
  readonly base: BranchName | null;
  readonly agent: string | null;
  readonly environment: string | null;
  /** Hosts that a task may reach, beside the model. */
  readonly network: readonly string[];
  readonly approvers: readonly string[];
  /** Null is the general budget. */
  readonly budgetUsd: number | null;
  readonly merge: { readonly method: 'merge' | 'squash' | 'rebase' | null; readonly selfApproval: boolean | null };
}

export interface Host {
  readonly cores: number;
  readonly memoryBytes: number;
}

const gibibyte = 2 ** 30;
const project = resolve(import.meta.dirname, '../..');

/**
 * The whole configuration from the environment and the content of the YAML file, the environment first. Without a `process`, for the
 * role's top process; with one, as that child sees it: secrets of others count as unset. Throws one `ConfigError` with all that is wrong.
 *
 * Defaults fit a small machine: 30 minutes a run, 5 US dollars a task, per sandbox 4 GiB of memory (at most a quarter of
 * the machine's), 2 cores, 512 processes and 8 GiB of disk, and as many runs at once as there are cores, at most 4 and what memory holds.
 */
export function toConfig(
  env: Env,
  yaml?: unknown,
  {
    process,
    host = { cores: availableParallelism(), memoryBytes: totalmem() },
  }: { process?: ProcessName; host?: Host } = {},
): Config {
  const problems: ConfigProblem[] = [...env.problems];
  const file = mappingOf(yaml, '', problems);
  checkFileKeys(file, problems);
  const sections = readSections(file, problems);
  const role = readRole(env, file);
  const holders = process === undefined ? topHolders[role] : [process];
  const values = readSettings(env, file, holders, problems);

  const memoryBytes = values.memory ?? Math.min(4 * gibibyte, Math.max(gibibyte / 2, Math.floor(host.memoryBytes / 4)));
  const room = Math.max(1, Math.floor((host.memoryBytes - gibibyte / 2) / memoryBytes));
  const runMinutes = values.runMinutes ?? 30;
  const providers = toProviders(env, sections, values, holders, problems);
  const config: Config = {
    role,
    dataDir: resolve(values.dataDir ?? `${project}/.errand`),
    slack: toSlack(values, holders, problems),
    github: toGitHub(values, holders, problems),
    redis: { url: values.redisUrl ?? null },
    docker: { host: values.dockerHost ?? null },
    providers,
    keyVariables: Array.from(sections.providers.values()).flatMap(({ keyVariable }) => keyVariable ?? []),
    agents: sections.agents,
    repositories: toRepositories(values, sections),
    channels: new Map(
      Array.from(sections.channels, ([id, { repository = null, agent = null }]) => [
        id as ChannelId,
        { repository, agent },
      ]),
    ),
    environments: sections.environments,
    people: {
      requesters: values.requesters ?? [],
      approvers: values.approvers ?? [],
      selfApproval: values.selfApproval ?? false,
    },
    budget: { usd: values.budgetUsd === undefined ? 5 : values.budgetUsd, minutes: runMinutes },
    limits: {
      memoryBytes,
      cpus: values.cpus ?? Math.min(2, host.cores),
      pids: values.pids ?? 512,
      workspaceBytes: values.workspace ?? 8 * gibibyte,
      runMs: runMinutes * 60_000,
    },
    concurrency: values.concurrency ?? Math.min(host.cores, 4, room),
    emoji: {
      approve: values.emojiApprove ?? 'white_check_mark',
      stop: values.emojiStop ?? 'octagonal_sign',
      retry: values.emojiRetry ?? 'repeat',
    },
    outbound: {
      httpProxy: values.httpProxy ?? null,
      httpsProxy: values.httpsProxy ?? null,
      noProxy: values.noProxy ?? [],
      caFile: values.caFile ?? null,
    },
    logLevel: values.logLevel ?? 'info',
  };
  checkNames(config, problems);
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
}

const topHolders: Readonly<Record<Config['role'], readonly ProcessName[]>> = {
  all: ['bot', 'worker', 'broker', 'gateway', 'local'],
  bot: ['bot'],
  worker: ['worker', 'broker', 'gateway'],
};

function readRole(env: Env, file: Readonly<Record<string, unknown>>): Config['role'] {
  const written = env.variables.get('ERRAND_ROLE') ?? file.role;
  return written === 'bot' || written === 'worker' ? written : 'all';
}

/** Repositories and providers of the file are read as sections. */
function isScalar(path: string): boolean {
  return path !== 'configFile' && path !== 'repositories' && !path.startsWith('providers.');
}

function filePath(path: string, secret: boolean): string[] {
  return `${path}${secret ? 'File' : ''}`.split('.');
}

function checkFileKeys(file: Readonly<Record<string, unknown>>, problems: ConfigProblem[]): void {
  const paths = settingList
    .filter(([, { path }]) => isScalar(path))
    .map(([, { path, secret }]) => filePath(path, secret));
  const top = new Set([...paths.map(([first = '']) => first), ...sectionNames]);
  checkKeys(file, [...top], '', problems);
  for (const group of new Set(paths.flatMap(([first = '', second]) => (second === undefined ? [] : [first])))) {
    const known = paths.flatMap(([first, second]) => (first === group && second !== undefined ? [second] : []));
    checkKeys(mappingOf(file[group], group, problems), known, group, problems);
  }
}

function readSettings(
  env: Env,
  file: Readonly<Record<string, unknown>>,
  holders: readonly ProcessName[],
  problems: ConfigProblem[],
): Values {
  const read: Partial<Record<SettingName, unknown>> = {};
  for (const [name, { variable, path, kind, example, secret, holders: owners }] of settingList) {
    if (!owners.some((owner) => holders.includes(owner))) continue;
    const fromEnv = variable === null ? undefined : env.variables.get(variable);
    if (variable !== null && fromEnv !== undefined) {
      read[name] = readValue(fromEnv, kind, { where: variable, example: `${variable}=${example}`, secret }, problems);
      continue;
    }
    if (!isScalar(path)) continue;
    const at = filePath(path, secret);
    const [first = '', second] = at;
    const found = second === undefined ? file[first] : mappingOf(file[first], first, [])[second];
    if (found === undefined) continue;
    const where = at.join('.');
    const content = secret ? (typeof found === 'string' ? readSecret(found, where, problems) : '') : found;
    if (content !== undefined) {
      read[name] = readValue(
        content,
        kind,
        { where, example: `${where}: ${secret ? '/path/to/file' : example}`, secret },
        problems,
      );
    }
  }
  return read as Values;
}

function toSlack(values: Values, holders: readonly ProcessName[], problems: ConfigProblem[]): SlackConfig {
  const { slackBotToken, slackAppToken, slackSigningSecret } = values;
  if (holders.includes('bot')) {
    if (slackBotToken !== undefined && slackAppToken === undefined && slackSigningSecret === undefined) {
      problems.push({
        where: 'SLACK_APP_TOKEN',
        problem: 'is missing beside SLACK_BOT_TOKEN; set it for Socket Mode, or SLACK_SIGNING_SECRET for HTTP mode',
        example: 'SLACK_APP_TOKEN=xapp-…',
      });
    }
    const other = slackAppToken === undefined ? 'SLACK_SIGNING_SECRET' : 'SLACK_APP_TOKEN';
    if (slackBotToken === undefined && (slackAppToken !== undefined || slackSigningSecret !== undefined)) {
      problems.push({
        where: 'SLACK_BOT_TOKEN',
        problem: `is missing beside ${other}`,
        example: 'SLACK_BOT_TOKEN=xoxb-…',
      });
    }
  }
  return {
    mode: slackBotToken === undefined ? 'local' : slackAppToken === undefined ? 'http' : 'socket',
    botToken: slackBotToken ?? null,
    appToken: slackAppToken ?? null,
    signingSecret: slackSigningSecret ?? null,
    port: values.port ?? 3_000,
    apiUrl: values.slackApiUrl ?? 'https://slack.com/api/',
    command: values.command ?? '/agent',
  };
}

function toGitHub(values: Values, holders: readonly ProcessName[], problems: ConfigProblem[]): GitHubConfig {
  const common = {
    apiUrl: (values.githubApiUrl ?? 'https://api.github.com').replace(/\/+$/, ''),
    url: (values.githubUrl ?? 'https://github.com').replace(/\/+$/, ''),
    webhookSecret: values.githubWebhookSecret ?? null,
  };
  const { githubToken: token, githubAppId: appId, githubAppPrivateKey: key } = values;
  if (!holders.includes('worker')) return { ...common, mode: 'local' };
  const half = (where: string, beside: string, example: string) =>
    problems.push({ where, problem: `is missing beside ${beside}`, example });
  if (appId !== undefined && key === undefined) {
    half('GITHUB_APP_PRIVATE_KEY', 'GITHUB_APP_ID', 'GITHUB_APP_PRIVATE_KEY_FILE=/run/secrets/errand.pem');
  }
  if (appId === undefined && key !== undefined) half('GITHUB_APP_ID', 'GITHUB_APP_PRIVATE_KEY', 'GITHUB_APP_ID=123456');
  if (token !== undefined && (appId ?? key) !== undefined) {
    problems.push({
      where: 'GITHUB_TOKEN',
      problem: 'is set beside a GitHub App; one of them is enough',
      example: null,
    });
  }
  if (token !== undefined) return { ...common, mode: 'token', token };
  if (appId === undefined || key === undefined) return { ...common, mode: 'local' };
  return { ...common, mode: 'app', appId, privateKey: key.replaceAll('\\n', '\n') };
}

function toRepositories(values: Values, sections: Sections): RepositoryConfig[] {
  const described = Array.from(sections.repositories.values(), (written) => ({
    name: written.name,
    base: written.base ?? null,
    agent: written.agent ?? null,
    environment: written.environment ?? null,
    network: written.network ?? [],
    approvers: written.approvers ?? [],
    budgetUsd: written.budgetUsd ?? null,
    merge: { method: written.merge.method ?? null, selfApproval: written.merge.selfApproval ?? null },
  }));
  const known = new Set(described.map(({ name }) => name.toLowerCase()));
  const named = [...new Set(values.repositories ?? [])].filter((name) => !known.has(name.toLowerCase()));
  return [
    ...described,
    ...named.map((name) => ({
      name,
      base: null,
      agent: null,
      environment: null,
      network: [],
      approvers: [],
      budgetUsd: null,
      merge: { method: null, selfApproval: null },
    })),
  ];
}

function toProviders(
  env: Env,
  sections: Sections,
  values: Values,
  holders: readonly ProcessName[],
  problems: ConfigProblem[],
): Map<string, Provider> {
  const held = holders.includes('gateway');
  const elsewhere = values.readyProviders ?? [];
  const builtIn = [
    ['anthropic', 'ANTHROPIC_API_KEY', values.anthropicKey, values.anthropicUrl, 'https://api.anthropic.com'],
    ['openai', 'OPENAI_API_KEY', values.openaiKey, values.openaiUrl, 'https://api.openai.com/v1'],
  ] as const;
  const providers = new Map<string, Provider>();
  const keyOf = (
    name: string,
    written: { keyVariable?: string | undefined; keyFile?: string | undefined } | undefined,
  ) => {
    if (!held || written === undefined) return undefined;
    if (written.keyFile !== undefined) return readSecret(written.keyFile, `providers.${name}.keyFile`, problems);
    return written.keyVariable === undefined ? undefined : env.variables.get(written.keyVariable);
  };
  for (const [name, variable, ownKey, ownUrl, standardUrl] of builtIn) {
    const written = sections.providers.get(name);
    const key = ownKey ?? keyOf(name, written) ?? null;
    providers.set(name, {
      name,
      kind: name,
      baseUrl: (ownUrl ?? written?.baseUrl ?? standardUrl).replace(/\/+$/, ''),
      key,
      missing: key !== null || elsewhere.includes(name) ? null : (written?.keyVariable ?? variable),
    });
  }
  for (const [name, written] of sections.providers) {
    if (providers.has(name)) continue;
    const { kind, baseUrl, keyVariable, keyFile } = written;
    if (kind === undefined || baseUrl === undefined) {
      problems.push({
        where: `providers.${name}`,
        problem: 'needs a kind and a baseUrl',
        example: '{ kind: openai, baseUrl: https://llm.example.com/v1, keyVariable: LLM_KEY }',
      });
      continue;
    }
    const key = keyOf(name, written) ?? null;
    const open = keyVariable === undefined && keyFile === undefined;
    const ready = key !== null || open || elsewhere.includes(name);
    providers.set(name, {
      name,
      kind,
      baseUrl: baseUrl.replace(/\/+$/, ''),
      key,
      missing: ready ? null : (keyVariable ?? `providers.${name}.keyFile`),
    });
  }
  return providers;
}

/** Names that point at what isn't there. */
function checkNames(config: Config, problems: ConfigProblem[]): void {
  const agents = [...Object.keys(builtInAgents), ...config.agents.keys()];
  const check = (where: string, name: string | null, known: readonly string[], what: string) => {
    if (name === null || known.includes(name)) return;
    problems.push({ where, problem: `names no ${what}: ${name}; known: ${known.join(', ')}`, example: null });
  };
  for (const { name, agent, environment } of config.repositories) {
    check(`repositories.${name}.agent`, agent, agents, 'agent');
    check(`repositories.${name}.environment`, environment, ['default', ...config.environments.keys()], 'environment');
  }
  for (const [id, { agent, repository }] of config.channels) {
    check(`channels.${id}.agent`, agent, agents, 'agent');
    if (config.repositories.length === 0) continue;
    check(
      `channels.${id}.repository`,
      repository,
      config.repositories.map(({ name }) => name),
      'repository',
    );
  }
  for (const [name, { provider }] of config.agents) {
    check(`agents.${name}.provider`, provider, [...config.providers.keys()], 'provider');
  }
}
