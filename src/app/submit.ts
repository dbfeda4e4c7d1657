import { chooseBudget } from '../task/budget.ts';
import { chooseAgent } from '../task/choose-agent.ts';
import { readKeys, type TaskCommand } from '../task/command.ts';
import { type Field, toSpecText } from '../task/draft.ts';
import { type MessageTs, toTaskId } from '../task/ids.ts';
import {
  chooseEnvironment,
  chooseRepositories,
  type RepositoryPolicy,
  repositoryNames,
  toBranch,
  toTitle,
} from '../task/policy.ts';
import { Problem } from '../task/problem.ts';
import { chooseNetwork } from '../task/reach.ts';
import { noSpending } from '../task/spending.ts';
import type { Failure, Part, SpecMessage, Task } from '../task/task.ts';
import { turns } from '../task/turns.ts';
import type { Answer, UseCases } from '../task/use-cases.ts';
import { attest } from './attest.ts';
import type { BotDeps } from './deps.ts';
import { crowdedRefusal, floodRefusal } from './flood.ts';
import { giveBack } from './give-back.ts';
import { narrate } from './narrate.ts';
import { channelRefusal, mayAsk, silent } from './people.ts';
import type { Accepted, Refused, Request } from './request.ts';
import { spendingRefusal } from './spending.ts';
import { attachments, takeFiles } from './take-files.ts';
import { firstTurn } from './tell-turns.ts';
import { attributed, nobodySpoke, threadBefore } from './thread-before.ts';

/** Makes a task of a command or a message; a refusal gives all that was typed back. */
export async function submit(deps: BotDeps, asked: Parameters<UseCases['submit']>[0]): Promise<Answer> {
  const accepted = await accept(deps, { ...asked, originKey: asked.key });
  return accepted.type === 'accepted' ? silent : giveBack(deps, asked, asked.draft, accepted);
}

/** Makes a task of a request: one task however often the request comes, its root message in the same step, then a wake-up. */
export async function accept(deps: BotDeps, asked: Request): Promise<Accepted> {
  const { draft } = asked;
  // Before any check: what would refuse it by now comes too late, and a refusal would have the person make a second task.
  const made = await deps.store.findByOrigin(asked.originKey);
  if (made !== undefined) {
    await attest(deps, made.requester);
    await deps.queue.wake({ type: 'run', task: made.id }, { unlessWaiting: true });
    return { type: 'accepted', task: made, created: false };
  }
  const { member, failure } = await mayAsk(deps, asked.by);
  if (failure !== null) return refused('goal', failure);
  const elsewhere = await channelRefusal(deps, asked.channel);
  if (elsewhere !== null) return refused('channel', elsewhere);
  const text = toSpecText(draft);
  if (text === '' && Object.keys(draft.values).length === 0) return refused('goal', nothing(deps.policy.command));
  const read = readKeys(draft.values, text);
  if (!read.ok) return { ...refused(read.key ?? 'goal', read), inForm: read.inForm };
  const command = read.task;
  if (command.attempts !== null) {
    return refused('attempts', { sentence: "Errand can't do attempts: yet.", next: 'Send the request without it.' });
  }
  const repositories = chooseRepositories(deps.policy, asked.channel, command.repositories);
  if (!repositories.ok) {
    if (repositories.failure.code !== 'repository_missing') return refused('repo', repositories.failure);
    return refused('repo', { sentence: repositories.failure.sentence, next: chooseOne }, repositoryNames(deps.policy));
  }
  const network = chooseNetwork(repositories.value, command.network);
  if (!network.ok) return refused('net', network.failure);
  // Agent and budget are the task's: the repository that was named first decides them.
  const [first, ...others] = repositories.value;
  const agent = chooseAgent(deps.policy, {
    asked: command,
    channel: asked.channel,
    repositories: repositories.value,
    network: network.value ?? undefined,
    text: command.text,
  });
  if (!agent.ok) return refused(agent.failure.code === 'script_missing' ? 'goal' : 'agent', agent.failure);
  const environment = chooseEnvironment(deps.policy, command.environment);
  if (!environment.ok) return refused('env', environment.failure);
  const budget = chooseBudget(deps.policy, first, command.budgetUsd);
  if (!budget.ok) return refused('budget', budget.failure);
  const spent = await spendingRefusal(deps, { person: asked.by, name: member.name, agent: agent.value.agent });
  if (spent !== null) return refused('goal', spent);
  const flooded = await floodRefusal(deps, { ...asked, key: asked.originKey });
  if (flooded !== null) return refused('goal', flooded);

  const key = asked.message === null ? asked.key : `${asked.channel}:${asked.message}`;
  const before = asked.thread === null ? nobodySpoke : await threadBefore(deps, asked, asked.thread);
  if ('sentence' in before) return refused('goal', before);
  const taken = await takeFiles(deps, [
    { key, files: asked.files ?? before.files },
    // Of a thread the newest files are the likeliest to be meant.
    ...before.context.toReversed().map(({ message, files }) => ({ key: message.key, files })),
  ]);
  const context = before.context.map(({ message }) => ({ ...message, ...attachments(taken, message.key) }));
  const request: SpecMessage = {
    key,
    message: asked.message,
    author: asked.by,
    authorName: member.name,
    trust: 'steering',
    text: toSpecText({ ...draft, goal: attributed(draft.goal, before.writer, member.name) }),
    ...attachments(taken, key),
    ...(taken.leftOut === null ? {} : { leftOut: taken.leftOut }),
    at: asked.at,
  };
  const toPart = ({ name, base }: RepositoryPolicy): Part => {
    return { ...untouched, repository: name, base: command.base ?? base };
  };
  const title = asked.title ?? toTitle(command.text);
  const id = toTaskId(deps.randomBytes(6));
  const stored = await store(deps, {
    ...blank,
    id,
    createdAt: deps.clock.now(),
    requester: asked.by,
    requesterName: member.name,
    origin: {
      key: asked.originKey,
      kind: asked.origin,
      channel: asked.channel,
      thread: asked.thread ?? asked.message,
    },
    parts: [toPart(first), ...others.map(toPart)],
    branch: toBranch(id, title),
    title,
    ...agent.value,
    asked: { agent: command.agent, model: command.model },
    environment: environment.value ?? undefined,
    network: network.value ?? undefined,
    budget: budget.value,
    spec: [...context, request],
    run: { type: 'queued', since: deps.clock.now(), reason: null },
  });
  if ('sentence' in stored) return refused('goal', stored);
  if (stored.created) await rememberChoices(deps, asked, stored.task, command);
  return { type: 'accepted', ...stored };
}

const chooseOne = 'Choose one here; a request that begins with repo:owner/name needs no choice.';

const nothing = (command: string) => ({
  sentence: 'This request says nothing to do.',
  next: `Write it after the command, like ${command} fix the flaky checkout test.`,
});

function refused(field: Field, { sentence, next }: Refused['failure'], repositories: readonly string[] = []): Refused {
  return { type: 'refused', field, failure: { sentence, next }, repositories };
}

/** What the person's next form begins with. Losing it costs them a few clicks, so it fails nothing. */
async function rememberChoices(deps: BotDeps, asked: Request, task: Task, { base, agent }: TaskCommand): Promise<void> {
  const choices = { repository: task.parts[0].repository, base, agent, channel: asked.channel };
  await deps.drafts
    .remember(asked.by, choices)
    .catch((error: unknown) => deps.log.warn({ task: task.id, err: error }, 'What was chosen is not remembered'));
}

/** A task that continues an ended one: same repositories, agent and thread, and what went before as context. Or why there is none. */
export async function continueTask(
  deps: BotDeps,
  ended: Task,
  thread: MessageTs,
  message: SpecMessage,
): Promise<Failure | null> {
  const title = toTitle(message.text);
  const id = toTaskId(deps.randomBytes(6));
  const [first, ...others] = ended.parts;
  const anew = ({ repository, base }: Part): Part => ({ ...untouched, repository, base });
  const before: SpecMessage = {
    key: `${ended.id}:before`,
    message: null,
    author: ended.requester,
    authorName: ended.requesterName,
    trust: 'context',
    text: `This continues “${ended.title}”${whatBecameOf(ended)}.`,
    at: ended.createdAt,
  };
  const stored = await store(deps, {
    ...blank,
    id,
    createdAt: deps.clock.now(),
    requester: message.author,
    requesterName: message.authorName,
    origin: { key: message.key, kind: 'message', channel: ended.origin.channel, thread },
    parts: [anew(first), ...others.map(anew)],
    branch: toBranch(id, title),
    title,
    agent: ended.agent,
    model: ended.model,
    environment: ended.environment,
    network: ended.network,
    budget: ended.budget,
    spec: [before, message],
    run: { type: 'queued', since: deps.clock.now(), reason: null },
    follows: ended.id,
  });
  if ('sentence' in stored) return stored;
  await deps.store.apply(ended.id, { type: 'continued', as: stored.task.id, at: deps.clock.now() });
  return null;
}

/** “, which was merged as pull request 3”; '' for a task without one. */
function whatBecameOf({ parts }: Task): string {
  const ends = parts.flatMap(({ repository, pull }) => {
    if (pull.type === 'none') return [];
    return `${pull.type} as pull request ${parts.length === 1 ? '' : `${repository}#`}${pull.pull.number}`;
  });
  return ends.length === 0 ? '' : `, which was ${ends.join(' and ')}`;
}

const untouched = { checkout: null, pull: { type: 'none' }, results: [] } as const;

const blank = {
  taken: 0,
  spending: noSpending,
  runs: 0,
  attempt: 0,
  epoch: 0,
  session: null,
  follows: null,
} as const;

/** Where others wait already, the root message says how many from the first. Not to know it is no reason to refuse a task. */
async function withTurn(deps: BotDeps, task: Task): Promise<Task> {
  const turn = await firstTurn(deps, task).catch((error: unknown) => {
    deps.log.warn({ task: task.id, err: error }, 'How many go before a task is not known yet');
    return null;
  });
  return turn === null || task.run.type !== 'queued' ? task : { ...task, run: { ...task.run, turn } };
}

/** A store without room for another task is a reason like others; what was typed goes back. */
function noRoom(error: unknown): Failure {
  if (error instanceof Problem && error.failure.code === 'redis_full') return error.failure;
  throw error;
}

/** One after the other, so that many at once don't all find the last place free. */
const inTurn = turns<string>();

async function store(deps: BotDeps, asked: Task): Promise<{ task: Task; created: boolean } | Failure> {
  const task = await withTurn(deps, asked);
  const rows = narrate(task, { type: 'task_created', at: task.createdAt }, task);
  const stored = await inTurn('store', async () => {
    const full = await crowdedRefusal(deps, task.requester);
    return full ?? deps.store.create(task, rows).catch(noRoom);
  });
  if ('sentence' in stored) return stored;
  await attest(deps, task.requester);
  await deps.queue.wake({ type: 'run', task: stored.task.id });
  deps.log.info(
    { task: stored.task.id, created: stored.created, repositories: task.parts.map(({ repository }) => repository) },
    'Task accepted',
  );
  return stored;
}
