import type { RepositoryName } from '../task/ids.ts';
import { hasEnded, isOver, partIn } from '../task/parts.ts';
import type { Failure, Task } from '../task/task.ts';

/** Why a run of this task would be for nothing: all of its pull requests have ended. */
export function overtakenBy(task: Task): Failure | null {
  if (!isOver(task)) return null;
  const ended = task.parts.find(({ pull }) => hasEnded(pull));
  return ended === undefined ? null : overtakenIn(task, ended.repository);
}

/** A pull request that ended while a run was at work takes no more commits. */
export function overtakenIn(task: Task, repository: RepositoryName): Failure | null {
  const pull = partIn(task, repository)?.pull;
  if (pull === undefined || !hasEnded(pull)) return null;
  const { number } = pull.pull;
  const code = 'pull_request_ended';
  if (isOver(task)) {
    const sentence = `Pull request ${number} was ${pull.type} while this run was at work, so nothing was added to it.`;
    return { code, sentence, next: 'Reply in the thread to start a task that continues it.' };
  }
  const sentence = `Pull request ${number} was ${pull.type} before this run was through, so nothing was added to it.`;
  return { code, sentence, next: 'Reply once the others have ended too: that starts a task which continues them all.' };
}
