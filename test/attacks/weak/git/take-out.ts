import { must } from '../../../../src/git/git.ts';
import { countLines } from '../../../../src/git/size.ts';
import { takeOut as take } from '../../../../src/git/take-out.ts';
import { parseSha } from '../../../../src/task/ids.ts';
import { weaknessOfTask } from '../weakness.ts';

export * from '../../../../src/git/take-out.ts';

const nothing = { findings: [], count: 0 };

export async function takeOut(...[free, order]: Parameters<typeof take>): ReturnType<typeof take> {
  const weakness = weaknessOfTask(order.task);
  if (weakness === 'trusting-import') return await fetchAll(free, order);
  const taken = await take(free, order);
  return taken !== null && weakness === 'secrets-pass' ? { ...taken, secrets: nothing } : taken;
}

/** What is in the bundle is taken over as it is, with all its references. */
async function fetchAll(...[git, { bundle, start, taskRepository }]: Parameters<typeof take>): ReturnType<typeof take> {
  const at = { gitDir: taskRepository, config: [['protocol.file.allow', 'always'] as const] };
  const refs = ['+refs/*:refs/agent/*', '+HEAD:refs/agent/HEAD'];
  await must(git, ['fetch', '--quiet', '--no-write-fetch-head', '--', bundle, ...refs], at);
  const head = parseSha(await must(git, ['rev-parse', 'refs/agent/HEAD'], at));
  if (head === undefined) throw new Error('The bundle has no HEAD');
  return { head, files: await countLines(git, at, start, head), sensitive: [], secrets: nothing };
}
