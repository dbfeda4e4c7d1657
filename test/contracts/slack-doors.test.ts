import { describe, expect, test } from 'vitest';
import type { Chosen } from '../../src/local/slack/elements.ts';
import type { LocalSlack } from '../../src/local/slack/server.ts';
import { blankDraft } from '../../src/task/draft.ts';
import type { RepositoryName } from '../../src/task/ids.ts';
import type { Inbox } from '../../src/task/ports/inbox.ts';
import { Problem } from '../../src/task/problem.ts';
import type { Form, UseCases } from '../../src/task/use-cases.ts';
import { fieldsOf } from '../journeys/forms.ts';
import { ada, dev, freePort, recordActs, secrets, seed, until, useBench } from './slack-harness.ts';

const on = useBench();

const web = 'acme/web' as RepositoryName;
const form: Form = {
  draft: { ...blankDraft, channel: dev },
  repositories: [web, 'acme/api' as RepositoryName],
  usualBase: null,
  agents: ['claude', 'shell'],
  task: null,
};
const opens = (more: Partial<Form> = {}): Partial<UseCases> => ({
  form: async () => ({ type: 'form', form: { ...form, ...more } }),
});
const shortcuts = [
  { type: 'global', name: 'New agent task', callbackId: 'task_new' },
  { type: 'message', name: 'Send to agent', callbackId: 'task_from_message' },
  { type: 'message', name: 'Stop agent task', callbackId: 'task_stop' },
] as const;
const refused = {
  type: 'refused',
  field: 'branch',
  text: 'This must be the name of a branch.',
  answer: { type: 'say', said: { type: 'sentence', sentence: 'No such branch.', next: null, kept: 'fix it' } },
} as const;

async function start(answers: Partial<UseCases> = {}, mode: 'socket' | 'http' = 'socket', inbox?: Inbox) {
  const port = await freePort();
  const http = { type: 'http', url: `http://127.0.0.1:${port}/slack/events` } as const;
  const slack = await on.bench.slack({ shortcuts, ...(mode === 'http' ? { deliver: http } : {}) });
  const store = await on.bench.store();
  const { acts, useCases } = recordActs(answers);
  const signed = { type: 'http', signingSecret: secrets.signingSecret, port } as const;
  const overHttp = mode === 'http' ? { mode: signed } : {};
  await on.bench.app(slack, { ...store, ...(inbox === undefined ? {} : { inbox }) }, useCases, overHttp);
  await on.bench.deliver(slack, store);
  return { slack, store, acts };
}

const type = (slack: LocalSlack, text = '') =>
  slack.people.command({ user: ada, channel: dev, command: '/agent', text });
const opened = (slack: LocalSlack) => until(slack, () => slack.store.views[0]?.view);

/** Sends the open form with these values in the fields of these names. */
async function send(slack: LocalSlack, entries: Readonly<Record<string, Chosen>>) {
  const view = await opened(slack);
  const given = fieldsOf(view).flatMap(({ block, element }) => {
    const value = entries[String(block.block_id)];
    return value === undefined ? [] : [[String(block.block_id), { [String(element.action_id)]: value }] as const];
  });
  return slack.interactions.submit({ user: ada, view_id: view.id, values: Object.fromEntries(given) });
}

const filled = { goal: 'Fix it', repo: ['acme/web'], branch: 'main' };

describe.each(['socket', 'http'] as const)('over %s', (mode) => {
  test('an empty command opens the form, in the channel where it was typed', async () => {
    const { slack, acts } = await start(opens(), mode);
    expect((await type(slack)).error).toBeNull();
    expect((await opened(slack)).callback_id).toBe('task_form');
    expect(acts.items).toMatchObject([
      {
        name: 'form',
        args: [
          { by: ada, channel: dev },
          { type: 'blank', channel: dev },
        ],
      },
    ]);
  });

  test('a sent form closes and comes with all that was put in', async () => {
    const { slack, acts } = await start(opens(), mode);
    await type(slack);
    expect(await send(slack, { ...filled, done_when: 'It passes', agent: 'shell' })).toMatchObject({ errors: {} });
    expect(slack.store.views).toEqual([]);
    expect(await acts.find(({ name }) => name === 'submitForm')).toMatchObject({
      args: [
        {
          by: ada,
          channel: dev,
          draft: {
            goal: 'Fix it',
            doneWhen: 'It passes',
            outOfScope: '',
            values: { repo: 'acme/web', branch: 'main', agent: 'shell' },
            channel: dev,
            about: null,
          },
        },
      ],
    });
  });

  test('a refused form stays open with the reason in its field, and can be sent again', async () => {
    let decided: Awaited<ReturnType<UseCases['submitForm']>> = refused;
    const { slack, acts } = await start({ ...opens(), submitForm: async () => decided }, mode);
    await type(slack);
    const { id } = await opened(slack);
    expect((await send(slack, filled)).errors).toEqual({ branch: refused.text });
    expect(slack.store.views).toHaveLength(1);
    decided = { type: 'accepted' };
    expect((await send(slack, filled)).errors).toEqual({});
    expect(slack.store.views).toEqual([]);
    const sent = acts.items.filter(({ name }) => name === 'submitForm').map(({ args: [asked] }) => asked);
    expect(sent).toMatchObject([{ form: id }, { form: id }]);
  });

  test('a form that the store can’t take stays open and says so', async () => {
    const down = new Problem({ code: 'redis_down', sentence: 'No answer.', next: '' }, { retry: true });
    let failing = false;
    const store = await on.bench.store();
    const inbox: Inbox = {
      ...store.inbox,
      put: (...args) => (failing ? Promise.reject(down) : store.inbox.put(...args)),
    };
    const { slack, acts } = await start(opens(), mode, inbox);
    await type(slack);
    await opened(slack);
    failing = true;
    expect((await send(slack, filled)).errors.goal).toContain("can't reach its store");
    expect(slack.store.views).toHaveLength(1);
    expect(acts.items.map(({ name }) => name)).toEqual(['form']);
  });
});

test('a form that takes too long to decide closes, and its refusal comes as a message', async () => {
  const deciding = Promise.withResolvers<typeof refused>();
  const { slack } = await start({ ...opens(), submitForm: () => deciding.promise });
  await type(slack);
  expect(await send(slack, filled)).toMatchObject({ error: null, errors: {} });
  expect(slack.store.views).toEqual([]);
  deciding.resolve(refused);
  expect(await until(slack, () => slack.store.ephemerals[0])).toMatchObject({ user: ada, channel: dev });
  expect(slack.store.ephemerals[0]?.text).toContain('No such branch.');
});

test('a form whose decision fails is decided again from the inbox', async () => {
  let tries = 0;
  const submitForm: UseCases['submitForm'] = async () => {
    tries += 1;
    if (tries === 1) throw new Error('the directory is away');
    return { type: 'accepted' };
  };
  const slack = await on.bench.slack({ shortcuts });
  const store = await on.bench.store();
  const { acts, useCases } = recordActs({ ...opens(), submitForm });
  await on.bench.app(slack, store, useCases, { replayEveryMs: 100 });
  await type(slack);
  await send(slack, filled);
  const twice = () => acts.items.filter(({ name }) => name === 'submitForm').length === 2;
  while (!twice()) await acts.change();
  const [first, second] = acts.items.filter(({ name }) => name === 'submitForm');
  expect(first?.args).toEqual(second?.args);
});

test('a trigger that is too old leads to a button, and that opens the form', async () => {
  const { slack, acts } = await start({
    ...opens(),
    giveBack: async (_asked, _start, failure) => ({
      type: 'say',
      said: { type: 'sentence', ...failure, kept: null, again: { draft: null, repositories: [] } },
    }),
  });
  const error = { type: 'error', error: 'expired_trigger_id' } as const;
  slack.faults.add({ on: 'call', method: 'views.open', times: 1, effect: error });
  await type(slack);
  const shown = await until(slack, () => slack.store.ephemerals[0]);
  await slack.interactions.action({ user: ada, channel: dev, ts: shown.ts, action_id: 'form_open' });
  await opened(slack);
  expect(acts.items.map(({ name }) => name)).toEqual(['form', 'giveBack', 'form']);
});

test('a refusal’s button opens what was kept, and the accepted form takes the refusal away', async () => {
  const again = { draft: 'command:1', repositories: [] };
  const said = { type: 'sentence', sentence: 'No.', next: null, kept: 'fix it', again } as const;
  const { slack, acts } = await start({ ...opens(), submit: async () => ({ type: 'say', said }) });
  await type(slack, 'fix it');
  const shown = await until(slack, () => slack.store.ephemerals[0]);
  await slack.interactions.action({ user: ada, channel: dev, ts: shown.ts, action_id: 'form_open' });
  await send(slack, filled);
  await until(slack, () => slack.store.ephemerals.length === 0);
  expect(acts.items.find(({ name }) => name === 'form')?.args[1]).toEqual({ type: 'kept', draft: 'command:1' });
});

test('choosing the missing repository sends the draft again and takes the refusal away', async () => {
  const again = { draft: 'command:1', repositories: form.repositories };
  const said = { type: 'sentence', sentence: 'Which?', next: null, kept: 'fix it', again } as const;
  const { slack, acts } = await start({ submit: async () => ({ type: 'say', said }) });
  await type(slack, 'fix it');
  const { ts } = await until(slack, () => slack.store.ephemerals[0]);
  await slack.interactions.action({ user: ada, channel: dev, ts, action_id: 'repository_chosen', value: 'acme/api' });
  await until(slack, () => slack.store.ephemerals.length === 0);
  expect((await acts.find(({ name }) => name === 'resend')).args.slice(1)).toEqual(['command:1', 'acme/api']);
});

test('what a command says while the store is away comes back in a button that opens the form', async () => {
  const down = new Problem({ code: 'redis_down', sentence: 'No answer.', next: '' }, { retry: true });
  let failing = true;
  const store = await on.bench.store();
  const inbox: Inbox = {
    ...store.inbox,
    put: (...args) => (failing ? Promise.reject(down) : store.inbox.put(...args)),
  };
  const { slack, acts } = await start(opens(), 'socket', inbox);
  await type(slack, 'fix the flaky test');
  failing = false;
  const { ts } = await until(slack, () => slack.store.ephemerals[0]);
  await slack.interactions.action({ user: ada, channel: dev, ts, action_id: 'form_open' });
  expect((await acts.at(0)).args[1]).toEqual({ type: 'typed', text: 'fix the flaky test', channel: dev });
});

test('more repositories than a menu holds are asked for by letters', async () => {
  const repositories = Array.from({ length: 120 }, (_, index) => `acme/service-${index}` as RepositoryName);
  const findRepositories = (typed: string) => repositories.filter((name) => name.includes(typed)).slice(0, 100);
  const { slack } = await start({ ...opens({ repositories }), findRepositories });
  await type(slack);
  const view = await opened(slack);
  const order = { user: ada, view_id: view.id, action_id: 'repositories', value: 'service-11' };
  const { options } = await slack.interactions.suggest(order);
  expect(options.map(({ value }) => value)).toEqual(repositories.filter((name) => name.includes('service-11')));
  expect((await send(slack, { ...filled, repo: ['acme/service-119'] })).errors).toEqual({});
});

test('another repository in the form brings its own branch, and what was typed stays', async () => {
  const asked: unknown[] = [];
  const { slack } = await start({
    form: async (_asked, begun) => {
      asked.push(begun);
      const branch = begun.type === 'changed' ? 'develop' : 'next';
      const draft = begun.type === 'changed' ? begun.draft : form.draft;
      return { type: 'form', form: { ...form, draft: { ...draft, values: { ...draft.values, branch } } } };
    },
  });
  await type(slack);
  const view = await opened(slack);
  const values = { goal: { value: 'Fix it' }, repo: { repositories: ['acme/api'] } };
  const order = { user: ada, view_id: view.id, action_id: 'repositories', value: ['acme/api'], values };
  await slack.interactions.viewAction(order);
  const changed = await until(slack, () => slack.store.views.find((each) => each.view.hash !== view.hash)?.view);
  expect(asked[1]).toMatchObject({ type: 'changed', draft: { goal: 'Fix it', values: { repo: 'acme/api' } } });
  expect(JSON.stringify(asked[1])).not.toContain('next');
  expect(JSON.stringify(changed.blocks)).toContain('develop');
});

test('the global shortcut opens a form that knows no channel', async () => {
  const { slack, acts } = await start(opens());
  await slack.interactions.shortcut({ user: ada, callback_id: 'task_new' });
  await opened(slack);
  expect(acts.items).toMatchObject([{ name: 'form', args: [{ by: ada }, { type: 'blank', channel: null }] }]);
});

test('a message’s shortcut opens a form with its words and its place', async () => {
  const { slack, acts } = await start(opens());
  const root = slack.people.message({ user: seed.grace, channel: dev, text: 'It is <broken>' });
  const reply = slack.people.message({ user: seed.max, channel: dev, thread_ts: root.ts, text: '@Errand look' });
  await slack.interactions.shortcut({ user: ada, callback_id: 'task_from_message', channel: dev, ts: root.ts });
  await slack.interactions.shortcut({ user: ada, callback_id: 'task_from_message', channel: dev, ts: reply.ts });
  const begun = async (index: number) => {
    await acts.find(() => acts.items.filter(({ name }) => name === 'form').length > index);
    return acts.items.filter(({ name }) => name === 'form')[index]?.args[1];
  };
  expect(await begun(0)).toEqual({
    type: 'message',
    about: { channel: dev, message: root.ts, thread: root.ts },
    text: 'It is <broken>',
  });
  expect(await begun(1)).toMatchObject({ about: { message: reply.ts, thread: root.ts }, text: 'look' });
});

test('a shortcut stops the task of the thread that its message stands in', async () => {
  const { slack, acts } = await start();
  const root = slack.people.message({ user: ada, channel: dev, text: 'hello' });
  await slack.interactions.shortcut({ user: ada, callback_id: 'task_stop', channel: dev, ts: root.ts });
  expect(await acts.at(0)).toMatchObject({
    name: 'stop',
    args: [{ by: ada }, { type: 'message', channel: dev, ts: root.ts }],
  });
});

test('a robot face on a message starts a task from it, and who may not is told beside it', async () => {
  const said = { type: 'sentence', sentence: 'You may not.', next: null, kept: null } as const;
  const { slack, acts } = await start({ start: async () => ({ type: 'say', said }) });
  const message = slack.people.message({ user: seed.grace, channel: dev, text: 'Fix the header' });
  slack.people.reaction({ user: ada, channel: dev, ts: message.ts, name: 'robot_face', present: true });
  expect(await acts.at(0)).toMatchObject({ name: 'start', args: [{ by: ada, channel: dev, message: message.ts }] });
  expect(await until(slack, () => slack.store.ephemerals[0])).toMatchObject({ user: ada, text: 'You may not.' });
});

test('a robot face on Errand’s own message starts nothing', async () => {
  const { slack, acts } = await start();
  const { client } = await on.bench.connect(slack);
  const { ts = '' } = await client.chat.postMessage({ channel: dev, text: 'Queued' });
  slack.people.reaction({ user: ada, channel: dev, ts, name: 'robot_face', present: true });
  await slack.outbound.idle();
  expect(acts.items).toEqual([]);
});

test('a verb in a direct message’s thread needs no mention', async () => {
  const { slack, acts } = await start();
  const root = slack.people.message({ user: ada, channel: seed.adaDirect, text: 'fix it' });
  slack.people.message({ user: ada, channel: seed.adaDirect, thread_ts: root.ts, text: 'stop' });
  expect(await acts.find(({ name }) => name === 'stop')).toMatchObject({
    args: [{ thread: root.ts }, { type: 'message', ts: root.ts }],
  });
});
