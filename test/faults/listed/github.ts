import { seed } from '../../../src/local/slack/workspace.ts';
import { channelOf, type Ground } from '../ground.ts';
import { begun, kill, letGo, taskOf, waiting } from '../hands.ts';
import { judge } from '../judge.ts';
import { ask, gateOf, keyOf, said, until } from '../play.ts';
import { goOn, type Listed, unless } from './listed.ts';

const push = (name: string) => `POST /acme/${name}.git/git-receive-pack`;
const pulls = (name: string) => `POST /repos/acme/${name}/pulls`;
const merge = (name: string) => `PUT /repos/acme/${name}/pulls/1/merge`;

/** An ordinary task on whose way the forge does this once or oftener. */
function withForge(
  fault: number,
  id: string,
  title: string,
  faults: (name: string) => readonly Parameters<Ground['errand']['forge']['control']['fault']>[0][],
): Listed {
  return {
    id,
    fault,
    title,
    play: async (ground, name) => {
      for (const each of faults(name)) ground.errand.forge.control.fault(each);
      await ask(ground, name);
      return goOn(ground, name);
    },
  };
}

const react =
  ({ errand }: Ground, name: string, user: string, present: boolean) =>
  (ts: string) =>
    errand.slack.people.reaction({ user, channel: channelOf(name), ts, name: 'white_check_mark', present });

export const github: readonly Listed[] = [
  {
    id: 'f36-fetch-killed',
    fault: 36,
    title: 'the worker is killed while it fetches the mirror: the next one takes the lock over and the mirror is whole',
    own: {},
    play: async (ground, name) => {
      const route = `POST /acme/${name}.git/git-upload-pack`;
      ground.errand.forge.control.fault({ route, kind: 'hang', times: 1 });
      await ask(ground, name);
      await until(ground, name, 'a fetch', () => ground.errand.forge.control.requests().includes(route));
      await kill(ground, 'worker');
      return goOn(ground, name);
    },
  },
  {
    id: 'f37-base-forced',
    fault: 37,
    title: 'the base branch is forced somewhere else while the agent works: the task’s objects stay',
    play: async (ground, name) => {
      const { control } = ground.errand.forge;
      const repository = `acme/${name}`;
      await ask(ground, name, { script: `${waiting}; echo one > one.txt` });
      const task = await begun(ground, name);
      const root = await control.branchHead(repository, 'main');
      await control.commit({ repository, branch: 'main', files: { 'other.txt': 'other\n' }, message: 'Other' });
      await control.moveBranch({ repository, branch: 'main', to: root ?? null });
      await letGo(ground, task);
      return goOn(ground, name);
    },
  },
  {
    id: 'f37-base-deleted',
    fault: 37,
    title: 'the base branch is deleted while the agent works: one clear ending, the work is not lost',
    play: async (ground, name) => {
      const { control } = ground.errand.forge;
      const repository = `acme/${name}`;
      await ask(ground, name, { script: `${waiting}; echo one > one.txt` });
      const task = await begun(ground, name);
      await control.commit({ repository, branch: 'spare', files: {}, message: 'Spare' }).catch(() => undefined);
      await control.moveBranch({ repository, branch: 'main', to: null });
      await letGo(ground, task);
      const ending = await until(ground, name, 'an outcome', () =>
        said(ground, name).find(({ text }) => /^(Failed|Refused)|To merge/.test(text)),
      );
      const { branches } = await control.viewRepository(repository);
      return [
        ...unless(!ending.text.includes('did not expect'), 'it says that it did not expect this'),
        ...unless(
          branches.some((branch) => branch.name === task.branch),
          'the work is on no branch',
        ),
      ];
    },
  },
  withForge(38, 'f38-push-lost-answer', 'the push went through and its answer is lost: not pushed again', (name) => [
    { route: push(name), kind: 'lost_answer', times: 1 },
  ]),
  {
    id: 'f38-a-person-pushed',
    fault: 38,
    title:
      'a person pushes to the task’s branch while the agent works: the lease keeps their commit, the run starts over on top',
    play: async (ground, name) => {
      const { control } = ground.errand.forge;
      const repository = `acme/${name}`;
      await ask(ground, name, { script: `${waiting}; echo one > one.txt` });
      const task = await begun(ground, name);
      const { branch } = task;
      await control.commit({ repository, branch, files: { 'own.txt': 'mine\n' }, message: 'Mine' });
      await letGo(ground, task);
      const wrong = await goOn(ground, name);
      const { files } = await control.viewPull(repository, 1);
      return [...wrong, ...unless(JSON.stringify(files).includes('own.txt'), "a person's commit is gone")];
    },
  },
  withForge(
    39,
    'f39-pull-lost-answer',
    'the pull request was opened and the answer is lost: found by its branch',
    (name) => [{ route: pulls(name), kind: 'lost_answer', times: 1 }],
  ),
  withForge(39, 'f39-pull-502', 'GitHub answers 502, three times, when the pull request is to be opened', (name) => [
    { route: pulls(name), kind: 'status', status: 502, times: 3 },
  ]),
  withForge(
    39,
    'f39-merge-lost-answer',
    'the merge went through and its answer is lost: merged counts as done',
    (name) => [{ route: merge(name), kind: 'lost_answer', times: 1 }],
  ),
  withForge(
    40,
    'f40-secondary-limit',
    'a secondary rate limit with a time to wait: waited for, nothing hammered',
    (name) => [{ route: pulls(name), kind: 'secondary_rate_limit', retryAfterSeconds: 2, times: 1 }],
  ),
  {
    id: 'f40-token-expired',
    fault: 40,
    title: 'a token expires in the middle of a task: GitHub’s 401 is told once and the work stays on its branch',
    play: async (ground, name) => {
      ground.errand.forge.control.fault({ route: pulls(name), kind: 'status', status: 401, times: 1 });
      await ask(ground, name);
      const told = () =>
        said(ground, name).filter(
          ({ text, metadata }) => keyOf(metadata) !== 'root' && /^(Failed|Refused)|To merge/.test(text),
        );
      await until(ground, name, 'an outcome', () => told().length > 0);
      await ground.errand.quiet((await taskOf(ground, name)).id);
      const { branches } = await ground.errand.forge.control.viewRepository(`acme/${name}`);
      return [
        ...unless(told().length === 1, `${told().length} outcomes told`),
        ...unless(
          branches.some((branch) => branch.name.startsWith('errand/')),
          'the work is on no branch',
        ),
      ];
    },
  },
  {
    id: 'f41-many-reactions',
    fault: 41,
    title: 'the check mark comes from two people, goes and comes again: one merge',
    play: async (ground, name) => {
      await ask(ground, name);
      const { ts } = await until(ground, name, 'a gate', () => gateOf(ground, name));
      const turns: readonly [string, boolean][] = [
        [seed.grace, true],
        [seed.max, true],
        [seed.grace, false],
        [seed.grace, true],
        [seed.max, false],
      ];
      for (const [user, present] of turns) react(ground, name, user, present)(ts);
      const ending = await until(
        ground,
        name,
        'a merge',
        () => said(ground, name).some(({ text }) => text.includes('went into')) && 'merged',
      );
      return judge(ground, name, ending);
    },
  },
  {
    id: 'f41-pushed-before-the-reaction',
    fault: 41,
    title: 'somebody pushes before the check mark is set: what was not shown is not merged',
    play: async (ground, name) => {
      const { control } = ground.errand.forge;
      await ask(ground, name);
      const { ts } = await until(ground, name, 'a gate', () => gateOf(ground, name));
      const { branch } = await taskOf(ground, name);
      const head = await control.commit({
        repository: `acme/${name}`,
        branch,
        files: { 'own.txt': 'mine\n' },
        message: 'Mine',
      });
      react(ground, name, seed.grace, true)(ts);
      await until(ground, name, 'the new head at the gate', () =>
        said(ground, name).some(({ text }) => text.includes(head.slice(0, 7))),
      );
      await ground.errand.quiet((await taskOf(ground, name)).id);
      const merges = control
        .ledger()
        .filter(({ repository, what }) => repository === `acme/${name}` && what.includes('/merge'));
      return unless(merges.length === 0, 'a commit that nobody saw was merged');
    },
  },
];
