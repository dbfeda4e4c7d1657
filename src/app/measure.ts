import type { RunnerResult } from '../../sandbox/protocol.ts';
import type { RepositoryName, Sha } from '../task/ids.ts';
import type { PreparedPart } from '../task/parts.ts';
import { withoutSecrets } from '../task/secrets.ts';
import type { ChangeSize, Check, Report, Task } from '../task/task.ts';
import type { Attendance } from './attendance.ts';
import { blockedByWork } from './blocked.ts';
import type { Work } from './take-out.ts';

const checkDeadlineMs = 10 * 60_000;

/** What a run left behind: of all its repositories together, and of each. */
export interface Measured {
  readonly whole: Report;
  of(repository: RepositoryName): Report;
}

/** Runs the checks of each changed repository in its checkout, where `checked`, and adds up what the run took. */
export async function measure(
  { deps, run }: Attendance,
  task: Task,
  options: {
    works: readonly Work[];
    /** What goes up for review. */
    heads: readonly { readonly part: PreparedPart; readonly head: Sha }[];
    result: RunnerResult | null;
    startedAt: number;
    checked: boolean;
    spending: Pick<Report, 'usage' | 'total'>;
  },
): Promise<Measured> {
  const { works, heads, result, startedAt, checked, spending } = options;
  const found = new Map<RepositoryName, Pick<Report, 'checks' | 'files' | 'sensitive'>>();
  for (const { part, imported } of works) {
    if (imported === null) continue;
    const { repository, folder, checkout } = part;
    const checks: Check[] = [];
    for (const command of checked ? checkout.checks : []) {
      checks.push(await deps.sandbox.check(run, { folder, command }, checkDeadlineMs));
    }
    found.set(repository, { checks, files: imported.files, sensitive: imported.sensitive });
  }
  const wholes = new Map<RepositoryName, ChangeSize>();
  for (const { part, head } of heads) {
    const { repository, index, checkout } = part;
    const { base, start } = checkout;
    // What a run made of the base itself is all there is.
    if (start === base && head !== start) continue;
    wholes.set(repository, await deps.repositories.size({ task: task.id, part: index, base, head }));
  }
  const common = {
    claim: result?.type === 'finished' ? withoutSecrets(result.claim) : '',
    usage: spending.usage,
    total: spending.total,
    durationMs: deps.clock.now() - startedAt,
    blocked: (await blockedByWork(deps, task)).map(({ host }) => host),
  };
  const each = [...found.values()];
  return {
    whole: {
      ...common,
      checks: each.flatMap(({ checks }) => checks),
      files: each.flatMap(({ files }) => files),
      sensitive: each.flatMap(({ sensitive }) => sensitive),
    },
    of: (repository) => {
      const whole = wholes.get(repository);
      const own = found.get(repository) ?? { checks: [], files: [], sensitive: [] };
      return { ...common, ...own, ...(whole === undefined ? {} : { whole }) };
    },
  };
}
