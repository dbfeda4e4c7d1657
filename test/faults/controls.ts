import { channelOf, type Ground, openGround } from './ground.ts';
import { begun, letGo, waiting } from './hands.ts';
import type { Armed } from './inside/armed.ts';
import { judge } from './judge.ts';
import { approve, ask } from './play.ts';
import type { Result } from './result.ts';

/** An Errand that lacks one of the things that hold it together, and the fault that this one thing is for. */
interface Control {
  readonly broken: string;
  readonly title: string;
  /** What the judge has to say. */
  readonly sign: RegExp;
  readonly armed?: Pick<Armed, 'point' | 'when' | 'kind'> & { readonly times?: number };
  readonly play?: (ground: Ground, name: string) => Promise<readonly string[]>;
}

/** A broken Errand may never tell an outcome: this long it is waited for. */
const patienceMs = 60_000;

export const controls: readonly Control[] = [
  {
    broken: 'ack-first',
    sign: /Waited .* for/,
    title: 'acknowledges before it stores, and dies in between',
    // A mention comes as two events.
    armed: { point: 'bot inbox.put', when: 'before', kind: 'kill', times: 2 },
  },
  {
    broken: 'no-look-up',
    sign: /was posted 2 times/,
    title: 'does not look in Slack for a message whose answer was lost',
    armed: { point: 'bot slack.chat.postMessage', when: 'after', kind: 'throw' },
  },
  {
    broken: 'no-natural-key',
    sign: /tasks of one request/,
    title: 'takes each delivery for a request of its own, and Slack delivers twice',
    play: async (ground, name) => {
      ground.errand.slack.faults.add({ on: 'delivery', kind: 'events_api', times: 2, effect: { type: 'twice' } });
      await ask(ground, name);
      return judge(ground, name, await approve(ground, name, patienceMs));
    },
  },
  {
    broken: 'no-sweep',
    sign: /Waited .* for/,
    title: 'trusts its queue alone, and its worker dies while an agent works',
    armed: { point: 'worker sandbox.records', when: 'before', kind: 'kill' },
  },
  {
    broken: 'no-clean-up',
    sign: /is left/,
    title: 'leaves what a task had on the machine',
    play: async (ground, name) => {
      await ask(ground, name);
      return judge(ground, name, await approve(ground, name, patienceMs));
    },
  },
  {
    broken: 'no-lease',
    sign: /a person's commit is gone/,
    title: 'pushes over what a person put on the branch meanwhile',
    play: async (ground, name) => {
      await ask(ground, name, { script: `${waiting}; echo one > one.txt` });
      const task = await begun(ground, name);
      const repository = `acme/${name}`;
      await ground.errand.forge.control.commit({
        repository,
        branch: task.branch,
        files: { 'own.txt': 'mine\n' },
        message: 'Mine',
      });
      await letGo(ground, task);
      await approve(ground, name, patienceMs);
      const { files } = await ground.errand.forge.control.viewPull(repository, 1);
      return JSON.stringify(files).includes('own.txt') ? [] : ["a person's commit is gone"];
    },
  },
];

/** Plays the case against the broken Errand. It has come out as it should where the judge finds something. */
export async function playControl(control: Control): Promise<Result> {
  const { broken, title, sign } = control;
  const began = performance.now();
  await using ground = await openGround([broken], { broken });
  const wrong = await findings(ground, control).catch((error: unknown) => [
    error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error),
  ]);
  const caught = wrong.some((each) => sign.test(each));
  return { type: 'control', id: `control-${broken}`, title, caught, wrong, durationMs: performance.now() - began };
}

async function findings(ground: Ground, { broken: name, armed, play }: Control): Promise<readonly string[]> {
  if (play !== undefined) return play(ground, name);
  if (armed === undefined) throw new Error(`The control ${name} does nothing`);
  await ground.arm({ times: 1, ...armed, name, channel: channelOf(name), skip: 0, anybody: false });
  await ask(ground, name);
  const ending = await approve(ground, name, patienceMs);
  return judge(ground, name, ending);
}
