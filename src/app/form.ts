import { type Choices, type Draft, type KeptDraft, toSpecText } from '../task/draft.ts';
import { type Policy, type RepositoryPolicy, repositoryNames } from '../task/policy.ts';
import type { Answer, Asked, Form, FormStart, Submitted, UseCases } from '../task/use-cases.ts';
import type { BotDeps } from './deps.ts';
import { giveBack, notKept, startDraft } from './give-back.ts';
import { channelRefusal, mayAsk, maySteer, say, silent } from './people.ts';
import { reply } from './reply.ts';
import type { Refused } from './request.ts';
import { accept } from './submit.ts';

/**
 * What the form shows: what was typed or picked, and where that leaves something open, what the channel says, else what the person
 * chose last. An agent that only the channel says is left open: sent with the form it would be the person's choice, and outrank the
 * repository's `.errand.yml`. Somebody who may not ask learns it before they write.
 */
export async function form(
  deps: BotDeps,
  asked: Asked,
  start: FormStart,
): Promise<{ readonly type: 'form'; readonly form: Form } | Answer> {
  const begun = start.type === 'kept' ? await findKept(deps, asked, start.draft) : startDraft(start);
  if (begun === undefined) return notKept();
  const { failure } = await mayAsk(deps, asked.by);
  if (failure !== null) return say(failure);
  if (begun.about !== null) {
    const elsewhere = await channelRefusal(deps, begun.about.channel);
    if (elsewhere !== null) return say(elsewhere);
  }
  const { policy } = deps;
  const last = await deps.drafts.choices(asked.by);
  const draft = withBranch(start.type === 'changed' ? begun : withDefaults(policy, begun, last), last);
  const repository = findRepository(policy, draft.values.repo);
  const task =
    begun.about === null ? undefined : await deps.store.findByThread(begun.about.channel, begun.about.thread);
  return {
    type: 'form',
    form: {
      draft,
      repositories: repositoryNames(policy),
      usualBase: repository?.base ?? null,
      agents: readyAgents(policy, usualAgent(policy, draft, repository)),
      task: task?.id ?? null,
    },
  };
}

async function findKept(deps: BotDeps, asked: Asked, id: string): Promise<KeptDraft | undefined> {
  const kept = await deps.drafts.find(id);
  return kept?.by === asked.by ? kept : undefined;
}

function withDefaults(policy: Policy, draft: Draft, last: Choices | undefined): Draft {
  const channel = draft.channel ?? last?.channel ?? null;
  const here = channel === null ? undefined : policy.channels.get(channel);
  const only = policy.repositories.length === 1 ? policy.repositories[0]?.name : undefined;
  const repo = draft.values.repo ?? here?.repository ?? findRepository(policy, last?.repository)?.name ?? only;
  const lastAgent = policy.agents.find(({ name, missing }) => name === last?.agent && missing === null)?.name;
  const agent = draft.values.agent ?? (here?.agent ? undefined : lastAgent);
  return {
    ...draft,
    channel,
    values: {
      ...draft.values,
      ...(repo === undefined ? {} : { repo }),
      ...(agent === undefined ? {} : { agent }),
    },
  };
}

/** The branch that the person started from last in this repository. */
function withBranch(draft: Draft, last: Choices | undefined): Draft {
  const { repo, branch } = draft.values;
  const used = last !== undefined && repo === last.repository ? last.base : null;
  return branch !== undefined || used === null ? draft : { ...draft, values: { ...draft.values, branch: used } };
}

function findRepository(policy: Policy, name: string | null | undefined): RepositoryPolicy | undefined {
  return policy.repositories.find((each) => each.name.toLowerCase() === name?.toLowerCase());
}

/** The agent that nobody needs to name, as far as configuration says it. */
function usualAgent(policy: Policy, { about, channel }: Draft, repository: RepositoryPolicy | undefined) {
  const place = about?.channel ?? channel;
  return (place === null ? null : policy.channels.get(place)?.agent) ?? repository?.agent ?? null;
}

/** Those that could run, the usual one first. */
function readyAgents(policy: Policy, wanted: string | null): string[] {
  const ready = policy.agents.filter(({ missing }) => missing === null).map(({ name }) => name);
  const usual = ready.find((name) => name === wanted) ?? ready[0];
  return ready.toSorted((one, other) => Number(other === usual) - Number(one === usual));
}

/** A form that was sent: one task however often it is sent, in the thread of the message it was made from, else in its channel. */
export async function submitForm(deps: BotDeps, asked: Parameters<UseCases['submitForm']>[0]): Promise<Submitted> {
  const { draft } = asked;
  const channel = draft.about?.channel ?? draft.channel;
  if (channel === null) return refused(deps, asked, nowhere);
  if (draft.about !== null) {
    const added = await addToTask(deps, asked, draft, draft.about);
    if (added !== null) return added;
  }
  const accepted = await accept(deps, {
    ...asked,
    channel,
    thread: draft.about?.thread ?? null,
    message: draft.about?.message ?? null,
    origin: 'form',
    originKey: `form:${asked.form}`,
    ...(draft.about === null ? {} : { picked: true }),
  });
  return accepted.type === 'accepted' ? { type: 'accepted' } : refused(deps, { ...asked, channel }, accepted);
}

/** A message of a task's own thread was picked: the words are the person's, for that task. Null where the thread is no task's. */
async function addToTask(
  deps: BotDeps,
  asked: Parameters<UseCases['submitForm']>[0],
  draft: Draft,
  { channel, thread, message }: NonNullable<Draft['about']>,
): Promise<Submitted | null> {
  const task = await deps.store.findByThread(channel, thread);
  if (task === undefined || task.origin.key === `form:${asked.form}`) return null;
  if (!(await maySteer(deps, task, asked.by))) {
    const sentence = `Only <@${task.requester}> and the people listed for it steer task ${task.id}.`;
    return refused(deps, asked, about('goal', { sentence, next: 'Ask one of them in its thread.' }));
  }
  const text = toSpecText(draft);
  const answer = await reply(deps, { ...asked, channel, thread, message, text, chatter: false }, `form:${asked.form}`);
  if (answer.type !== 'say' || answer.said.type !== 'sentence') return { type: 'accepted' };
  const { sentence, next } = answer.said;
  return refused(deps, { ...asked, channel }, about('goal', { sentence, next: next ?? '' }));
}

async function refused(
  deps: BotDeps,
  asked: Parameters<UseCases['submitForm']>[0],
  why: Pick<Refused, 'field' | 'failure' | 'repositories' | 'inForm'>,
): Promise<Submitted> {
  const { sentence, next } = why.failure;
  const answer = await giveBack(deps, asked, asked.draft, why);
  return { type: 'refused', field: why.field, text: why.inForm ?? `${sentence} ${next}`.trim(), answer };
}

function about(field: Refused['field'], failure: Refused['failure']) {
  return { field, failure, repositories: [] };
}

const nowhere = about('channel', {
  sentence: 'Errand needs a place to tell how it goes.',
  next: 'Choose a channel, or the direct message with Errand.',
});

/** Sends a refused draft again with a repository: one task however often somebody chooses. */
export async function resend(deps: BotDeps, asked: Asked, id: string, repository: string): Promise<Answer> {
  const kept = await findKept(deps, asked, id);
  if (kept === undefined) return notKept();
  const { id: _, by: __, ...found } = kept;
  const draft: Draft = { ...found, values: { ...found.values, repo: repository } };
  const place = draft.about ?? { channel: draft.channel ?? asked.channel, thread: null, message: null };
  const request = { ...asked, channel: place.channel, thread: place.thread, message: place.message, draft };
  const origin = draft.about === null ? 'command' : 'message';
  const picked = draft.about === null ? {} : ({ picked: true } as const);
  const accepted = await accept(deps, { ...request, origin, originKey: `again:${id}`, ...picked });
  return accepted.type === 'accepted' ? silent : giveBack(deps, asked, draft, accepted);
}

/** Repositories and groups whose name holds these letters, those that begin with them first. */
export function findRepositories(policy: Policy, typed: string): readonly string[] {
  const letters = typed.trim().toLowerCase();
  const found = repositoryNames(policy).filter((name) => name.toLowerCase().includes(letters));
  const begins = (name: string) =>
    Number(
      name
        .toLowerCase()
        .split('/')
        .some((part) => part.startsWith(letters)),
    );
  return found.toSorted((one, other) => begins(other) - begins(one)).slice(0, offered);
}

/** As many as one of Slack's menus holds. */
const offered = 100;
