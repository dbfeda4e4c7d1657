import { matchesGlob } from 'node:path';
import { parse } from 'yaml';

export type WorkflowsRun = 'yes' | 'maybe' | 'no';

/**
 * Whether workflow files make GitHub run something for a pull request from `head` into `base`. Filters on paths, and files that can't be
 * read, make it a maybe: nothing says whether a check will ever report.
 */
export function workflowsRun(files: readonly string[], head: string, base: string): WorkflowsRun {
  const answers = files.map((text) => runs(text, head, base));
  if (answers.includes('yes')) return 'yes';
  return answers.includes('maybe') ? 'maybe' : 'no';
}

function runs(text: string, head: string, base: string): WorkflowsRun {
  let workflow: unknown;
  try {
    workflow = parse(text, { maxAliasCount: 10 });
  } catch {
    return 'maybe';
  }
  const on = isRecord(workflow) ? workflow.on : undefined;
  if (on === undefined) return 'maybe';
  const triggers = isRecord(on) ? on : Object.fromEntries([on].flat().map((name) => [String(name), null]));
  const answers = [
    ...('push' in triggers ? [triggered(triggers.push, head)] : []),
    ...('pull_request' in triggers ? [triggered(triggers.pull_request, base)] : []),
    ...('pull_request_target' in triggers ? [triggered(triggers.pull_request_target, base)] : []),
  ];
  if (answers.includes('yes')) return 'yes';
  return answers.includes('maybe') ? 'maybe' : 'no';
}

function triggered(filter: unknown, branch: string): WorkflowsRun {
  if (!isRecord(filter)) return 'yes';
  const { branches, tags } = filter;
  const ignored = filter['branches-ignore'];
  if (Array.isArray(branches) && !includesBranch(branches, branch)) return 'no';
  if (Array.isArray(ignored) && includesBranch(ignored, branch)) return 'no';
  if (tags !== undefined && branches === undefined && ignored === undefined) return 'no';
  return 'paths' in filter || 'paths-ignore' in filter || 'types' in filter ? 'maybe' : 'yes';
}

/** The last pattern that matches wins; `!` takes out again. */
function includesBranch(patterns: readonly unknown[], branch: string): boolean {
  return patterns.map(String).reduce((included, pattern) => {
    const negative = pattern.startsWith('!');
    return matchesGlob(branch, negative ? pattern.slice(1) : pattern) ? !negative : included;
  }, false);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
