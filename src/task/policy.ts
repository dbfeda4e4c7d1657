import type { BranchName, ChannelId, RepositoryName, UserId } from './ids.ts';
import { type IntakeLimits, placeOf } from './intake.ts';
import type { TurnLimits } from './line.ts';
import type { Budget, DayLimits } from './money.ts';
import { type Network, presets } from './network.ts';
import type { ModelApi, ProviderPolicy } from './providers.ts';
import { type Failure, maxRepositories, type Task } from './task.ts';

/** What the operator allows, as the use cases see it. */
export interface Policy {
  readonly command: string;
  readonly repositories: readonly RepositoryPolicy[];
  /** Repositories by the name that stands for all of them. */
  readonly groups: ReadonlyMap<string, readonly RepositoryName[]>;
  readonly channels: ReadonlyMap<ChannelId, ChannelPolicy>;
  readonly agents: readonly AgentPolicy[];
  readonly providers: ReadonlyMap<string, ProviderPolicy>;
  /** Names that `env:` may say, `default` among them. */
  readonly environments: readonly string[];
  /** Slack user or group ids; empty is every full member. */
  readonly requesters: readonly string[];
  /** Ids of channels, and `direct` for direct messages; empty is everywhere. */
  readonly onlyChannels: readonly string[];
  readonly intake: IntakeLimits;
  readonly turns: TurnLimits;
  readonly approvers: readonly string[];
  readonly selfApproval: boolean;
  readonly budget: Budget;
  /** The most that `budget:` may ask for; null is no limit. */
  readonly maxBudgetUsd: number | null;
  readonly day: DayLimits;
}

export interface ChannelPolicy {
  readonly repository: RepositoryName | null;
  readonly agent: string | null;
  readonly model: string | null;
  readonly provider: string | null;
}

export interface RepositoryPolicy {
  readonly name: RepositoryName;
  /** Its number on GitHub, where the operator pins it; null takes whatever has the name when a task starts. */
  readonly id: number | null;
  /** Null is the repository's default branch. */
  readonly base: BranchName | null;
  readonly agent: string | null;
  readonly model: string | null;
  /** Where this repository's code may go; no other stands in for it. Null leaves it to channel and agent. */
  readonly provider: string | null;
  /** The most that a task on it may reach. */
  readonly network: Network;
  /** Slack ids; empty falls back to the policy's. */
  readonly approvers: readonly string[];
  readonly budgetUsd: number | null;
  readonly budgetTokens: number | null;
  readonly maxBudgetUsd: number | null;
  /** Null leaves it to the base branch's `.errand.yml`, and then to `squash`. */
  readonly mergeMethod: 'merge' | 'squash' | 'rebase' | null;
  /** Null falls back to the policy's. */
  readonly selfApproval: boolean | null;
  /** Whether pull requests are opened as drafts. Null leaves it to the base branch's `.errand.yml`, and then to no. */
  readonly draft: boolean | null;
  /** Whether GitHub's workflows wait for an approver's word; the base branch's `.errand.yml` may ask for it as well. */
  readonly holdCi: boolean;
  /** Whether agents may change what runs on GitHub with the repository's secrets. */
  readonly workflows: boolean;
  /** On which bases set-up scripts get secrets, beside the usual one. */
  readonly setupBranches: readonly BranchName[];
}

/** A repository of which only the name is known: all else is as it usually is. */
export function plainRepository(name: RepositoryName): RepositoryPolicy {
  return {
    name,
    id: null,
    base: null,
    agent: null,
    model: null,
    provider: null,
    network: presets.model,
    approvers: [],
    budgetUsd: null,
    budgetTokens: null,
    maxBudgetUsd: null,
    mergeMethod: null,
    selfApproval: null,
    draft: null,
    holdCi: false,
    workflows: false,
    setupBranches: [],
  };
}

export interface AgentPolicy {
  readonly name: string;
  /** The setting whose absence keeps this agent from running, `ANTHROPIC_API_KEY` say; null when it can run. */
  readonly missing: string | null;
  /** The provider that it goes to where neither repository nor channel names one; null for an agent without a model. */
  readonly provider: string | null;
  readonly apis: readonly ModelApi[];
  /** Whether it can't be left to pick a model itself. */
  readonly needsModel: boolean;
  readonly model: string | null;
}

export type Chosen<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly failure: Failure };

/** Picks the repositories of a request: those it names, itself or by their group, each allowed; else the channel's, else the only one. */
export function chooseRepositories(
  policy: Policy,
  channel: ChannelId,
  asked: readonly string[],
): Chosen<readonly [RepositoryPolicy, ...RepositoryPolicy[]]> {
  const usual = policy.channels.get(channel)?.repository ?? null;
  const wanted = asked.length > 0 ? asked.flatMap((name) => membersOf(policy, name)) : usual === null ? [] : [usual];
  const names = policy.repositories.map(({ name }) => name);
  const found = (wanted.length > 0 ? wanted : names).map((wish) =>
    policy.repositories.find(({ name }) => name.toLowerCase() === wish.toLowerCase()),
  );
  const stranger = wanted.find((_, index) => found[index] === undefined);
  if (stranger !== undefined) {
    const known = [...policy.groups.keys(), ...names];
    return fail(
      'repository_unknown',
      `${stranger} is not one of the repositories that Errand may work on.`,
      known.length === 0 ? noRepositories : `Name one of them: ${listed(known)}.`,
    );
  }
  const [first, ...others] = new Set(found.filter((each) => each !== undefined));
  if (first === undefined)
    return fail('repository_unknown', 'Errand has no repository to work on yet.', noRepositories);
  if (wanted.length === 0 && others.length > 0) {
    return fail(
      'repository_missing',
      'Errand works on several repositories and this request names none.',
      `Begin it with repo: and one of ${listed(names)}.`,
    );
  }
  if (others.length < maxRepositories) return { ok: true, value: [first, ...others] };
  return fail(
    'repositories_too_many',
    `One task changes at most ${maxRepositories} repositories, and this one names ${others.length + 1}.`,
    'Send it for fewer of them, or as several tasks.',
  );
}

/** Everything that a request may name: repositories, then groups of them. */
export function repositoryNames({ repositories, groups }: Policy): readonly string[] {
  return [...repositories.map(({ name }) => name), ...groups.keys()];
}

function membersOf(policy: Policy, name: string): readonly string[] {
  const [, members] = [...policy.groups].find(([group]) => group.toLowerCase() === name.toLowerCase()) ?? [];
  return members ?? [name];
}

const noRepositories = 'Whoever runs Errand lists them in ERRAND_REPOSITORIES.';

/** Checks the image that a request asks for; null leaves it to the repository. */
export function chooseEnvironment(policy: Policy, asked: string | null): Chosen<string | null> {
  if (asked === null || policy.environments.includes(asked)) return { ok: true, value: asked };
  return fail(
    'environment_unknown',
    `There is no environment named ${asked} here.`,
    `Name one of them: ${listed(policy.environments)}.`,
  );
}

/** The first fenced block that is `sh`, `bash`, `shell` or bare; null without one, or with an empty one. */
export function shellScript(text: string): string | null {
  for (const [, info, lines, line] of text.matchAll(/```([^\n`]*)\n([\s\S]*?)```|```([^\n`]+)```/g)) {
    const script = (lines ?? line ?? '').trim();
    if (/^(?:sh|bash|shell)?$/.test(info?.trim() ?? '')) return script === '' ? null : `${script}\n`;
  }
  return null;
}

/** A title of at most 72 characters from the first words that aren't a script. */
export function toTitle(text: string): string {
  const prose = text.replace(/```[\s\S]*?(?:```|$)/g, ' ');
  const source = prose.trim() === '' ? (shellScript(text) ?? 'Untitled task') : prose;
  const line = source.trim().split('\n')[0]?.replace(/\s+/g, ' ').trim() ?? '';
  const first = /^(.{8,71}?[.?!])\s/.exec(line)?.[1]?.replace(/\.$/, '') ?? line;
  return first.length <= 72 ? first : `${first.slice(0, 71).replace(/\s+\S*$/, '')}…`;
}

/** `errand/<task>-<slug>`, of lower-case letters, digits and hyphens. */
export function toBranch(task: string, title: string): BranchName {
  const slug = title
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 40)
    .replace(/^-+|-+$/g, '');
  return `errand/${task}${slug === '' ? '' : `-${slug}`}` as BranchName;
}

/** Whether somebody is on a list of Slack ids; `groups` holds the members of each listed group. An empty list is everybody. */
export function isListed(
  list: readonly string[],
  by: UserId,
  groups: ReadonlyMap<string, ReadonlySet<UserId>>,
): boolean {
  return list.length === 0 || list.some((id) => id === by || groups.get(id)?.has(by) === true);
}

/**
 * Why nothing more is done in these repositories: one of them was taken out of the configuration, and with it went the rules of
 * where its code may go and who approves. Null while all are listed.
 */
export function unlisted(policy: Policy, repositories: readonly RepositoryName[]): Failure | null {
  const stranger = repositories.find((each) => policy.repositories.every(({ name }) => name !== each));
  if (stranger === undefined) return null;
  return {
    code: 'repository_unlisted',
    sentence: `${stranger} is no longer one of the repositories that Errand may work on.`,
    next: 'Whoever runs Errand can list it again, or install the GitHub App on it; then it goes on from here.',
  };
}

/** Why Errand does nothing for people in this channel; null where it may. */
export function closedChannel({ onlyChannels }: Policy, channel: ChannelId): Failure | null {
  const place = placeOf(channel);
  if (onlyChannels.length === 0 || onlyChannels.includes(place)) return null;
  const open = onlyChannels.map((id) => (id === 'direct' ? 'direct messages' : `<#${id}>`));
  return {
    code: 'channel_closed',
    sentence: `Errand does not work in ${place === 'direct' ? 'direct messages' : 'this channel'}.`,
    next: `Where it does: ${listed(open)}. Whoever runs Errand can add to ERRAND_CHANNELS.`,
  };
}

/** Who is named to approve what goes into a repository; empty is every full member. */
export function approversOf(
  policy: Pick<Policy, 'repositories' | 'approvers'>,
  name: RepositoryName,
): readonly string[] {
  const own = policy.repositories.find((each) => each.name === name)?.approvers ?? [];
  return own.length > 0 ? own : policy.approvers;
}

/** Why nobody may open a host for a task here: one above what the operator opens takes people whom the operator named. Null where some are. */
export function noApprovers(
  policy: Pick<Policy, 'repositories' | 'approvers'>,
  repositories: readonly RepositoryName[],
): Failure | null {
  const open = repositories.find((name) => approversOf(policy, name).length === 0);
  if (open === undefined) return null;
  return {
    code: 'no_approvers',
    sentence: `Nobody is named who may open a host for a task in ${open}.`,
    next: 'Whoever runs Errand opens hosts for a repository with network, or names approvers, who then may for one task.',
  };
}

/** Who may approve: on the list, and somebody else than the requester unless self-approval is allowed. */
export function mayApprove(
  policy: Policy,
  gate: { readonly task: Task; readonly repository: RepositoryName },
  by: UserId,
  groups: ReadonlyMap<string, ReadonlySet<UserId>>,
): Failure | null {
  const gone = unlisted(policy, [gate.repository]);
  if (gone !== null) return gone;
  const repository = policy.repositories.find(({ name }) => name === gate.repository);
  const list = approversOf(policy, gate.repository);
  if (!isListed(list, by, groups)) {
    return {
      code: 'not_an_approver',
      sentence: `You may not approve merges into ${gate.repository}.`,
      next: `Somebody who may: ${list.map((id) => (id.startsWith('S') ? `<!subteam^${id}>` : `<@${id}>`)).join(', ')}.`,
    };
  }
  if (by === gate.task.requester && !(repository?.selfApproval ?? policy.selfApproval)) {
    return {
      code: 'self_approval',
      sentence: 'You asked for this task, so somebody else approves it.',
      next: 'Ask a colleague to read the pull request and react here.',
    };
  }
  return null;
}

function fail(code: string, sentence: string, next: string): { ok: false; failure: Failure } {
  return { ok: false, failure: { code, sentence, next } };
}

export function listed(names: readonly string[]): string {
  return names.length > 12 ? `${names.slice(0, 12).join(', ')} and ${names.length - 12} more` : names.join(', ');
}
