import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { LedgerEntry } from '../../src/local/forge/state.ts';
import type { Ended, Ground } from './errand.ts';
import { repositories } from './plan.ts';

const run = promisify(execFile);

/** Writes that the forge accepted, gathered as they come: it forgets the oldest. */
export class Writes {
  readonly #all: LedgerEntry[] = [];

  gather(ledger: readonly LedgerEntry[]): void {
    const last = this.#all.at(-1)?.n ?? 0;
    this.#all.push(...ledger.filter(({ n }) => n > last));
  }

  get all(): readonly LedgerEntry[] {
    return this.#all;
  }
}

/** What is wrong, as the ledgers of the local Slack and the local forge have it; nothing where each request ended once, and told so once. */
export async function judge(ground: Ground, writes: Writes, endings: readonly Ended[]): Promise<readonly string[]> {
  return [
    ...endings.flatMap(({ title, outcome, missing }) =>
      outcome === null ? [`${title}: waited in vain for ${missing}`] : [],
    ),
    ...saidWrong(ground, endings),
    ...(await madeWrong(ground, writes, endings)),
  ];
}

function saidWrong({ threads, errand }: Ground, endings: readonly Ended[]): readonly string[] {
  const wrong: string[] = [];
  const roots = new Map<string, number>();
  for (const [lane, posts] of threads.all()) {
    const counts = new Map<string, number>();
    for (const { key } of posts) counts.set(key, (counts.get(key) ?? 0) + 1);
    for (const [key, times] of counts) if (times > 1) wrong.push(`${lane}: “${key}” was posted ${times} times`);
    if (counts.has('root')) roots.set(lane, 1);
  }
  for (const { title, planned, outcome } of endings) {
    const gates = threads.of(title, 'gate-').length;
    const ends = threads.of(title, 'ending-').length;
    const merged = threads.of(title, 'merged').length;
    const runs = planned.kind === 'follow' && outcome !== 'failed' && outcome !== 'stopped' ? [1, 2] : [1];
    if (outcome !== null && !runs.includes(gates + ends)) wrong.push(`${title}: ${gates + ends} outcomes of runs told`);
    if (merged !== (outcome === 'merged' ? 1 : 0)) wrong.push(`${title}: ${merged} merges told`);
  }
  if (threads.unmarked > 0) wrong.push(`${threads.unmarked} messages have no mark`);
  const asked = errand.slack.store.workspace.messages.filter(({ text }) => /^<@\w+> repo:/.test(text)).length;
  if (roots.size < asked) wrong.push(`${asked} mentions, and ${roots.size} root messages`);
  return wrong;
}

async function madeWrong({ errand, threads }: Ground, writes: Writes, endings: readonly Ended[]): Promise<string[]> {
  const wrong: string[] = [];
  const { control } = errand.forge;
  for (const repository of repositories) {
    const { pulls } = await control.viewRepository(repository);
    const path = join(errand.dataDir, 'forge/repositories', `${repository}.git`);
    const { stdout: log } = await run('git', ['-C', path, 'log', '--format=%s', 'main']);
    const heads = new Map<string, number>();
    for (const { head } of pulls) heads.set(head, (heads.get(head) ?? 0) + 1);
    for (const [head, times] of heads) if (times > 1) wrong.push(`${repository}: ${times} pull requests of ${head}`);
    const made = new Map<string, number>();
    for (const { what, before, repository: where } of writes.all) {
      if (where !== repository || before !== null || !what.startsWith('refs/heads/errand/')) continue;
      const task = what.slice('refs/heads/errand/'.length).split('-')[0] ?? '';
      made.set(task, (made.get(task) ?? 0) + 1);
    }
    for (const [task, times] of made) if (times > 1) wrong.push(`${repository}: ${times} branches of ${task}`);
    for (const { title, planned, outcome } of endings) {
      if (planned.repository !== repository) continue;
      const merges = log.split('\n').filter((line) => line.includes(`${title}.`) || line.includes(`${title} (`)).length;
      if (merges !== (outcome === 'merged' ? 1 : 0)) wrong.push(`${title}: ${merges} merges in ${repository}`);
      const mine = pulls.filter(({ head }) => head.startsWith(`errand/${threads.task(title)}-`));
      const open = mine.filter(({ state }) => state === 'open').length;
      if (outcome !== null && outcome !== 'stopped' && open > 0)
        wrong.push(`${title}: ended ${outcome}, and its pull request is open`);
    }
  }
  return wrong;
}
