import { availableParallelism, totalmem } from 'node:os';
import { resolve } from 'node:path';
import type { ChannelId, UserId } from '../task/ids.ts';
import { toAgents } from './agents.ts';
import { checkNames } from './check-names.ts';
import type { Config } from './config.ts';
import { toGitHub, toSlack } from './credentials.ts';
import type { Env } from './env.ts';
import { mappingOf } from './fields.ts';
import { toMcp } from './mcp.ts';
import { ConfigError, type ConfigProblem } from './problems.ts';
import { toProviders } from './providers.ts';
import { checkFileKeys, readSettings } from './read-settings.ts';
import { toRepositories } from './repositories.ts';
import { readSections } from './sections.ts';
import type { ProcessName } from './settings.ts';
import { toTurnLimits } from './turn-limits.ts';

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
 * Defaults fit a small machine: 30 minutes a run, 4 hours, 5 US dollars and 20 million tokens a task, ten times that a person and
 * day, forty times that a day in all; per sandbox 4 GiB of memory (at most a quarter of
 * the machine's), 2 cores, 512 processes and 8 GiB of disk, a quarter of an hour in which nothing moves, no run below 5 GiB of free disk, and as many runs at once as there are cores, at most 4 and what memory holds.
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
  const budgetUsd = orDefault(values.budgetUsd, 5);
  const providers = toProviders(env, sections, values, holders, problems);
  const config: Config = {
    role,
    dataDir: resolve(values.dataDir ?? `${project}/.errand`),
    slack: toSlack(values, holders, problems),
    github: toGitHub(values, holders, problems),
    git: {
      signingKey: values.signingKey ?? null,
      committer: values.committer ?? null,
      fetchBytes: values.history ?? 20 * gibibyte,
    },
    redis: { url: values.redisUrl ?? null },
    docker: { host: values.dockerHost ?? null },
    sandbox: {
      runtime: values.sandboxRuntime ?? 'auto',
      minFreeBytes: values.freeDisk ?? 5 * gibibyte,
      quietMs: minutesToMs(orDefault(values.quietMinutes, 15)),
    },
    providers,
    mcp: toMcp(env, sections.mcp, holders, problems),
    keyVariables: [...sections.providers.values(), ...sections.mcp.values()].flatMap(
      ({ keyVariable }) => keyVariable ?? [],
    ),
    agents: toAgents(sections.agents, problems),
    repositories: toRepositories(values, sections, env, holders),
    groups: sections.groups,
    channels: new Map(
      Array.from(sections.channels, ([id, { repository = null, agent = null, model = null, provider = null }]) => [
        id as ChannelId,
        { repository, agent, model, provider },
      ]),
    ),
    turns: toTurnLimits(values, sections),
    environments: sections.environments,
    accounts: new Map(
      Array.from(sections.people, ([id, { github = '', name = null, email = null }]) => [
        id as UserId,
        { login: github, name, email },
      ]),
    ),
    people: {
      requesters: values.requesters ?? [],
      approvers: values.approvers ?? [],
      selfApproval: values.selfApproval ?? false,
    },
    onlyChannels: values.onlyChannels ?? [],
    intake: {
      personRequests: orDefault(values.personRequests, 30),
      channelRequests: orDefault(values.channelRequests, 120),
      personTasks: orDefault(values.personTasks, 20),
      queuedTasks: orDefault(values.queuedTasks, 200),
    },
    budget: {
      usd: budgetUsd,
      tokens: orDefault(values.budgetTokens, 20e6),
      minutes: runMinutes,
      taskMinutes: orDefault(values.taskMinutes, 240),
    },
    maxBudgetUsd: orDefault(values.maxBudgetUsd, budgetUsd),
    day: {
      person: { usd: orDefault(values.personDayUsd, 50), tokens: orDefault(values.personDayTokens, 200e6) },
      everybody: { usd: orDefault(values.dayUsd, 200), tokens: orDefault(values.dayTokens, 800e6) },
      timeZone: values.timeZone ?? 'UTC',
    },
    limits: {
      memoryBytes,
      cpus: values.cpus ?? Math.min(2, host.cores),
      pids: values.pids ?? 512,
      workspaceBytes: values.workspace ?? 8 * gibibyte,
      runMs: Math.round(runMinutes * 60_000),
    },
    concurrency: values.concurrency ?? Math.min(host.cores, 4, room),
    hostAwayMs: Math.round((values.hostAwayMinutes ?? 10) * 60_000),
    pollSeconds: values.pollSeconds ?? 30,
    webhook:
      values.webhookSecret === undefined ? null : { secret: values.webhookSecret, port: values.webhookPort ?? null },
    keepTasksMs: toMs(orDefault(values.keepTasksDays, 180)),
    emoji: {
      approve: values.emojiApprove ?? 'white_check_mark',
      stop: values.emojiStop ?? 'octagonal_sign',
      retry: values.emojiRetry ?? 'repeat',
      start: values.emojiStart ?? 'robot_face',
    },
    outbound: {
      httpProxy: values.httpProxy ?? null,
      httpsProxy: values.httpsProxy ?? null,
      noProxy: values.noProxy ?? [],
      caFile: values.caFile ?? null,
    },
    operate: {
      port: values.operatePort ?? null,
      host: values.operateHost ?? '127.0.0.1',
      boardPassword: toBoardPassword(values.boardPassword, problems),
    },
    logLevel: values.logLevel ?? 'info',
  };
  checkNames(config, problems);
  checkEmoji(config.emoji, problems);
  if (config.maxBudgetUsd !== null && (budgetUsd === null || budgetUsd > config.maxBudgetUsd)) {
    const found = budgetUsd === null ? 'none' : budgetUsd;
    problems.push({
      where: 'limits.maxBudgetUsd',
      problem: `must be no less than limits.budgetUsd, which is ${found}`,
      example: null,
    });
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
}

/** A limit that was lifted is null, and not the default. */
function toMs(days: number | null): number | null {
  return days === null ? null : days * 24 * 3_600_000;
}

function minutesToMs(minutes: number | null): number | null {
  return minutes === null ? null : Math.round(minutes * 60_000);
}

function orDefault(written: number | null | undefined, standard: number | null): number | null {
  return written === undefined ? standard : written;
}

/** One reaction can't mean two things: what stops a task must not approve it. */
function checkEmoji(emoji: Config['emoji'], problems: ConfigProblem[]): void {
  const bare = (name: string) => name.replaceAll(':', '').trim().toLowerCase();
  for (const [meaning, name] of Object.entries(emoji)) {
    const [same] = Object.entries(emoji).find(([, other]) => bare(other) === bare(name)) ?? [];
    if (same === undefined || same === meaning) continue;
    problems.push({ where: `emoji.${meaning}`, problem: `is the same reaction as emoji.${same}`, example: null });
  }
}

const shortestPassword = 12;

/** It guards against guessing by nothing but its length. */
function toBoardPassword(written: string | undefined, problems: ConfigProblem[]): string | null {
  if (written === undefined) return null;
  if (written.length < shortestPassword) {
    // The value is a secret, and not shown.
    const problem = `must have ${shortestPassword} characters or more`;
    problems.push({ where: 'ERRAND_BOARD_PASSWORD', problem, example: null });
  }
  return written;
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
