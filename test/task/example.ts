import { builtInAgents } from '../../src/task/agents.ts';
import type { ChannelId, EngineId, MessageTs, RunId, Sha, TaskId, UserId } from '../../src/task/ids.ts';
import { parseBranchName, parseRepositoryName, parseSha, parseTaskId, toRunId } from '../../src/task/ids.ts';
import type { TurnLimits } from '../../src/task/line.ts';
import type { AgentPolicy } from '../../src/task/policy.ts';
import { apisOf, type ProviderPolicy } from '../../src/task/providers.ts';
import { noSpending } from '../../src/task/spending.ts';
import type {
  Failure,
  Part,
  PullRequest,
  PullState,
  Report,
  Run,
  RunState,
  SpecMessage,
  Task,
} from '../../src/task/task.ts';

/** Values of a made-up task, for tests of everything that works on one. */
export const alice = 'U0ALICE' as UserId;
export const bob = 'U0BOB' as UserId;
export const channel = 'C0GENERAL' as ChannelId;
export const engine = 'ENGINE:ONE' as EngineId;

function known<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error('an example is not what its parser accepts');
  return value;
}

export function taskId(text = 't000001'): TaskId {
  return known(parseTaskId(text));
}

export function ts(number: number): MessageTs {
  return `17000000${String(number).padStart(2, '0')}.000100` as MessageTs;
}

export function sha(digit: string): Sha {
  return known(parseSha(digit.repeat(40)));
}

export function runId(number: number, task = taskId()): RunId {
  return toRunId(task, number);
}

export function message(number: number, more: Partial<SpecMessage> = {}): SpecMessage {
  return {
    key: `${channel}:${ts(number)}`,
    message: ts(number),
    author: alice,
    authorName: 'Alice',
    trust: 'steering',
    text: `Message ${number}`,
    at: number,
    ...more,
  };
}

export const failure: Failure = {
  code: 'engine_down',
  sentence: 'Docker did not answer.',
  next: 'Start Docker.',
};

export const report: Report = {
  claim: 'Done.',
  checks: [],
  usage: null,
  durationMs: 5,
  total: null,
  files: [],
  sensitive: [],
  blocked: [],
};

export const question = {
  id: 'q1',
  text: 'Which one?',
  options: ['this', 'that'],
  fallback: 'this',
  expiresAt: 5_000,
};

export const pull: PullRequest = { number: 7, url: 'https://github.example/acme/shop/pull/7', head: sha('a') };

export const approval = { by: bob, byName: 'Bob', head: sha('a'), message: ts(9) };

export function run(number = 1): Run {
  return {
    id: runId(number),
    number,
    engine,
    startedAt: 100,
    from: 0,
    progress: { steps: [], activity: null },
    allowance: null,
  };
}

export const runStates = {
  idle: { type: 'idle', outcome: { type: 'stopped', by: alice, kept: [] } },
  queued: { type: 'queued', since: 50, reason: null },
  running: { type: 'running', run: run() },
  waiting: { type: 'waiting', run: run(), question },
} as const satisfies Record<RunState['type'], RunState>;

export const pullStates = {
  none: { type: 'none' },
  open: { type: 'open', pull, refusal: null },
  merging: { type: 'merging', pull, approval, delay: null },
  merged: { type: 'merged', pull, commit: sha('c'), by: bob },
  closed: { type: 'closed', pull },
} as const satisfies Record<PullState['type'], PullState>;

export const repository = known(parseRepositoryName('acme/shop'));
/** A second one. */
export const other = known(parseRepositoryName('acme/web'));

/** A repository of a task, as it is before the first run. */
export function part(more: Partial<Part> = {}): Part {
  return {
    repository,
    base: known(parseBranchName('main')),
    checkout: null,
    pull: pullStates.none,
    results: [],
    ...more,
  };
}

/** A task that was just created: queued, one message that nobody has read. Fields of a part are those of its one repository. */
export function task({
  repository: own,
  base,
  checkout,
  pull: state,
  results,
  ...more
}: Partial<Task & Part> = {}): Task {
  const id = more.id ?? taskId();
  const of = <Field extends keyof Part>(name: Field, value: Part[Field] | undefined) =>
    value === undefined ? {} : { [name]: value };
  const given = { ...of('repository', own), ...of('base', base), ...of('checkout', checkout) };
  return {
    id,
    createdAt: 1,
    requester: alice,
    requesterName: 'Alice',
    origin: { key: `mention:${id}`, kind: 'mention', channel, thread: ts(1) },
    parts: [part({ ...given, ...of('pull', state), ...of('results', results) })],
    branch: known(parseBranchName(`errand/${id}-fix-the-checkout`)),
    title: 'Fix the checkout',
    agent: 'claude',
    model: null,
    budget: { usd: 5, tokens: 20e6, minutes: 30, taskMinutes: 240 },
    spec: [message(1)],
    taken: 0,
    run: runStates.queued,
    spending: noSpending,
    runs: 0,
    attempt: 0,
    epoch: 0,
    session: null,
    follows: null,
    ...more,
  };
}

/** As many runs at once as there are workers for. */
export const noTurnLimits: TurnLimits = {
  personRuns: null,
  channelRuns: null,
  repositoryRuns: null,
  channels: new Map(),
  repositories: new Map(),
};

/** An agent as it ships, with its own provider. */
export function agentPolicy(name: string, missing: string | null = null): AgentPolicy {
  const agent = builtInAgents[name];
  if (agent === undefined) throw new Error(`${name} does not ship`);
  const needsModel = agent.type === 'acp' && agent.needsModel === true;
  return { name, missing, provider: agent.provider, apis: agent.apis, needsModel, model: null };
}

/** The two providers that everybody has; `missing` are those without a key. */
export function providerPolicies(...missing: readonly string[]): Map<string, ProviderPolicy> {
  const plain = { model: null, standardModel: 'standard' };
  const of = (name: string) => (missing.includes(name) ? `${name.toUpperCase()}_API_KEY` : null);
  return new Map([
    ['anthropic', { ...plain, apis: apisOf.anthropic, missing: of('anthropic') }],
    ['openai', { ...plain, apis: apisOf.openai, missing: of('openai') }],
  ]);
}
