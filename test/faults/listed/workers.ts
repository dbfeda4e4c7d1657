import { channelOf, type Ground } from '../ground.ts';
import { begun, kill, letGo, waiting } from '../hands.ts';
import type { Armed, allKinds } from '../inside/armed.ts';
import { ask } from '../play.ts';
import { goOn, type Listed, unless } from './listed.ts';

function armed(name: string, more: Pick<Armed, 'point' | 'when' | 'kind'> & Partial<Armed>): Armed {
  return { name, channel: channelOf(name), skip: 0, times: 1, anybody: false, ...more };
}

/** An ordinary task on whose way a clock jumps, and stays where it jumped to. */
function clock(
  id: string,
  title: string,
  kind: Extract<(typeof allKinds)[number], 'an-hour-later' | 'an-hour-earlier'>,
): Listed {
  return {
    id,
    fault: 24,
    title,
    own: {},
    play: async (ground, name) => {
      await ground.arm(armed(name, { point: 'worker tasks.apply (checkout_prepared)', when: 'after', kind }));
      await ask(ground, name);
      const wrong = await goOn(ground, name);
      return [...wrong, ...unless((await ground.struck(name)) === 1, 'the clock did not jump')];
    },
  };
}

const deployed = ['', '-1', '-2', '-3', '-4', '-5', '-6', '-7'];

async function signalAll(ground: Ground, signal: NodeJS.Signals): Promise<void> {
  for (const name of ['worker', 'bot', 'broker'] as const) await kill(ground, name, signal);
}

export const workers: readonly Listed[] = [
  {
    id: 'f17-killed-ten-times',
    fault: 17,
    title:
      'the worker is killed ten times while one agent works: the task completes, and no crash counts as its failure',
    own: {},
    play: async (ground, name) => {
      await ground.arm(armed(name, { point: 'worker sandbox.records', when: 'before', kind: 'kill', times: 10 }));
      await ask(ground, name, { script: `${waiting}; echo one > one.txt` });
      const task = await begun(ground, name);
      while ((await ground.struck(name)) < 10) await ground.errand.tasks.recent(1);
      await letGo(ground, task);
      return goOn(ground, name);
    },
  },
  {
    id: 'f20-deploy',
    fault: 20,
    title: 'a deploy, SIGTERM to every process with eight agents at work: none starts over, nothing is said twice',
    own: { env: { ERRAND_REPOSITORIES: deployed.map((each) => `acme/f20-deploy${each}`).join(',') } },
    play: async (ground, name) => {
      const names = deployed.map((each) => `${name}${each}`);
      await Promise.all(names.map((each) => ask(ground, each, { script: `${waiting}; echo one > one.txt` })));
      const tasks = await Promise.all(names.map((each) => begun(ground, each)));
      await signalAll(ground, 'SIGTERM');
      await Promise.all(tasks.map((each) => letGo(ground, each)));
      const wrong = (await Promise.all(names.map((each) => goOn(ground, each)))).flat();
      const after = await ground.errand.tasks.recent(100);
      return [
        ...wrong,
        ...unless(
          after.every(({ runs }) => runs === 1),
          'a run started over',
        ),
      ];
    },
  },
  clock(
    'f24-an-hour-later',
    'the worker’s clock jumps an hour forward in the middle of a task: no early end',
    'an-hour-later',
  ),
  clock(
    'f24-an-hour-earlier',
    'the worker’s clock jumps an hour back in the middle of a task: nothing gets stuck',
    'an-hour-earlier',
  ),
];
