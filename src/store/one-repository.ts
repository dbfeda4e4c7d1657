import { z } from 'zod';

/**
 * What an older Errand stored, mostly one that knew tasks of one repository only, as this one stores it. Only shapes are changed here; whether the
 * values are any good is for the reader's own schema to say.
 */

const fields = z.record(z.string(), z.unknown());
const oldTask = z.looseObject({
  repository: z.string(),
  base: z.unknown(),
  checkout: z.unknown(),
  pull: z.unknown(),
  results: z.unknown(),
  run: z.looseObject({ outcome: fields.nullish() }),
});

/** A stored task of schema 1 as one of schema 2; anything else as it is. */
export function upgradeTask(stored: unknown): unknown {
  const old = z.looseObject({ schema: z.literal(1), task: oldTask }).safeParse(stored);
  if (!old.success) return stored;
  const { repository, base, checkout, pull, results, run, ...rest } = old.data.task;
  const { outcome } = run;
  const upgraded = outcome == null ? run : { ...run, outcome: upgradeOutcome(outcome, repository) };
  return { schema: 2, task: { ...rest, parts: [{ repository, base, checkout, pull, results }], run: upgraded } };
}

function upgradeOutcome(outcome: Record<string, unknown>, repository: string): Record<string, unknown> {
  const { head, report, kept, ...rest } = outcome;
  if (rest.type === 'changed') return { ...rest, changes: [{ repository, head, report }], missing: [] };
  const heads = typeof kept === 'string' ? [{ repository, head: kept }] : (kept ?? []);
  return 'kept' in outcome ? { ...outcome, kept: heads } : outcome;
}

const oldLine = z.looseObject({ repository: z.string(), base: z.string().nullable() });
const oldSaid = z.looseObject({
  type: z.string(),
  task: oldLine,
  status: z.unknown().optional(),
  outcome: z.unknown().optional(),
});
const oldListed = z.looseObject({ task: oldLine, status: fields });

/** An effect as an older Errand wrote it, as this one does; anything else as it is. */
export function upgradeEffect(effect: unknown): unknown {
  const shown = z.looseObject({ said: fields }).safeParse(effect);
  return shown.success ? { ...shown.data, said: upgradeSaid(shown.data.said) } : effect;
}

const oldReport = z.looseObject({ sensitive: z.array(z.string()) });

/** Paths to look at came without their reason once. */
function upgradeSaid(said: Record<string, unknown>): unknown {
  const report = oldReport.safeParse(said.report).data;
  if (report === undefined) return upgradeParts(said);
  const sensitive = report.sensitive.map((path) => ({ path, why: '' }));
  return upgradeParts({ ...said, report: { ...report, sensitive } });
}

function upgradeParts(said: Record<string, unknown>): unknown {
  if (said.type === 'list') {
    const tasks = z.array(z.unknown()).safeParse(said.tasks).data ?? [];
    return { ...said, tasks: tasks.map(upgradeListed) };
  }
  const old = oldSaid.safeParse(said);
  if (!old.success) return said;
  const { task, type } = old.data;
  const part = { repository: task.repository, base: task.base };
  const now = { ...old.data, task: upgradeLine(task) };
  if (type === 'result') return { ...now, part, unchanged: [] };
  if (type === 'merged') return { ...now, part };
  if (type === 'root') return { ...now, status: upgradeStatus(now.status, part.repository) };
  if (type !== 'ending') return now;
  return { ...now, outcome: upgradeOutcome(fields.parse(now.outcome), part.repository) };
}

function upgradeListed(listed: unknown): unknown {
  const old = oldListed.safeParse(listed);
  if (!old.success) return listed;
  const { task, status } = old.data;
  return { ...old.data, task: upgradeLine(task), status: upgradeStatus(status, task.repository) };
}

function upgradeLine({ repository, base, ...rest }: z.output<typeof oldLine>): unknown {
  return { ...rest, parts: [{ repository, base }] };
}

const states: Readonly<Record<string, string>> = {
  'Ready for review': 'open',
  Merging: 'merging',
  Merged: 'merged',
  Closed: 'closed',
};

function upgradeStatus(status: unknown, repository: string): unknown {
  const old = z.object({ word: z.string(), number: z.number(), by: z.string().nullish() }).safeParse(status);
  const state = old.success ? states[old.data.word] : undefined;
  if (!old.success || state === undefined) return status;
  const { word, number, by } = old.data;
  return { word, pulls: [{ repository, number, state }], by: by == null ? [] : [by], failed: [] };
}
