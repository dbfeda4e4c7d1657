import { z } from 'zod';
import type { TaskEvent, TaskEventType } from '../task/events.ts';
import {
  type ChannelId,
  type EngineId,
  type MessageTs,
  parseBranchName,
  parseRepositoryName,
  parseRunId,
  parseSha,
  parseTaskId,
  type UserId,
} from '../task/ids.ts';
import { Problem } from '../task/problem.ts';
import type { Effect } from '../task/said.ts';
import { nothingSpent } from '../task/spending.ts';
import type { Task } from '../task/task.ts';
import { upgradeEffect, upgradeTask } from './one-repository.ts';
import { markTouched } from './unnumbered.ts';

/** Grows when a stored task of an older Errand could no longer be read by this one as it is. */
const schemaVersion = 2;

// Objects are loose: during a deploy an older process must hand on what a newer one added.
const object = z.looseObject;

function parsed<Value>(name: string, parse: (text: string) => Value | undefined) {
  return z.string().transform((text, context) => {
    const value = parse(text);
    if (value !== undefined) return value;
    context.issues.push({ code: 'custom', message: `not a ${name}`, input: text });
    return z.NEVER;
  });
}

const opaque = z.string().min(1);
const userId = opaque.transform((text) => text as UserId);
const channelId = opaque.transform((text) => text as ChannelId);
const messageTs = opaque.transform((text) => text as MessageTs);
const engineId = opaque.transform((text) => text as EngineId);
const taskId = parsed('task id', parseTaskId);
const runId = parsed('run id', parseRunId);
const branchName = parsed('branch name', parseBranchName);
const sha = parsed('commit', parseSha);
const repositoryName = parsed('repository name', parseRepositoryName);
const count = z.int().nonnegative();
const time = z.number();

const failure = object({ code: z.string(), sentence: z.string(), next: z.string(), printed: z.string().optional() });

const usage = object({ inputTokens: z.number(), outputTokens: z.number(), usd: z.number().nullable() });
const spent = usage.extend({ usdAtMost: z.number(), durationMs: z.number() });
const spending = object({
  run: spent,
  task: spent,
  meters: z.record(z.string(), usage.extend({ meter: z.string(), usdAtMost: z.number() })),
});
const share = object({ amount: z.number(), by: z.enum(['task', 'person', 'everybody']) }).nullable();
const allowance = object({
  grant: object({ usd: share, tokens: share }),
  time: object({ ms: z.number(), by: z.enum(['run', 'task']) }),
});
const budget = object({
  usd: z.number().nullable(),
  tokens: z.number().nullable().default(null),
  minutes: z.number(),
  taskMinutes: z.number().nullable().default(null),
});

const secrets = object({
  findings: z.array(object({ path: z.string(), line: count, kind: z.string() })),
  count,
});

const report = object({
  claim: z.string(),
  checks: z.array(object({ command: z.string(), exitCode: z.int(), durationMs: z.number() })),
  usage: usage.nullable(),
  durationMs: z.number(),
  total: object({ spent, budget }).nullable().default(null),
  files: z.array(object({ path: z.string(), added: z.number(), removed: z.number() })),
  whole: object({ files: count, added: count, removed: count }).optional(),
  // An older Errand listed the paths alone.
  sensitive: z.array(
    z.union([z.string().transform((path) => ({ path, why: '' })), object({ path: z.string(), why: z.string() })]),
  ),
  pushedAnyway: secrets.extend({ by: userId, byName: z.string() }).optional(),
  blocked: z.array(z.string()),
});

const heads = z.array(object({ repository: repositoryName, head: sha }));

const outcome = z.discriminatedUnion('type', [
  object({
    type: z.literal('changed'),
    changes: z.array(object({ repository: repositoryName, head: sha, report })),
    missing: z.array(object({ repository: repositoryName, problem: failure, kept: sha.nullable() })),
  }),
  object({ type: z.literal('unchanged'), report }),
  object({ type: z.literal('answered'), report }),
  object({ type: z.literal('failed'), problem: failure, kept: heads, report: report.nullable() }),
  object({ type: z.literal('refused'), problem: failure }),
  object({
    type: z.literal('held'),
    missing: z.array(object({ repository: repositoryName, problem: failure, kept: sha.nullable() })),
  }),
  object({ type: z.literal('stopped'), by: userId, kept: heads }),
]);

const run = object({
  id: runId,
  number: count,
  engine: engineId,
  startedAt: time,
  from: count,
  progress: object({
    steps: z.array(
      object({
        title: z.string(),
        status: z.enum(['pending', 'in_progress', 'complete', 'error']),
        detail: z.string().nullable(),
      }),
    ),
    activity: z.string().nullable(),
  }),
  allowance: allowance.nullable().default(null),
  setUps: z
    .array(
      object({
        repository: repositoryName,
        kind: z.enum(['setup', 'maintenance']),
        durationMs: z.number(),
        changed: z.array(z.string()),
      }),
    )
    .optional(),
});

const question = object({
  id: z.string(),
  text: z.string(),
  options: z.array(z.string()),
  fallback: z.string(),
  expiresAt: time,
});

const network = object({
  model: z.boolean(),
  registries: z.boolean(),
  hosts: z.union([z.literal('any'), z.array(z.string())]),
});

const checkout = object({
  at: time,
  baseBranch: branchName,
  base: sha,
  start: sha,
  from: sha.optional(),
  remote: sha.nullable(),
  checks: z.array(z.string()),
  network: network.nullable().optional(),
  allow: z.array(z.string()).nullable().default(null),
  approval: object({ approvers: z.array(z.string()), selfApproval: z.boolean().nullable() }).optional(),
  beyond: z.array(z.string()).optional(),
  heedIgnore: z.literal(true).optional(),
  draft: z.boolean().optional(),
  repositoryId: count.optional(),
  ci: object({ held: z.boolean(), startHeld: z.boolean(), target: z.boolean() }).optional(),
  setup: object({ script: z.string(), secrets: z.array(z.string()) }).nullish(),
  maintenance: z.string().nullish(),
  repositories: z.array(z.string()),
});

export const turnSchema = object({
  ahead: count,
  held: object({ by: z.enum(['person', 'channel', 'repository']), name: z.string(), most: count }).nullable(),
  stranded: z.boolean().optional(),
});

const runState = z.discriminatedUnion('type', [
  object({ type: z.literal('idle'), outcome: outcome.nullable() }),
  object({
    type: z.literal('queued'),
    since: time,
    reason: z.string().nullable(),
    notBefore: time.optional(),
    turn: turnSchema.optional(),
  }),
  object({ type: z.literal('running'), run }),
  object({ type: z.literal('waiting'), run, question }),
]);

const pull = object({
  number: count,
  url: z.string(),
  head: sha,
  draft: z.enum(['draft', 'unsupported']).optional(),
});
const approval = object({
  by: userId,
  byName: z.string(),
  head: sha,
  message: messageTs,
  via: z.enum(['reaction', 'button']).optional(),
});

const pullState = z.discriminatedUnion('type', [
  object({ type: z.literal('none') }),
  object({
    type: z.literal('open'),
    pull,
    refusal: failure.nullable(),
    release: object({ by: userId, delay: z.string().nullable() }).optional(),
  }),
  object({ type: z.literal('merging'), pull, approval, delay: z.string().nullable() }),
  object({ type: z.literal('merged'), pull, commit: sha, by: userId.nullable() }),
  object({ type: z.literal('closed'), pull }),
]);

const ci = z.discriminatedUnion('type', [
  object({ type: z.literal('held'), target: z.boolean() }),
  object({ type: z.literal('unheld'), target: z.boolean() }),
  object({ type: z.literal('released'), from: sha, by: userId }),
]);
const hold = object({
  run: count,
  head: sha,
  remote: sha.nullable(),
  engine: engineId,
  report,
  secrets,
  state: z.discriminatedUnion('type', [
    object({ type: z.literal('open'), refusal: failure.nullable() }),
    object({ type: z.enum(['released', 'pushed']), by: userId, byName: z.string(), at: time.optional() }),
  ]),
});

const part = object({
  repository: repositoryName,
  repositoryId: count.optional(),
  touched: z.literal(true).optional(),
  base: branchName.nullable(),
  checkout: checkout.nullable(),
  pull: pullState,
  results: z.array(
    object({
      run: count,
      head: sha,
      by: z.enum(['run', 'kept', 'person']),
      report: report.nullable(),
      unchanged: z.array(repositoryName).optional(),
      ci: ci.optional(),
    }),
  ),
  owed: z.literal(true).optional(),
  hold: hold.optional(),
});

const task = object({
  id: taskId,
  createdAt: time,
  requester: userId,
  requesterName: z.string(),
  origin: object({
    key: z.string(),
    kind: z.enum(['command', 'mention', 'message', 'form']),
    channel: channelId,
    thread: messageTs.nullable(),
  }),
  parts: z.tuple([part], part),
  branch: branchName,
  title: z.string(),
  agent: z.string(),
  model: z.string().nullable(),
  asked: object({ agent: z.string().nullable(), model: z.string().nullable() }).optional(),
  environment: z.string().optional(),
  network: network.optional(),
  blocked: z
    .array(object({ host: z.string(), allowable: z.boolean(), run: count, approvable: z.boolean().optional() }))
    .optional(),
  allowed: z
    .array(object({ host: z.string(), by: userId, byName: z.string(), runs: count, until: count.optional() }))
    .optional(),
  budget,
  spec: z.array(
    object({
      key: z.string(),
      message: messageTs.nullable(),
      author: userId,
      authorName: z.string(),
      trust: z.enum(['steering', 'context']),
      text: z.string(),
      files: z.array(object({ id: opaque, name: opaque, bytes: count })).optional(),
      leftOut: z.string().optional(),
      at: time,
    }),
  ),
  taken: count,
  run: runState,
  spending: spending.default({ run: { ...nothingSpent }, task: { ...nothingSpent }, meters: {} }),
  runs: count,
  attempt: count,
  epoch: count,
  home: engineId.optional(),
  session: z.string().nullable(),
  follows: taskId.nullable(),
});

const stored = object({ schema: z.literal(schemaVersion), task });

export function formatTask(value: Task): string {
  return JSON.stringify({ schema: schemaVersion, numbered: true, task: value });
}

/** Reads a stored task back; throws `stored_data` where this Errand can't read it (written by a newer one, or edited by hand). */
export function parseTask(json: string): Task {
  const result = stored.safeParse(markTouched(upgradeTask(parseJson(json))));
  if (result.success) return result.data.task;
  throw storedData(`a task as JSON of schema ${schemaVersion}`, z.prettifyError(result.error), json);
}

/** Grows when the events of an older Errand no longer lead to the task they are of. */
const eventsVersion = 1;

/** What a task's stream begins with: from here on every event of it is there, and moves it as this version does. */
export function formatFirstEvent({ createdAt }: Task): string {
  return JSON.stringify({ type: 'task_created', at: createdAt, events: eventsVersion });
}

/** Whether a stream still begins with what this version began it with: then its events lead to the task. */
export function eventsAreWhole([first = '']: readonly string[]): boolean {
  return z.object({ type: z.literal('task_created'), events: z.literal(eventsVersion) }).safeParse(parseJson(first))
    .success;
}

const eventTypes = {
  task_created: true,
  message_added: true,
  run_started: true,
  metered: true,
  checkout_prepared: true,
  set_up: true,
  messages_taken: true,
  session_opened: true,
  progressed: true,
  question_asked: true,
  answer_given: true,
  question_expired: true,
  run_finished: true,
  run_failed: true,
  run_delayed: true,
  turn_told: true,
  retried: true,
  stopped: true,
  work_kept: true,
  hosts_blocked: true,
  host_allowed: true,
  hosts_closed: true,
  work_held: true,
  hold_released: true,
  hold_refused: true,
  hold_pushed: true,
  pull_request_opened: true,
  head_moved: true,
  ci_requested: true,
  ci_released: true,
  ci_delayed: true,
  ci_refused: true,
  merge_approved: true,
  merge_refused: true,
  merge_delayed: true,
  pull_request_ready: true,
  pull_request_merged: true,
  pull_request_closed: true,
  time_passed: true,
  continued: true,
} satisfies Record<TaskEventType, true>;

const event = object({ type: z.string().refine((type) => Object.hasOwn(eventTypes, type)), at: time });

const effectTypes = { message: true, ephemeral: true, direct: true, reaction: true, session: true } satisfies Record<
  Effect['type'],
  true
>;
const effect = object({ type: z.string().refine((type) => Object.hasOwn(effectTypes, type)), channel: channelId });

/**
 * Reads an event back. Nothing is decided on stored events, and only this folder writes them: their kind is checked, their
 * details are taken as they were written.
 */
export function parseEvent(json: string): TaskEvent {
  const value = parseJson(json);
  const result = event.safeParse(value);
  if (result.success) return value as TaskEvent;
  throw storedData('an event', z.prettifyError(result.error), json);
}

/** Reads an effect back, as far as `parseEvent` does. */
export function parseEffect(json: string): Effect {
  const value = upgradeEffect(parseJson(json));
  const result = effect.safeParse(value);
  if (result.success) return value as Effect;
  throw storedData('a row of the outbox', z.prettifyError(result.error), json);
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

function storedData(expected: string, found: string, json: string): Problem {
  return new Problem(
    {
      code: 'stored_data',
      sentence: `Errand could not read its own store: expected ${expected}, found ${found.replaceAll('\n', '; ')}.`,
      next: 'Run the version of Errand that wrote it, or restore a backup of Redis.',
    },
    { cause: json.slice(0, 500) },
  );
}
