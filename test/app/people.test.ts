import { expect, test } from 'vitest';
import { toScript } from '../../src/app/prompt.ts';
import { createUseCases } from '../../src/app/use-cases.ts';
import { toDraft } from '../../src/task/draft.ts';
import { alice, bob, message, pullStates, question, run, task, ts } from '../task/example.ts';
import { asked, inThread, World } from './world.ts';

const idle = { type: 'idle', outcome: null } as const;

function submission(text: string) {
  return { ...asked, by: alice, origin: 'command', message: null, draft: toDraft(text) } as const;
}

test.each([
  ['shared', 'another company'],
  ['hidden', 'channels:read'],
  ['absent', 'Invite it'],
] as const)('nothing is started in a channel that is %s', async (channelIs, why) => {
  const world = Object.assign(new World(), { channelIs });
  const answer = await createUseCases(world.bot).submit(submission('fix the tests'));
  expect(JSON.stringify(answer)).toContain(why);
  expect(JSON.stringify(answer)).toContain('fix the tests');
  expect(world.tasks.size).toBe(0);
});

test.each(['guest', 'stranger', 'bot'] as const)('a %s learns of no task', async (kind) => {
  const world = new World();
  const { id, title } = world.has();
  world.members.set(bob, kind);
  const act = createUseCases(world.bot);
  const by = { ...asked, by: bob };
  const answers = [await act.list(by), await act.status(by, null), await act.status(by, { type: 'task', task: id })];
  expect(JSON.stringify(answers)).not.toContain(title);
});

test('a guest may not stop a task, listed or not', async () => {
  const world = new World();
  const { id } = world.has();
  world.policy = { ...world.policy, approvers: [bob] };
  const { stop } = createUseCases(world.bot);
  world.members.set(bob, 'guest');
  expect((await stop({ ...asked, by: bob }, { type: 'task', task: id })).type).toBe('say');
  expect(world.tasks.get(id)?.run.type).toBe('queued');
  world.members.set(bob, 'member');
  await stop({ ...asked, by: bob }, { type: 'task', task: id });
  expect(world.tasks.get(id)?.run.type).toBe('idle');
});

test.each(['guest', 'deactivated', 'stranger'] as const)(
  'who asked for a task and is %s by now may end it, and no more',
  async (kind) => {
    const world = new World();
    const before = world.has({ run: idle });
    world.members.set(alice, kind);
    const { retry, reply, stop } = createUseCases(world.bot);
    const target = { type: 'task', task: before.id } as const;
    expect((await retry({ ...asked, by: alice }, target)).type).toBe('say');
    await reply({ ...inThread, by: alice, text: 'go on', chatter: false });
    expect(world.look(before).run).toEqual(idle);
    expect(world.look(before).spec.at(-1)?.trust).toBe('context');
    await world.store.apply(before.id, { type: 'retried', by: bob, at: 1 });
    expect(await stop({ ...asked, by: alice }, target)).toEqual({ type: 'silent' });
  },
);

test('who asked for a task and is no longer on the list steers it no more', async () => {
  const world = new World();
  const before = world.has({ run: idle });
  world.policy = { ...world.policy, requesters: [bob] };
  await createUseCases(world.bot).reply({ ...inThread, by: alice, text: 'go on', chatter: false });
  expect(world.look(before).run).toEqual(idle);
});

test('nothing is started, continued or approved in a channel that is not listed', async () => {
  const world = new World();
  const before = world.has({ run: idle });
  world.policy = { ...world.policy, onlyChannels: ['C0OTHER', 'direct'] };
  const { submit, reply, retry } = createUseCases(world.bot);
  const answers = [
    await submit(submission('fix the tests')),
    await reply({ ...inThread, by: alice, text: 'fix the tests', chatter: false }),
    await retry({ ...asked, by: alice }, { type: 'task', task: before.id }),
  ];
  for (const answer of answers) expect(JSON.stringify(answer)).toContain('Where it does: <#C0OTHER>, direct messages.');
  expect(world.tasks.size).toBe(1);
  expect(world.look(before).run).toEqual(idle);
  const direct = { ...submission('fix the tests'), channel: 'D0ALICE' as typeof asked.channel };
  await submit(direct);
  expect(world.tasks.size).toBe(2);
});

test('who is refused is on record', async () => {
  const world = new World();
  world.members.set(bob, 'guest');
  await createUseCases(world.bot).submit({ ...submission('fix the tests'), by: bob });
  expect(world.logged).toContain('Refused');
});

test('the shell agent runs the newest script that somebody who may steer wrote for this run', () => {
  const fenced = (number: number, script: string, more = {}) =>
    message(number, { text: `\`\`\`sh\n${script}\n\`\`\``, ...more });
  const spec = [fenced(1, 'one'), fenced(2, 'two'), fenced(3, 'evil', { trust: 'context' }), message(4)];
  expect(toScript(task({ spec }), 0)).toBe('two\n');
  expect(() => toScript(task({ spec }), 2)).toThrow('The shell agent runs a fenced script');
});

test.each([idle, { type: 'queued', since: 1, reason: null }, { type: 'running', run: run() }] as const)(
  'prose for the shell agent is given back while it is $type, and starts nothing',
  async (state) => {
    const world = new World();
    const before = world.has({ agent: 'shell', run: state });
    const reply = { ...inThread, by: alice, text: 'now the docs too', chatter: false };
    const answer = await createUseCases(world.bot).reply(reply);
    expect(answer).toMatchObject({ said: { sentence: expect.stringContaining('script'), kept: 'now the docs too' } });
    expect(world.look(before)).toEqual(before);
  },
);

test('after a merge too, prose for the shell agent starts no task that could not run', async () => {
  const world = new World();
  world.has({ agent: 'shell', run: idle, pull: pullStates.merged });
  await createUseCases(world.bot).reply({ ...inThread, by: alice, text: 'now the docs', chatter: false });
  expect(world.tasks.size).toBe(1);
});

test('a reply to a question that somebody else answered first is not lost', async () => {
  const world = new World();
  const before = world.has({ runs: 1, taken: 1, run: { type: 'waiting', run: run(), question } });
  const apply = world.store.apply;
  world.store.apply = async (id, event) => {
    if (event.type === 'answer_given' && event.answer !== 'this') {
      await apply(id, { ...event, by: bob, answer: 'this' });
    }
    return apply(id, event);
  };
  await createUseCases(world.bot).reply({ ...inThread, by: alice, text: 'no, that', chatter: false });
  expect(world.look(before).spec.at(-1)).toMatchObject({ text: 'no, that', message: ts(5) });
});
