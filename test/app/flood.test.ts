import { expect, test } from 'vitest';
import { createUseCases } from '../../src/app/use-cases.ts';
import { toDraft } from '../../src/task/draft.ts';
import type { TaskId } from '../../src/task/ids.ts';
import { maxContextMessages } from '../../src/task/intake.ts';
import type { Answer } from '../../src/task/use-cases.ts';
import { alice, bob, message, pullStates, ts } from '../task/example.ts';
import { asked, inThread, World } from './world.ts';

const idle = { type: 'idle', outcome: null } as const;
const held = { by: 'person', until: 70_000 } as const;
const sentence = (answer: Answer) => (answer.type === 'say' && answer.said.type === 'sentence' ? answer.said : null);

function submission(text: string, key = 'act') {
  return { ...asked, key, by: alice, origin: 'command', message: null, draft: toDraft(text) } as const;
}

test('who sends too much too fast gets their text back, and nothing starts', async () => {
  const world = Object.assign(new World(), { held });
  const answer = await createUseCases(world.bot).submit(submission('fix the tests'));
  expect(sentence(answer)).toMatchObject({ next: expect.stringContaining('in 1 min'), kept: 'fix the tests' });
  expect(world.tasks.size).toBe(0);
  expect(world.woken).toEqual([]);
});

test('of many at once no more are taken than there are places', async () => {
  const world = new World();
  world.policy = { ...world.policy, intake: { ...world.policy.intake, personTasks: 3 } };
  let made = 0;
  const { submit } = createUseCases({ ...world.bot, randomBytes: (size) => new Uint8Array(size).fill(++made) });
  const ids = Array.from({ length: 10 }, (_, index) => submission(`fix test ${index}`, `act-${index}`));
  const answers = await Promise.all(ids.map((each) => submit(each)));
  expect(world.tasks.size).toBe(3);
  expect(answers.filter(({ type }) => type === 'say')).toHaveLength(7);
  expect(JSON.stringify(answers)).toContain('fix test 9');
});

test('a request that made its task counts once, however often it comes', async () => {
  const world = new World();
  const { submit } = createUseCases(world.bot);
  await submit(submission('fix the tests'));
  world.held = held;
  expect(await submit(submission('fix the tests'))).toEqual({ type: 'silent' });
});

test.each([
  ['an ended run', {}],
  ['an ended task', { pull: pullStates.merged }],
])('a follow-up to %s is held back too, with its text', async (_, more) => {
  const world = Object.assign(new World(), { held });
  const task = world.has({ run: idle, ...more });
  const answer = await createUseCases(world.bot).reply({ ...inThread, by: alice, text: 'more', chatter: false });
  expect(answer.type !== 'no_task' && sentence(answer)).toMatchObject({ kept: 'more' });
  expect(world.tasks.size).toBe(1);
  expect(world.look(task).spec).toEqual(task.spec);
});

test('so is a retry', async () => {
  const world = Object.assign(new World(), { held });
  const { id } = world.has({ run: idle });
  await createUseCases(world.bot).retry({ ...asked, by: alice }, { type: 'task', task: id });
  expect(world.tasks.get(id)?.run.type).toBe('idle');
});

test('a follow-up waits for a place like a new task', async () => {
  const world = new World();
  world.policy = { ...world.policy, intake: { ...world.policy.intake, personTasks: 1 } };
  world.has({ run: idle });
  world.has({ id: 't222222' as TaskId, origin: { key: 'o', kind: 'command', channel: asked.channel, thread: ts(99) } });
  const answer = await createUseCases(world.bot).reply({ ...inThread, by: alice, text: 'more', chatter: false });
  expect(JSON.stringify(answer)).toContain('1 task of yours is queued or running');
});

test('what others add to a thread stops filling the task', async () => {
  const world = new World();
  const spec = Array.from({ length: maxContextMessages }, (_, index) => message(index, { trust: 'context' }));
  const task = world.has({ spec });
  await createUseCases(world.bot).reply({ ...inThread, by: bob, text: 'and me', chatter: false });
  expect(world.look(task).spec).toHaveLength(maxContextMessages);
});

test('more words than an agent can be given are given back', async () => {
  const world = new World();
  const task = world.has({ spec: [message(1, { text: 'x'.repeat(400_000) })] });
  const answer = await createUseCases(world.bot).reply({ ...inThread, by: alice, text: 'more', chatter: false });
  expect(JSON.stringify(answer)).toContain('Send it as a new task.');
  expect(world.look(task).spec).toHaveLength(1);
});
