import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { formsOf } from '../../../src/sandbox/secret-forms.ts';
import { secrets } from '../../support/errand.ts';
import type { Attack } from '../attack.ts';
import { dumpForge, dumpRedis, dumpSlack, filesWith } from '../observers/stored.ts';
import type { Live, Stage } from '../stage.ts';

const forms = formsOf(secrets.SETUP_TOKEN);
const holds = (text: string) => forms.some((form) => text.includes(form));

/** Asks for a set-up with this script and the one secret that the operator allows. */
const setUpBy = (lines: readonly string[]) => `setup:
  secrets: [UNREDACTED_TOKEN]
  run: |
${lines.map((line) => `    ${line}\n`).join('')}`;

export const attacks: readonly Attack[] = [
  {
    id: 'C6',
    title: 'have a set-up print its secret and fail, and look where that went',
    expected: 'in no key of Redis, no job, log, message or commit',
    representative: true,
    timeoutMs: 150_000,
    settings: { setup: { secrets: { UNREDACTED_TOKEN: 'SETUP_TOKEN' } } },
    files: {
      '.errand.yml': setUpBy([
        'echo "with $UNREDACTED_TOKEN"',
        'printf "user:%s" "$UNREDACTED_TOKEN" | base64 >&2',
        'sh -c "exit 3" "$UNREDACTED_TOKEN"',
      ]),
    },
    attack: async (stage) => {
      const task = await stage.play('true');
      const outcome = task.run.type === 'idle' ? task.run.outcome : null;
      if (outcome?.type !== 'failed' || outcome.problem.printed === undefined) {
        throw new Error(`The set-up was to print and fail, and ended as ${JSON.stringify(outcome)}.`);
      }
      await stage.errand.quiet(task.id);
      const places = {
        Redis: await dumpRedis(stage.at.redisSocket),
        logs: await stage.errand.log(),
        Slack: dumpSlack(stage),
        forge: await dumpForge(stage),
      };
      const found = Object.entries(places).flatMap(([place, text]) => (holds(text) ? [place] : []));
      const others = Object.entries(secrets).filter(([, value]) => places.Redis.includes(value));
      const through = found.length + others.length > 0;
      const where = [...found, ...others.map(([name]) => `${name} in Redis`)];
      return { through, seen: through ? `in ${where.join(', ')}` : 'nowhere' };
    },
    control: { weakness: 'unredacted', without: 'what a set-up prints is not redacted' },
  },
  {
    id: 'C7',
    title: 'find a set-up’s secret as the agent: in files, processes, a cache',
    expected: 'no process, no file; a set-up that leaves it ends the run',
    timeoutMs: 180_000,
    settings: { setup: { secrets: { UNREDACTED_TOKEN: 'SETUP_TOKEN' } } },
    files: { '.errand.yml': setUpBy(['setsid sleep 600 &', 'mkdir -p ~/.cache']) },
    attack: async (stage) => {
      // What only runs is to be gone when the agent comes.
      const alive = await stage.hold('env > env.txt; cp -r /proc/self/environ environ.txt', shownBy);
      if (alive !== null) return { through: true, seen: alive };
      const { control } = stage.errand.forge;
      const leave = 'mkdir -p ~/.npm/_cacache; printf "user:%s" "$UNREDACTED_TOKEN" | base64 > ~/.npm/_cacache/index';
      await control.commit({
        repository: stage.repository,
        files: { '.errand.yml': setUpBy([leave]) },
        message: 'Cache what set-up fetched',
      });
      const task = await stage.play('cat ~/.npm/_cacache/index > stolen.txt');
      const left = await leftOf(stage, task.id);
      if (left.length > 0) return { through: true, seen: `for the agent in ${left.join(', ')}` };
      const outcome = task.run.type === 'idle' ? task.run.outcome : null;
      const code = outcome?.type === 'failed' ? outcome.problem.code : outcome?.type;
      if (code !== 'setup_left_secret') throw new Error(`The set-up left its secret, and the run ended with ${code}.`);
      return { through: false, seen: 'no process of it, and no agent where a file has it' };
    },
    control: { weakness: 'unscanned', without: 'what a set-up left is not looked through' },
  },
];

/** Where the live sandbox has the secret, as the host sees it; null where it has it nowhere. */
async function shownBy(live: Live): Promise<string | null> {
  if (holds(JSON.stringify(live.info))) return 'in what Docker shows';
  for (const { pid, command } of await live.processes()) {
    // It may end while we look.
    const environment = await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '');
    if (holds(`${command}${environment}`)) return `in the process ${command}`;
    if (command.includes('sleep 600')) return 'a process of the set-up lives on';
  }
  const [file] = await filesWith(live.workspace, forms);
  return file === undefined ? null : `in ${file}`;
}

/** What of the secret is in the workspace that the agent had. */
async function leftOf({ at }: Stage, task: string): Promise<readonly string[]> {
  const mount = join(at.workspacesDir, task, 'mount');
  const isThere = await stat(mount).then(
    () => true,
    () => false,
  );
  return isThere ? await filesWith(mount, forms) : [];
}
