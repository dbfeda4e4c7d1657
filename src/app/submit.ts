import { chooseBudget } from '../task/budget.ts';
import { type MessageTs, type TaskId, toTaskId } from '../task/ids.ts';
import { chooseAgent, chooseRepository, toBranch, toTitle } from '../task/policy.ts';
import type { SpecMessage, Task } from '../task/task.ts';
import type { Answer, UseCases } from '../task/use-cases.ts';
import type { BotDeps } from './deps.ts';
import { narrate } from './narrate.ts';
import { channelRefusal, mayAsk, say, silent } from './people.ts';

type Submission = Parameters<UseCases['submit']>[0];

/** Makes a task of a request: one task however often the request comes, its root message in the same step, then a wake-up. */
export async function submit(deps: BotDeps, asked: Submission): Promise<Answer> {
  const { command } = asked;
  const { member, failure } = await mayAsk(deps, asked.by);
  if (failure !== null) return say(failure, command.text);
  const elsewhere = await channelRefusal(deps, asked.channel);
  if (elsewhere !== null) return say(elsewhere, command.text);
  if (command.text.trim() === '') {
    return say({
      sentence: 'This request says nothing to do.',
      next: `Write it after the command, like ${deps.policy.command} fix the flaky checkout test.`,
    });
  }
  const unbuilt = (
    [
      ['attempts', command.attempts],
      ['net', command.network],
      ['env', command.environment],
    ] as const
  ).find(([, value]) => value !== null);
  if (unbuilt !== undefined) {
    return say({ sentence: `Errand can't do ${unbuilt[0]}: yet.`, next: 'Send the request without it.' }, command.text);
  }
  const repository = chooseRepository(deps.policy, asked.channel, command.repository);
  if (!repository.ok) return say(repository.failure, command.text);
  const agent = chooseAgent(deps.policy, {
    asked: command.agent,
    channel: asked.channel,
    repository: repository.value,
    text: command.text,
  });
  if (!agent.ok) return say(agent.failure, command.text);
  const budget = chooseBudget(deps.policy, repository.value, command.budgetUsd);
  if (!budget.ok) return say(budget.failure, command.text);

  const request: SpecMessage = {
    key: asked.message === null ? asked.key : `${asked.channel}:${asked.message}`,
    message: asked.message,
    author: asked.by,
    authorName: member.name,
    trust: 'steering',
    text: command.text,
    at: asked.at,
  };
  const context = asked.thread === null ? [] : await threadBefore(deps, asked, asked.thread);
  const title = toTitle(command.text);
  const id = toTaskId(deps.randomBytes(6));
  await store(deps, {
    ...blank,
    id,
    createdAt: deps.clock.now(),
    requester: asked.by,
    requesterName: member.name,
    origin: {
      key: asked.key,
      kind: asked.origin,
      channel: asked.channel,
      thread: asked.thread ?? asked.message,
    },
    repository: repository.value.name,
    base: command.base ?? repository.value.base,
    branch: toBranch(id, title),
    title,
    agent: agent.value,
    model: command.model,
    budget: budget.value,
    spec: [...context, request],
    run: { type: 'queued', since: deps.clock.now(), reason: null },
  });
  return silent;
}

/** A task that continues an ended one: same repository, agent and thread, and what went before as context. */
export async function continueTask(
  deps: BotDeps,
  ended: Task,
  thread: MessageTs,
  message: SpecMessage,
): Promise<TaskId> {
  const title = toTitle(message.text);
  const id = toTaskId(deps.randomBytes(6));
  const pull = ended.pull.type === 'none' ? null : ended.pull;
  const before: SpecMessage = {
    key: `${ended.id}:before`,
    message: null,
    author: ended.requester,
    authorName: ended.requesterName,
    trust: 'context',
    text: `This continues “${ended.title}”${pull === null ? '' : `, which was ${pull.type} as pull request ${pull.pull.number}`}.`,
    at: ended.createdAt,
  };
  const task = await store(deps, {
    ...blank,
    id,
    createdAt: deps.clock.now(),
    requester: message.author,
    requesterName: message.authorName,
    origin: { key: message.key, kind: 'message', channel: ended.origin.channel, thread },
    repository: ended.repository,
    base: ended.base,
    branch: toBranch(id, title),
    title,
    agent: ended.agent,
    model: ended.model,
    budget: ended.budget,
    spec: [before, message],
    run: { type: 'queued', since: deps.clock.now(), reason: null },
    follows: ended.id,
  });
  await deps.store.apply(ended.id, { type: 'continued', as: task.id, at: deps.clock.now() });
  return task.id;
}

const blank = {
  taken: 0,
  checkout: null,
  pull: { type: 'none' },
  results: [],
  runs: 0,
  attempt: 0,
  epoch: 0,
  session: null,
  follows: null,
} as const;

async function store(deps: BotDeps, task: Task): Promise<Task> {
  const rows = narrate(task, { type: 'task_created', at: task.createdAt }, task);
  const stored = await deps.store.create(task, rows);
  const busy = (await deps.store.recent(200)).filter(
    (other) => other.requester === task.requester && other.run.type !== 'idle',
  );
  await deps.queue.wake({ type: 'run', task: stored.task.id }, { priority: Math.max(1, busy.length) });
  deps.log.info({ task: stored.task.id, created: stored.created, repository: task.repository }, 'Task accepted');
  return stored.task;
}

/** What was said in the thread before a mention: the requester's own words are the spec, everybody else's are context. */
async function threadBefore(deps: BotDeps, asked: Submission, thread: MessageTs): Promise<SpecMessage[]> {
  const messages = await deps.threads.thread(asked.channel, thread);
  const spoken = messages.filter(({ ts, bot, text }) => ts !== asked.message && !bot && text.trim() !== '').slice(-50);
  return Promise.all(
    spoken.map(async ({ author, ts, text }) => {
      const { name } = await deps.directory.member(author);
      return {
        key: `${asked.channel}:${ts}`,
        message: ts,
        author,
        authorName: name,
        trust: author === asked.by ? 'steering' : 'context',
        text,
        at: Math.round(Number(ts) * 1000),
      } as const;
    }),
  );
}
