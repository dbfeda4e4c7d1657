import { realpath } from 'node:fs/promises';
import { isAbsolute, normalize, sep } from 'node:path';
import { z } from 'zod';
import {
  type BranchName,
  parseBranchName,
  parseRepositoryName,
  parseRunId,
  parseSha,
  parseTaskId,
  type RepositoryName,
  type RunId,
  type Sha,
  type TaskId,
} from '../task/ids.ts';
import type { Limits, RunOrder } from '../task/ports/sandbox.ts';
import { Problem } from '../task/problem.ts';
import { absent } from './files.ts';

const parsed = <T>(parse: (text: string) => T | undefined) =>
  z.custom<T>((value) => typeof value === 'string' && parse(value) !== undefined);

export const taskIdSchema = parsed<TaskId>(parseTaskId);
export const runIdSchema = parsed<RunId>(parseRunId);
export const repositorySchema = parsed<RepositoryName>(parseRepositoryName);
export const shaSchema = parsed<Sha>(parseSha);

/** Where a checkout lies below the workspace: nothing that leads out of it, or that a shell reads as more than a name. */
export const folderSchema = z
  .string()
  .max(200)
  .regex(/^(?:repo|repos\/[a-z0-9_-][a-z0-9._-]*)$/);

export const limitsSchema = z.strictObject({
  memoryBytes: z
    .number()
    .int()
    .min(6 * 1024 * 1024),
  cpus: z.number().positive(),
  pids: z.number().int().positive(),
  workspaceBytes: z
    .number()
    .int()
    .min(16 * 1024 * 1024),
  runMs: z.number().int().positive(),
});

/** What may be asked for; a key that isn't listed is a mistake or worse, and refused. */
export const orderSchema = z
  .strictObject({
    task: taskIdSchema,
    run: runIdSchema,
    image: z.string().min(1).max(200),
    repositories: z.array(z.string().min(1).max(1000)).max(16),
    limits: limitsSchema,
    policy: z.strictObject({
      providers: z.array(z.string().min(1).max(100)).max(50),
      allow: z.array(z.string().min(1).max(253)).max(1000),
      open: z.boolean().default(false),
      registries: z.boolean().default(false),
      budgetUsd: z.number().nonnegative().nullable(),
      budgetTokens: z.number().nonnegative().nullable(),
      unpriced: z.enum(['dearest', 'tokens']),
      dummyKey: z.string().max(500),
      mcp: z
        .array(
          z.strictObject({ name: z.string().min(1).max(40), tools: z.array(z.string().max(200)).max(500).nullable() }),
        )
        .max(50)
        .default([]),
    }),
  })
  .refine((order) => taskOf(order.run) === order.task, 'the run is another task’s');

const scriptSchema = z.string().min(1).max(20_000);

/** What may be asked for before a run. */
export const setUpOrderSchema = z
  .strictObject({
    task: taskIdSchema,
    run: runIdSchema,
    image: z.string().min(1).max(200),
    repositories: z.array(z.string().min(1).max(1000)).max(16),
    limits: limitsSchema,
    parts: z
      .array(
        z.strictObject({
          repository: repositorySchema,
          folder: folderSchema,
          from: z.string().min(1).max(1000),
          branch: parsed<BranchName>(parseBranchName),
          base: shaSchema,
          start: shaSchema,
          setup: z.strictObject({ script: scriptSchema, secrets: z.array(z.string().max(64)).max(20) }).nullable(),
          maintenance: scriptSchema.nullable(),
        }),
      )
      .min(1)
      .max(16),
  })
  .refine((order) => taskOf(order.run) === order.task, 'the run is another task’s')
  .refine(
    ({ parts, repositories }) => parts.every(({ from }) => repositories.includes(from)),
    'a checkout is from a repository that is not mounted',
  );

/** The task that a run belongs to. */
export function taskOf(run: RunId): TaskId {
  return run.slice(0, run.lastIndexOf('-r')) as TaskId;
}

/** What the operator allows, whoever asks. */
export interface Rules {
  /** Image references by key. */
  readonly images: Readonly<Record<string, string>>;
  /** Directories below which a repository may lie. */
  readonly repositoryDirs: readonly string[];
  readonly maxLimits: Limits;
}

export interface Admitted {
  readonly image: string;
  readonly repositories: readonly { readonly source: string; readonly target: string }[];
  readonly limits: Limits;
}

/** Resolves an order by the operator's rules: caps its limits, and throws a `Problem` for an unknown image or a path elsewhere. */
export async function admit(order: Omit<RunOrder, 'policy'>, rules: Rules): Promise<Admitted> {
  const image = Object.hasOwn(rules.images, order.image) ? rules.images[order.image] : undefined;
  if (image === undefined) {
    throw refusal(
      `the image ${JSON.stringify(order.image)}, which the operator has not listed`,
      'Name one that is listed.',
    );
  }
  const roots = await Promise.all(
    rules.repositoryDirs.map(async (dir) => ({ given: dir, real: await realpath(dir).catch(absent) })),
  );
  const repositories = await Promise.all(
    order.repositories.map(async (target) => {
      const source = await realpath(target).catch(absent);
      // Both names must lie inside: the one is mounted, the other is where it appears.
      const inside = roots.some(
        ({ given, real }) =>
          source !== undefined && real !== undefined && isBelow(source, real) && isBelow(target, given),
      );
      if (source === undefined || !inside) {
        throw refusal(`the repository ${target}, which is not in the data folder`, 'Look into the log of the worker.');
      }
      return { source, target };
    }),
  );
  const { limits } = order;
  const max = rules.maxLimits;
  return {
    image,
    repositories,
    limits: {
      memoryBytes: Math.min(limits.memoryBytes, max.memoryBytes),
      cpus: Math.min(limits.cpus, max.cpus),
      pids: Math.min(limits.pids, max.pids),
      workspaceBytes: Math.min(limits.workspaceBytes, max.workspaceBytes),
      runMs: Math.min(limits.runMs, max.runMs),
    },
  };
}

function isBelow(path: string, directory: string): boolean {
  return isAbsolute(path) && normalize(path) === path && path.startsWith(directory + sep);
}

function refusal(what: string, next: string): Problem {
  return new Problem({ code: 'order_refused', sentence: `The sandbox broker was asked for ${what}.`, next });
}
