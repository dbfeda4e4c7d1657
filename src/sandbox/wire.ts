import { z } from 'zod';
import type { ContainerState } from '../task/ports/sandbox.ts';
import { Problem } from '../task/problem.ts';
import {
  folderSchema,
  orderSchema,
  repositorySchema,
  runIdSchema,
  setUpOrderSchema,
  shaSchema,
  taskIdSchema,
} from './order.ts';

/**
 * What a worker may ask of the broker: one JSON object a call, POSTed to `/<name>`. Nothing here can name a mount, a user, a
 * capability or an image reference, and an unknown key is refused.
 */
export const calls = {
  engine: z.strictObject({}),
  ready: z.strictObject({}),
  setUp: setUpOrderSchema,
  start: orderSchema,
  send: z.strictObject({ run: runIdSchema, line: z.unknown() }),
  records: z.strictObject({ run: runIdSchema, after: z.number().int().nonnegative() }),
  state: z.strictObject({ run: runIdSchema }),
  stop: z.strictObject({
    run: runIdSchema,
    graceMs: z.number().int().min(0).max(600_000),
    why: z.literal('stalled').optional(),
  }),
  cpuMs: z.strictObject({ run: runIdSchema }),
  export: z.strictObject({
    run: runIdSchema,
    folder: folderSchema,
    start: shaSchema,
    capBytes: z
      .number()
      .int()
      .positive()
      .max(4 * 1024 ** 3),
  }),
  check: z.strictObject({
    run: runIdSchema,
    folder: folderSchema,
    command: z.string().min(1).max(20_000),
    timeoutMs: z
      .number()
      .int()
      .positive()
      .max(24 * 3_600_000),
  }),
  usage: z.strictObject({ task: taskIdSchema }),
  traffic: z.strictObject({ task: taskIdSchema }),
  blocked: z.strictObject({ task: taskIdSchema }),
  room: z.strictObject({}),
  list: z.strictObject({}),
  remove: z.strictObject({ task: taskIdSchema, workspace: z.boolean() }),
  reap: z.strictObject({ alive: z.array(taskIdSchema), graceMs: z.number().int().nonnegative() }),
} as const;

export type CallName = keyof typeof calls;

/** A call's body is at most this long: a spec with a long thread fits. */
export const maxBodyBytes = 8 * 1024 * 1024;

export const problemSchema = z.object({
  failure: z.object({
    code: z.string(),
    sentence: z.string(),
    next: z.string(),
    printed: z.string().optional(),
  }),
  retry: z.boolean(),
  retryAt: z.number().nullable(),
});

/** One line of the answer to `records`. */
export const recordLineSchema = z.union([
  z.object({ record: z.unknown().refine((value) => value !== undefined) }),
  z.object({ problem: problemSchema }),
  z.object({ end: z.literal(true) }),
]);

const stateSchema: z.ZodType<ContainerState> = z.union([
  z.object({ type: z.literal('absent') }),
  z.object({ type: z.literal('running') }),
  z.object({
    type: z.literal('exited'),
    code: z.number(),
    outOfMemory: z.boolean(),
    timedOut: z.boolean(),
    outOfDisk: z.boolean().optional(),
    stalled: z.boolean().optional(),
  }),
]);

export const setUpsSchema = z.array(
  z.object({
    repository: repositorySchema,
    kind: z.enum(['setup', 'maintenance']),
    durationMs: z.number(),
    changed: z.array(z.string()),
  }),
);

export const answers = {
  engine: z.string(),
  state: stateSchema,
  setUp: setUpsSchema,
  cpuMs: z.number().nullable(),
  export: z.string().nullable(),
  check: z.object({ command: z.string(), exitCode: z.number(), durationMs: z.number() }),
  usage: z
    .object({
      meter: z.string(),
      inputTokens: z.number(),
      outputTokens: z.number(),
      usd: z.number().nullable(),
      usdAtMost: z.number(),
    })
    .nullable(),
  traffic: z
    .object({
      meter: z.string(),
      modelSent: z.number(),
      modelReceived: z.number(),
      hostSent: z.number(),
      hostReceived: z.number(),
    })
    .nullable(),
  blocked: z.array(z.object({ host: z.string(), allowable: z.boolean() })),
  room: z.array(
    z.object({
      path: z.string(),
      freeBytes: z.number(),
      totalBytes: z.number(),
      lacks: z.enum(['space', 'names']).nullable(),
    }),
  ),
  list: z.array(z.object({ task: taskIdSchema, run: runIdSchema, running: z.boolean() })),
  reap: z.array(taskIdSchema),
} as const;

/** A `Problem` as JSON; any other error becomes one that says as little as it must. */
export function toWire(error: unknown): z.infer<typeof problemSchema> {
  if (error instanceof Problem) {
    return { failure: error.failure, retry: error.retry, retryAt: error.retryAt };
  }
  return {
    failure: {
      code: 'broker_error',
      sentence: 'The sandbox broker met an error that it has no word for.',
      next: 'Look into its log; the step is tried again.',
    },
    retry: true,
    retryAt: null,
  };
}

export function fromWire(wire: z.infer<typeof problemSchema>): Problem {
  return new Problem(wire.failure, { retry: wire.retry, retryAt: wire.retryAt });
}
