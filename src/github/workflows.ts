import { parse } from 'yaml';
import {
  eventsOf,
  strongest,
  type WorkflowEvents,
  type WorkflowRuns,
  type WorkflowsRun,
  workflowRuns,
} from '../task/workflows.ts';

/** Whether workflow files make GitHub run something for a pull request from `head` into `base`. */
export function workflowsRun(files: readonly string[], head: string, base: string): WorkflowsRun {
  const { markable, target } = runsOf(files, head, base);
  return strongest([markable, target]);
}

/** The same, by what a mark in the commit's message holds and what it doesn't. */
export function runsOf(files: readonly string[], head: string, base: string): WorkflowRuns {
  return workflowRuns(files.map(read), head, base);
}

function read(text: string): WorkflowEvents {
  try {
    return eventsOf(parse(text, { maxAliasCount: 10 }));
  } catch {
    return null;
  }
}
