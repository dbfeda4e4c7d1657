import type { PartCheckout } from '../task/events.ts';
import type { Task } from '../task/task.ts';
import type { Attendance } from './attendance.ts';

/**
 * What a run is given: a checkout of each repository, all of one moment. Throws the first `Problem`: a run without one of its
 * repositories is no run.
 */
export async function prepareParts({ deps, signal }: Attendance, task: Task): Promise<readonly PartCheckout[]> {
  const at = deps.clock.now();
  return Promise.all(
    task.parts.map(async (part, index) => {
      const { repository, base } = part;
      const order = { task: task.id, part: index, repository, base, branch: task.branch, signal };
      const { baseBranch, base: baseHead, start, remote, repositories, rules } = await deps.repositories.prepare(order);
      const { checks, allow } = rules;
      const policy = deps.policy.repositories.find(({ name }) => name === repository);
      const draft = policy?.draft ?? rules.pullRequest.draft;
      const commits = { at, baseBranch, base: baseHead, start, remote };
      return { repository, checkout: { ...commits, checks, allow, repositories, draft } };
    }),
  );
}
