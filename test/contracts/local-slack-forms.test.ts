import type { App, SlackViewAction, ViewClosedAction, ViewSubmitAction } from '@slack/bolt';
import type { KnownBlock, ModalView } from '@slack/types';
import { afterEach, describe, expect, test } from 'vitest';
import type { LocalSlack } from '../../src/local/slack/server.ts';
import { seed } from '../../src/local/slack/workspace.ts';
import { bolt, client, endAll, inbox, start } from './local-slack-harness.ts';

afterEach(endAll);

const plain = (text: string) => ({ type: 'plain_text' as const, text });
const option = (value: string) => ({ text: plain(value.toUpperCase()), value });
const modal = (blocks: KnownBlock[], rest: Partial<ModalView> = {}): ModalView => ({
  type: 'modal',
  callback_id: 'form',
  title: plain('New task'),
  submit: plain('Send'),
  blocks,
  ...rest,
});
const words: KnownBlock = {
  type: 'input',
  block_id: 'what',
  label: plain('What'),
  element: { type: 'plain_text_input', action_id: 'text' },
};

const newTask = { type: 'global' as const, name: 'New task', callbackId: 'task_new' };
const fromMessage = { type: 'message' as const, name: 'Send to Errand', callbackId: 'task_from_message' };

/** A workspace whose app opens `view` on its global shortcut and on its message shortcut, and answers submissions with `answer`. */
async function withForm(
  view: ModalView,
  answer: (body: SlackViewAction) => object | undefined = () => undefined,
  listen: (app: App) => void = () => undefined,
) {
  const slack = await start({ shortcuts: [newTask, fromMessage] });
  const heard = inbox<SlackViewAction>();
  await bolt(slack, (app) => {
    listen(app);
    app.shortcut(/^task_/, async ({ ack, shortcut, client: own }) => {
      await ack();
      await own.views.open({ trigger_id: shortcut.trigger_id, view });
    });
    app.view({ callback_id: 'form', type: 'view_submission' }, async ({ ack, body }) => {
      heard.push(body);
      const said = answer(body);
      // The shapes that Bolt's types do not know are what some of these tests are about.
      await (said === undefined ? ack() : ack(JSON.parse(JSON.stringify(said))));
    });
    app.view({ callback_id: 'form', type: 'view_closed' }, async ({ ack, body }) => {
      heard.push(body);
      await ack();
    });
  });
  const opened = new Promise<void>((resolve) => slack.store.subscribe((change) => change.type === 'view' && resolve()));
  await slack.interactions.shortcut({ user: seed.ada, callback_id: 'task_new', channel: seed.dev });
  await opened;
  return { slack, heard, view_id: topOf(slack) };
}

const topOf = (slack: LocalSlack) => slack.store.views.at(-1)?.view.id ?? '';
const submission = (body: SlackViewAction | undefined): ViewSubmitAction => {
  if (body?.type !== 'view_submission') throw new Error('no submission');
  return body;
};
const closing = (body: SlackViewAction | undefined): ViewClosedAction => {
  if (body?.type !== 'view_closed') throw new Error('no closing');
  return body;
};

describe('shortcuts', () => {
  test('a global shortcut tells who used it, and neither a conversation nor a response_url', async () => {
    const slack = await start({ shortcuts: [newTask] });
    await slack.interactions.shortcut({ user: seed.ada, callback_id: 'task_new', channel: seed.dev });
    const payload = slack.outbound.records.at(-1)?.payload ?? {};
    expect(Object.keys(payload).toSorted()).toEqual(
      [
        ...['action_ts', 'api_app_id', 'callback_id', 'enterprise', 'is_enterprise_install'],
        ...['team', 'token', 'trigger_id', 'type', 'user'],
      ].toSorted(),
    );
    expect(payload).toMatchObject({
      type: 'shortcut',
      callback_id: 'task_new',
      user: { id: seed.ada, username: 'ada' },
    });
  });

  test('a message shortcut works where the app is not a member, and carries message, channel and response_url', async () => {
    const slack = await start({ shortcuts: [fromMessage] });
    const { ts } = slack.people.message({ user: seed.max, channel: seed.random, text: 'It *fails* on main' });
    await slack.interactions.shortcut({ user: seed.ada, callback_id: 'task_from_message', channel: seed.random, ts });
    expect(slack.outbound.records.at(-1)?.payload).toMatchObject({
      type: 'message_action',
      callback_id: 'task_from_message',
      message_ts: ts,
      channel: { id: seed.random, name: 'random' },
      message: { type: 'message', user: seed.max, text: 'It *fails* on main', ts },
      response_url: expect.stringContaining('/commands/'),
    });
  });
});

describe('triggers', () => {
  test('a trigger opens one form, and for three seconds only', async () => {
    let now = 1_800_000_000_000;
    const slack = await start({ shortcuts: [newTask], clock: { now: () => now } });
    const web = client(slack);
    const trigger = async () => {
      await slack.interactions.shortcut({ user: seed.ada, callback_id: 'task_new' });
      return String(slack.outbound.records.at(-1)?.payload.trigger_id);
    };
    const first = await trigger();
    await web.views.open({ trigger_id: first, view: modal([words]) });
    await expect(web.views.open({ trigger_id: first, view: modal([words]) })).rejects.toMatchObject({
      data: { error: 'exchanged_trigger_id' },
    });
    const late = await trigger();
    now += 3_001;
    await expect(web.views.open({ trigger_id: late, view: modal([words]) })).rejects.toMatchObject({
      data: { error: 'expired_trigger_id' },
    });
  });

  test('two open forms can not have the same external id', async () => {
    const slack = await start({ shortcuts: [newTask] });
    const open = async () => {
      await slack.interactions.shortcut({ user: seed.ada, callback_id: 'task_new' });
      const trigger_id = String(slack.outbound.records.at(-1)?.payload.trigger_id);
      return client(slack).views.open({ trigger_id, view: modal([words], { external_id: 'one' }) });
    };
    await open();
    await expect(open()).rejects.toMatchObject({ data: { error: 'duplicate_external_id' } });
  });
});

describe('what a form sends', () => {
  const input = (block_id: string, element: object): KnownBlock =>
    JSON.parse(JSON.stringify({ type: 'input', block_id, optional: true, label: plain(block_id), element }));
  const every: Readonly<Record<string, { element: object; given: string | readonly string[]; state: object }>> = {
    text: { element: { type: 'plain_text_input', multiline: true }, given: 'a\nb', state: { value: 'a\nb' } },
    email: { element: { type: 'email_text_input' }, given: 'a@example.com', state: { value: 'a@example.com' } },
    url: { element: { type: 'url_text_input' }, given: 'https://example.com', state: { value: 'https://example.com' } },
    number: { element: { type: 'number_input', is_decimal_allowed: false }, given: '7', state: { value: '7' } },
    one: {
      element: { type: 'static_select', options: [option('a'), option('b')] },
      given: 'b',
      state: { selected_option: option('b') },
    },
    several: {
      element: { type: 'multi_static_select', options: [option('a'), option('b')] },
      given: ['b', 'a'],
      state: { selected_options: [option('b'), option('a')] },
    },
    radio: {
      element: { type: 'radio_buttons', options: [option('a'), option('b')] },
      given: 'a',
      state: { selected_option: option('a') },
    },
    boxes: {
      element: { type: 'checkboxes', options: [option('a'), option('b')] },
      given: ['a'],
      state: { selected_options: [option('a')] },
    },
    person: { element: { type: 'users_select' }, given: seed.max, state: { selected_user: seed.max } },
    people: {
      element: { type: 'multi_users_select' },
      given: [seed.max, seed.ada],
      state: { selected_users: [seed.max, seed.ada] },
    },
    channel: { element: { type: 'channels_select' }, given: seed.dev, state: { selected_channel: seed.dev } },
    talk: { element: { type: 'conversations_select' }, given: seed.dev, state: { selected_conversation: seed.dev } },
    day: { element: { type: 'datepicker' }, given: '2026-11-22', state: { selected_date: '2026-11-22' } },
    time: { element: { type: 'timepicker' }, given: '14:05', state: { selected_time: '14:05' } },
    moment: {
      element: { type: 'datetimepicker' },
      given: '1800000000',
      state: { selected_date_time: 1_800_000_000 },
    },
    rich: {
      element: { type: 'rich_text_input' },
      given: 'hello',
      state: { rich_text_value: expect.objectContaining({ type: 'rich_text' }) },
    },
  };

  test('each kind of field has its own shape in state.values', async () => {
    const blocks = Object.entries(every).map(([name, { element }]) => input(name, { ...element, action_id: 'it' }));
    const { slack, heard, view_id } = await withForm(modal(blocks));
    const values = Object.fromEntries(Object.entries(every).map(([name, { given }]) => [name, { it: given }]));
    await slack.interactions.submit({ user: seed.ada, view_id, values });
    const { view } = submission(await heard.at(0));
    const wanted = Object.entries(every).map(([name, { element, state }]) => {
      const { type } = element as { type: string };
      return [name, { it: { type, ...state } }];
    });
    expect(view.state.values).toEqual(Object.fromEntries(wanted));
  });

  test('fields that nobody touched are there, with their initial values or null', async () => {
    const blocks = [
      input('text', { type: 'plain_text_input', action_id: 'it' }),
      input('one', {
        type: 'static_select',
        action_id: 'it',
        options: [option('a'), option('b')],
        initial_option: option('b'),
      }),
      input('boxes', { type: 'checkboxes', action_id: 'it', options: [option('a')] }),
      input('here', { type: 'conversations_select', action_id: 'it', default_to_current_conversation: true }),
    ];
    const { slack, heard, view_id } = await withForm(modal(blocks));
    await slack.interactions.submit({ user: seed.ada, view_id, values: {} });
    expect(submission(await heard.at(0)).view.state.values).toEqual({
      text: { it: { type: 'plain_text_input', value: null } },
      one: { it: { type: 'static_select', selected_option: option('b') } },
      boxes: { it: { type: 'checkboxes', selected_options: [] } },
      here: { it: { type: 'conversations_select', selected_conversation: seed.dev } },
    });
  });

  test('a field that asks for it gives a response_url to the conversation that was chosen', async () => {
    const element = { type: 'conversations_select', action_id: 'it', response_url_enabled: true };
    const blocks = [input('where', element)];
    const { slack, heard, view_id } = await withForm(modal(blocks));
    await slack.interactions.submit({ user: seed.ada, view_id, values: { where: { it: seed.random } } });
    const [given] = submission(await heard.at(0)).response_urls ?? [];
    expect(given).toMatchObject({ block_id: 'where', action_id: 'it', channel_id: seed.random });
    await fetch(given?.response_url ?? '', {
      method: 'POST',
      body: JSON.stringify({ text: 'Queued', response_type: 'in_channel' }),
    });
    expect(slack.store.messages(seed.random).at(-1)?.text).toBe('Queued');
  });

  test("Slack's own checks come before the app's", async () => {
    const blocks = [
      input('number', { type: 'number_input', action_id: 'it', is_decimal_allowed: false, max_value: '10' }),
      input('email', { type: 'email_text_input', action_id: 'it' }),
      input('short', { type: 'plain_text_input', action_id: 'it', min_length: 3 }),
      words,
    ];
    const { slack, heard, view_id } = await withForm(modal(blocks));
    const values = { number: { it: '11' }, email: { it: 'nobody' }, short: { it: 'ab' } };
    const { errors } = await slack.interactions.submit({ user: seed.ada, view_id, values });
    expect(errors).toEqual({
      number: 'Please enter 10 or less.',
      email: 'Please enter a valid email address.',
      short: 'Please enter at least 3 characters.',
      what: 'Please complete this required field.',
    });
    expect(heard.items).toEqual([]);
  });
});

describe('how a submission is answered', () => {
  const filled = { what: { text: 'fix it' } };

  test('update puts another view in its place, push one on top of it, clear closes all of them', async () => {
    const answers = [
      { response_action: 'update', view: modal([words], { title: plain('Second') }) },
      { response_action: 'push', view: modal([words], { title: plain('Third') }) },
      { response_action: 'clear' },
    ];
    const { slack, view_id } = await withForm(modal([words]), () => answers.shift());
    const titles = () => slack.store.views.map(({ view }) => JSON.stringify(view.title));
    await slack.interactions.submit({ user: seed.ada, view_id, values: filled });
    expect([topOf(slack), titles()]).toEqual([view_id, [expect.stringContaining('Second')]]);
    await slack.interactions.submit({ user: seed.ada, view_id, values: filled });
    expect(titles()).toEqual([expect.stringContaining('Second'), expect.stringContaining('Third')]);
    expect(slack.store.views.at(-1)?.view).toMatchObject({ root_view_id: view_id, previous_view_id: view_id });
    await slack.interactions.submit({ user: seed.ada, view_id: topOf(slack), values: filled });
    expect(slack.store.views).toEqual([]);
  });

  test('a fourth form on the others is refused', async () => {
    const { slack } = await withForm(modal([words]), () => ({ response_action: 'push', view: modal([words]) }));
    for (let depth = 1; depth < 3; depth += 1)
      await slack.interactions.submit({ user: seed.ada, view_id: topOf(slack), values: filled });
    await expect(
      slack.interactions.submit({ user: seed.ada, view_id: topOf(slack), values: filled }),
    ).rejects.toMatchObject({ code: 'push_limit_reached' });
  });

  test('errors for a field that the form does not have are no answer', async () => {
    const { slack, view_id } = await withForm(modal([words]), () => ({
      response_action: 'errors',
      errors: { elsewhere: 'Say more.' },
    }));
    await expect(slack.interactions.submit({ user: seed.ada, view_id, values: filled })).rejects.toMatchObject({
      code: 'invalid_response_action',
    });
    expect(slack.store.views).toHaveLength(1);
  });

  test('a form whose app is away stays open with what was typed', async () => {
    const { slack, view_id } = await withForm(modal([words]));
    slack.faults.add({ on: 'delivery', kind: 'interactive', times: 1, effect: { type: 'lose' } });
    const answer = await slack.interactions.submit({ user: seed.ada, view_id, values: filled });
    expect(answer).toEqual({ error: 'operation_timeout', errors: {} });
    expect(topOf(slack)).toBe(view_id);
  });
});

describe('closing', () => {
  test('only a view that asks for it is told of, and one level at a time', async () => {
    const upper = modal([words], { notify_on_close: true, private_metadata: 'kept' });
    const { slack, heard, view_id } = await withForm(modal([words]), () => ({ response_action: 'push', view: upper }));
    await slack.interactions.submit({ user: seed.ada, view_id, values: { what: { text: 'x' } } });
    await slack.interactions.close({ user: seed.ada, view_id: topOf(slack) });
    expect(closing(await heard.at(1))).toMatchObject({ is_cleared: false, view: { private_metadata: 'kept' } });
    expect(topOf(slack)).toBe(view_id);
    await slack.interactions.close({ user: seed.ada, view_id });
    expect([slack.store.views, heard.items.length]).toEqual([[], 2]);
  });

  test('the cross closes the whole stack and says so', async () => {
    const { slack, heard, view_id } = await withForm(modal([words], { notify_on_close: true }), () => ({
      response_action: 'push',
      view: modal([words]),
    }));
    await slack.interactions.submit({ user: seed.ada, view_id, values: { what: { text: 'x' } } });
    await slack.interactions.close({ user: seed.ada, view_id: topOf(slack), all: true });
    expect(closing(await heard.at(1))).toMatchObject({ is_cleared: true, view: { id: view_id } });
    expect(slack.store.views).toEqual([]);
  });
});

describe('external selects', () => {
  const external: KnownBlock = {
    type: 'input',
    block_id: 'repo',
    label: plain('Repository'),
    element: { type: 'external_select', action_id: 'name', min_query_length: 2 },
  };

  test('options are asked for as they are typed, and only what was offered can be chosen', async () => {
    const asked = inbox<object>();
    const { slack, heard, view_id } = await withForm(modal([external]), undefined, (app) =>
      app.options<'block_suggestion'>({ type: 'block_suggestion', action_id: 'name' }, async ({ ack, body }) => {
        asked.push(body);
        await ack({ options: [option(`acme/${body.value}`)] });
      }),
    );
    const suggest = (value: string) =>
      slack.interactions.suggest({ user: seed.ada, view_id, action_id: 'name', value });
    const submit = (value: string) =>
      slack.interactions.submit({ user: seed.ada, view_id, values: { repo: { name: value } } });

    expect([(await suggest('w')).options, asked.items]).toEqual([[], []]);
    expect((await suggest('web')).options).toEqual([option('acme/web')]);
    expect(asked.items[0]).toMatchObject({
      type: 'block_suggestion',
      action_id: 'name',
      block_id: 'repo',
      value: 'web',
      view: { id: view_id },
      user: { id: seed.ada },
    });
    expect((await submit('acme/other')).errors).toEqual({ repo: 'Please complete this required field.' });
    await submit('acme/web');
    expect(submission(await heard.at(0)).view.state.values).toEqual({
      repo: { name: { type: 'external_select', selected_option: option('acme/web') } },
    });
  });

  test('options that Slack would not show are an error of their own', async () => {
    const { slack, view_id } = await withForm(modal([external]), undefined, (app) =>
      app.options<'block_suggestion'>({ type: 'block_suggestion', action_id: 'name' }, async ({ ack }) =>
        ack({ options: [option('x'.repeat(76))] }),
      ),
    );
    const answer = await slack.interactions.suggest({ user: seed.ada, view_id, action_id: 'name', value: 'web' });
    expect(answer).toMatchObject({ error: 'invalid_options', options: [] });
  });
});
