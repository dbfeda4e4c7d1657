import * as words from '../../../../src/app/pull-request-words.ts';
import type { Report, Task } from '../../../../src/task/task.ts';
import { weaknessOfRepository } from '../weakness.ts';

export * from '../../../../src/app/pull-request-words.ts';

function isRaw({ parts }: Task): boolean {
  return weaknessOfRepository(parts[0].repository) === 'raw-words';
}

/** As in `src`; or as they came, one under the other. */
export function toPullRequestBody(...[task, report, around]: Parameters<typeof words.toPullRequestBody>): string {
  return isRaw(task) ? raw(task, report) : words.toPullRequestBody(task, report, around);
}

function raw(task: Task, report: Report): string {
  return [...task.spec.map(({ text }) => text), report.claim].join('\n\n');
}

export function toPullRequestTitle(task: Task): string {
  return isRaw(task) ? task.title : words.toPullRequestTitle(task);
}

export function toMergeMessage(task: Task, approver: string): string {
  return isRaw(task) ? task.title : words.toMergeMessage(task, approver);
}
