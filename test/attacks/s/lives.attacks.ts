import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { stringify } from 'yaml';
import { UnixProxy } from '../../support/unix-proxy.ts';
import type { Attack, Verdict } from '../attack.ts';
import { processesIn } from '../observers/processes.ts';
import type { Live, Stage } from '../stage.ts';

const run = promisify(execFile);
/** A run's time where these cases measure it, and how long after it a container is given to be gone. */
const runMs = 6_000;
const graceMs = 12_000;

/** The same stage, with a deadline that is near. */
function hurried(stage: Stage, env: Readonly<Record<string, string>> = {}) {
  const yaml = stringify({ limits: { runMinutes: runMs / 60_000, memory: '512MiB', pids: 128 } });
  return stage.apart({ repositories: [stage.repository], yaml, env });
}

/** Waits for the container's end or for its deadline to be long over, and says what lives on; of what ended nothing may stay. */
async function leftOf(stage: Stage, { info, container, task }: Live): Promise<Verdict> {
  const last = Math.max(Date.parse(info.State.StartedAt) + runMs, Date.now()) + graceMs;
  const alive = async () => (await processesIn(info.Id)).length;
  while (Date.now() < last && (await alive()) > 0) await pause(100);
  const processes = await alive();
  if (processes > 0) {
    await container.remove({ force: true });
    return { through: true, seen: `${processes} processes live on after the deadline` };
  }
  await stage.until('its containers to be removed', async () => (await containersOf(stage, task.id)) === 0);
  return { through: false, seen: 'no process and no container is left' };
}

async function containersOf({ docker }: Stage, task: string): Promise<number> {
  return (await docker.listContainers({ all: true, filters: { label: [`errand.task=${task}`] } })).length;
}

const stubborn = `trap '' TERM INT HUP
python3 - <<'END'
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for _ in range(20):
            if os.fork() == 0: os._exit(0)
        while True: time.sleep(1)
    os._exit(0)
END
`;

export const attacks: readonly Attack[] = [
  {
    id: 'S16',
    timeoutMs: 150_000,
    title: 'ignore SIGTERM, detach a daemon by two forks, leave zombies',
    expected: 'killed at the deadline; no process and no container is left',
    attack: async (stage) => {
      await using own = await hurried(stage);
      const live = await own.run(`${stubborn}while :; do sleep 1; done`);
      return await leftOf(own, live);
    },
    control: { weakness: 'deadline', without: 'a deadline' },
  },
  {
    id: 'S18',
    timeoutMs: 180_000,
    title: 'the engine is away when a run is to start; worker and broker are killed during one',
    expected: 'nothing runs without a sandbox; the run still ends at its deadline',
    attack: async (stage) => {
      const socket = join(stage.folder, 'docker.sock');
      await using engine = new UnixProxy(socket, '/var/run/docker.sock');
      await engine.up();
      await using own = await hurried(stage, { DOCKER_HOST: `unix://${socket}` });
      await engine.down();
      const early = await own.submit(`touch ${stage.folder}/ran`);
      await own.until('the engine to be missed', () => own.thread().includes('Docker does not answer'));
      const loose = (await stage.marked('ran')) || (await containersOf(stage, early.id)) > 0;
      const { user, channel } = { user: early.requester, channel: stage.channel };
      await own.errand.slack.people.command({ user, channel, command: '/agent', text: `stop ${early.id}` });
      await own.ended(early);
      await engine.up();
      const live = await own.run('while :; do sleep 1; done');
      await killChildren(own);
      await own.until('another broker', async () => (await own.errand.log()).split('sandbox broker ready').length > 2);
      const left = await leftOf(own, live);
      const seen = `${loose ? 'something' : 'nothing'} ran meanwhile; ${left.seen}`;
      return { through: loose || left.through, seen };
    },
    control: { weakness: 'deadline', without: 'a deadline that is kept with the container' },
  },
  {
    id: 'S20',
    title: 'name files so that looking at them from outside runs or follows something',
    expected: 'the engine is never asked for exec or copy',
    attack: async (stage) => {
      const task = stage.look(
        `rm -rf /workspace/home/result; ln -s /etc/shadow /workspace/home/result
mkdir -p '/workspace/home/$(touch ${stage.folder}/ran)' '/workspace/home/-rf'; echo done > result.txt`,
        async (live) => live.info.Id,
      );
      const events = await stage.docker.getEvents({ filters: { type: ['container'] } });
      let text = '';
      events.on('data', (bytes: Buffer) => {
        text += bytes.toString('utf8');
      });
      const id = await task;
      const actions = () =>
        text.split('\n').flatMap((line) => (line.includes(id) ? (/"Action":"([\w-]+)/.exec(line)?.[1] ?? []) : []));
      await stage.until('the container to be removed', () => actions().includes('destroy'));
      const asked = actions().filter((action) => /^(?:exec_|archive-path|extract-to-dir|copy|export)/.test(action));
      Reflect.apply(Reflect.get(events, 'destroy'), events, []);
      const through = asked.length > 0 || (await stage.marked('ran'));
      return {
        through,
        seen: through ? `the engine was asked: ${asked.join(', ')}` : 'create, attach, start, kill, destroy only',
      };
    },
    control: { weakness: 'copies', without: 'bundle: docker cp of a result file' },
  },
];

/** The worker and the broker of an Errand, all at once and without a warning. */
async function killChildren({ errand }: Stage): Promise<void> {
  const { stdout } = await run('ps', ['-o', 'pid=,args=', '--ppid', String(errand.process.pid)]);
  const pids = stdout.split('\n').filter((line) => /main\.ts worker|broker-main\.ts/.test(line));
  for (const line of pids) process.kill(Number.parseInt(line, 10), 'SIGKILL');
}
