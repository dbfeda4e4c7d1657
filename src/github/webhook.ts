import { z } from 'zod';
import { parseBranchName, parseRepositoryName } from '../task/ids.ts';
import type { Hint } from '../task/ports/forge.ts';

const named = z.object({ name: z.string() });
const repository = z.object({ full_name: z.string() });
const headed = z.object({ head: z.object({ ref: z.string() }) });
const suite = z.object({ head_branch: z.string().nullish() });

/** Of each event only where to look: a branch. Whatever else a delivery says is asked of GitHub itself. */
const events: Readonly<Record<string, z.ZodType<{ of: Hint['of']; branches: (string | null | undefined)[] }>>> = {
  pull_request: z
    .object({ pull_request: headed })
    .transform(({ pull_request }) => ({ of: 'pull', branches: [pull_request.head.ref] })),
  pull_request_review: z
    .object({ pull_request: headed })
    .transform(({ pull_request }) => ({ of: 'rules', branches: [pull_request.head.ref] })),
  push: z.object({ ref: z.string() }).transform(({ ref }) => ({
    of: 'pull',
    branches: ref.startsWith('refs/heads/') ? [ref.slice('refs/heads/'.length)] : [],
  })),
  check_run: z
    .object({ check_run: z.object({ check_suite: suite.nullish() }) })
    .transform(({ check_run }) => ({ of: 'rules', branches: [check_run.check_suite?.head_branch] })),
  check_suite: z
    .object({ check_suite: suite })
    .transform(({ check_suite }) => ({ of: 'rules', branches: [check_suite.head_branch] })),
  status: z
    .object({ branches: z.array(named) })
    .transform(({ branches }) => ({ of: 'rules', branches: branches.map(({ name }) => name) })),
};

const branchesOf = new Map(Object.entries(events));

/** Where to look after a delivery; null where it is of nothing that Errand follows, or not as GitHub writes it. */
export function readWebhook(event: string, payload: unknown): Hint | null {
  const found = branchesOf.get(event)?.safeParse(payload).data;
  const name = z.object({ repository }).safeParse(payload).data?.repository.full_name;
  const where = name === undefined ? undefined : parseRepositoryName(name);
  if (found === undefined || where === undefined) return null;
  const branches = found.branches.flatMap((each) => parseBranchName(each ?? '') ?? []);
  return branches.length === 0 ? null : { repository: where, of: found.of, branches };
}
