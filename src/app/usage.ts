import { isListed } from '../task/policy.ts';
import type { DaySpent } from '../task/ports/ledger.ts';
import type { Allotment, Said, SpentRow } from '../task/said.ts';
import { dayOf, lastDays } from '../task/spending.ts';
import type { Answer, Asked } from '../task/use-cases.ts';
import type { BotDeps } from './deps.ts';
import { groupsOf, mayAsk, say } from './people.ts';

const shownDays = 7;
/** Of people, repositories and agents, the ones that cost most; a table in a message stays readable to some twenty rows. */
const shownRows = 4;

/**
 * What was spent: today, beside the limits, by whoever asks and by everybody; and in the last seven days. Who may approve merges sees
 * all of it, by person, repository and agent; others see their own.
 */
export async function usage(deps: BotDeps, asked: Asked): Promise<Answer> {
  const { failure } = await mayAsk(deps, asked.by);
  if (failure !== null) return say(failure);
  const { day: limits, approvers } = deps.policy;
  const at = deps.clock.now();
  const today = dayOf(at, limits);
  const days = lastDays(at, shownDays, limits);
  const [standing, spent, groups] = await Promise.all([
    deps.ledger.standing(today, asked.by),
    deps.ledger.days(days),
    groupsOf(deps, [approvers]),
  ]);
  const whose = isListed(approvers, asked.by, groups) ? 'everybody' : 'mine';
  const seen = whose === 'everybody' ? spent : spent.filter(({ person }) => person === asked.by);
  const dearest = (nameOf: (each: DaySpent) => string) =>
    sums(seen, nameOf)
      .toSorted((one, other) => other.usdAtMost - one.usdAtMost || other.tokens - one.tokens)
      .slice(0, shownRows);
  const allotment = (who: 'person' | 'everybody'): Allotment => ({ limit: limits[who], ...standing[who] });
  const said: Said = {
    type: 'usage',
    timeZone: limits.timeZone,
    mine: allotment('person'),
    everybody: allotment('everybody'),
    whose,
    days: sums(seen, ({ day }) => day).toSorted((one, other) => other.name.localeCompare(one.name)),
    people: whose === 'everybody' ? dearest(({ person }) => person) : [],
    repositories: dearest(({ repository }) => repository),
    agents: dearest(({ agent }) => agent),
  };
  return { type: 'say', said };
}

type Sum = SpentRow & { readonly usdAtMost: number };

function sums(spent: readonly DaySpent[], nameOf: (each: DaySpent) => string): Sum[] {
  const rows = new Map<string, Sum>();
  for (const each of spent) {
    const name = nameOf(each);
    const before = rows.get(name) ?? { name, usd: 0, tokens: 0, unpricedTokens: 0, usdAtMost: 0 };
    rows.set(name, {
      name,
      usd: before.usd + each.usd,
      tokens: before.tokens + each.inputTokens + each.outputTokens,
      unpricedTokens: before.unpricedTokens + each.unpricedTokens,
      usdAtMost: before.usdAtMost + each.usdAtMost,
    });
  }
  return [...rows.values()];
}
