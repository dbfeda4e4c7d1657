import type { ViewSubmitAction } from '@slack/bolt';
import type { KnownBlock, ModalView } from '@slack/types';
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { seed } from '../../src/local/slack/workspace.ts';
import { bolt, endAll, inbox, start } from '../contracts/local-slack-harness.ts';
import { useBrowser } from './open.ts';

const visit = useBrowser(endAll);

const plain = (text: string) => ({ type: 'plain_text' as const, text });
const option = (value: string) => ({ text: plain(value), value });
const input = (block_id: string, label: string, element: object, rest: object = {}): KnownBlock =>
  JSON.parse(JSON.stringify({ type: 'input', block_id, label: plain(label), element, ...rest }));
const form: ModalView = {
  type: 'modal',
  callback_id: 'form',
  title: plain('New task'),
  submit: plain('Queue it'),
  blocks: [
    input('repo', 'Repository', { type: 'external_select', action_id: 'it', min_query_length: 1 }),
    input('agent', 'Agent', {
      type: 'static_select',
      action_id: 'it',
      options: ['claude', 'codex', 'shell'].map(option),
    }),
    input(
      'goal',
      'Goal',
      { type: 'plain_text_input', action_id: 'it', multiline: true },
      { hint: plain('In your words.') },
    ),
    input('where', 'Channel', {
      type: 'conversations_select',
      action_id: 'it',
      default_to_current_conversation: true,
      filter: { include: ['public', 'private'] },
    }),
    input(
      'how',
      'When',
      { type: 'radio_buttons', action_id: 'it', options: ['now', 'later'].map(option) },
      { optional: true },
    ),
    input('keep', 'Also', { type: 'checkboxes', action_id: 'it', options: [option('remember')] }, { optional: true }),
  ],
};

/** The page of somebody whose app opens the form on its shortcut, and takes what is sent. */
async function withForm(view = form) {
  const slack = await start({
    prefill: '',
    shortcuts: [
      { type: 'global', name: 'New task', callbackId: 'task_new', description: 'Opens a form' },
      { type: 'message', name: 'Send to agent', callbackId: 'task_from_message' },
    ],
  });
  const sent = inbox<ViewSubmitAction>();
  await bolt(slack, (app) => {
    app.shortcut(/^task_/, async ({ ack, shortcut, client }) => {
      await ack();
      await client.views.open({ trigger_id: shortcut.trigger_id, view });
    });
    app.options<'block_suggestion'>({ type: 'block_suggestion', action_id: 'it' }, async ({ ack, body }) => {
      await ack({ options: ['acme/web', 'acme/api'].filter((name) => name.includes(body.value)).map(option) });
    });
    app.view({ callback_id: 'form', type: 'view_submission' }, async ({ ack, body }) => {
      if (body.type === 'view_submission') sent.push(body);
      if (body.view.state.values.goal?.it?.value === 'bad') {
        await ack({ response_action: 'errors', errors: { goal: 'Say what should be different.' } });
      } else await ack();
    });
  });
  const page = await visit(`${slack.url}/?as=ada#${seed.dev}`);
  return { slack, sent, page };
}

async function openForm(page: Page): Promise<void> {
  await page.locator('main').getByRole('button', { name: 'Shortcuts' }).press('Enter');
  await page.keyboard.press('Enter');
  await page.getByRole('dialog', { name: 'New task' }).waitFor();
}

const focused = (page: Page) => page.evaluate('document.activeElement?.id ?? ""');

describe('a form', () => {
  test('is filled with the keyboard alone and sent by Ctrl and Enter', async () => {
    const { page, sent } = await withForm();
    await openForm(page);
    expect(await focused(page)).toBe('input-repo');
    await page.keyboard.type('web');
    await page.getByRole('option', { name: 'acme/web' }).waitFor();
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    await page.keyboard.type('cod');
    await page.getByRole('option', { name: 'codex', selected: true }).waitFor();
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    await page.keyboard.type('Fix it\n');
    await page.keyboard.type('soon');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Space');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Space');
    await page.keyboard.press('Control+Enter');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect((await sent.at(0)).view.state.values).toMatchObject({
      repo: { it: { selected_option: { value: 'acme/web' } } },
      agent: { it: { selected_option: { value: 'codex' } } },
      goal: { it: { value: 'Fix it\nsoon' } },
      where: { it: { selected_conversation: seed.dev } },
      how: { it: { selected_option: { value: 'now' } } },
      keep: { it: { selected_options: [{ value: 'remember' }] } },
    });
  });

  test('says at each field what is missing, and goes to the first of them', async () => {
    const { page, sent } = await withForm();
    await openForm(page);
    await page.getByRole('button', { name: 'Queue it' }).click();
    const goal = page.getByRole('textbox', { name: 'Goal' });
    await page.getByText('Please complete this required field.').first().waitFor();
    expect([await page.getByText('Please complete this required field.').count(), await focused(page)]).toEqual([
      3,
      'input-repo',
    ]);
    expect(await goal.getAttribute('aria-invalid')).toBe('true');
    const described = (await goal.getAttribute('aria-describedby'))?.split(' ') ?? [];
    const words = await Promise.all(described.map((id) => page.locator(`[id="${id}"]`).textContent()));
    expect(words).toEqual(['Please complete this required field.', 'In your words.']);
    expect(sent.items).toEqual([]);
  });

  test("shows the app's own errors beside what was typed, and takes the next try", async () => {
    const { page, sent } = await withForm({ ...form, blocks: form.blocks.slice(2, 3) });
    await openForm(page);
    await page.keyboard.type('bad');
    await page.keyboard.press('Control+Enter');
    await page.getByText('Say what should be different.').waitFor();
    expect(await page.getByRole('textbox', { name: 'Goal' }).inputValue()).toBe('bad');
    await page.keyboard.press('End');
    await page.keyboard.type('ly put');
    await page.keyboard.press('Control+Enter');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(sent.items).toHaveLength(2);
  });

  test('keeps what was typed where nobody answers, and says so in the form', async () => {
    const { slack, page } = await withForm({ ...form, blocks: form.blocks.slice(2, 3) });
    await openForm(page);
    await page.keyboard.type('Fix it');
    slack.faults.add({ on: 'delivery', kind: 'interactive', times: 1, effect: { type: 'lose' } });
    await page.keyboard.press('Control+Enter');
    await page.getByText('Nothing is lost: try again.').waitFor();
    expect(await page.getByRole('textbox', { name: 'Goal' }).inputValue()).toBe('Fix it');
    await page.keyboard.press('Control+Enter');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
  });

  test('keeps the focus inside, and gives it back when Escape closes it', async () => {
    const { page } = await withForm();
    await openForm(page);
    const inside = "document.activeElement?.closest('dialog') !== null";
    for (let index = 0; index < 24; index += 1) {
      await page.keyboard.press(index < 12 ? 'Tab' : 'Shift+Tab');
      expect(await page.evaluate(inside)).toBe(true);
    }
    await page.getByRole('combobox', { name: 'Agent' }).focus();
    await page.keyboard.press('ArrowDown');
    await page.getByRole('option', { name: 'claude' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('option', { name: 'claude' }).waitFor({ state: 'hidden' });
    expect(await page.getByRole('dialog', { name: 'New task' }).count()).toBe(1);
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(await page.evaluate("document.activeElement?.getAttribute('aria-label')")).toBe('Shortcuts');
  });

  test('fits a phone', async () => {
    const { slack } = await withForm();
    const page = await visit(`${slack.url}/?as=ada#${seed.dev}`, 390);
    await page.locator('main').getByRole('button', { name: 'Shortcuts' }).tap();
    await page.getByRole('button', { name: /New task/ }).tap();
    const box = await page.getByRole('dialog', { name: 'New task' }).boundingBox();
    expect([box === null, (box?.x ?? 0) >= 0, (box?.x ?? 0) + (box?.width ?? 999) <= 390]).toEqual([false, true, true]);
    await page.getByRole('button', { name: 'Queue it' }).tap();
    await page.getByText('Please complete this required field.').first().waitFor();
  });
});

describe('a message shortcut', () => {
  test.each(['a right click', 'the keyboard'])('is there by %s', async (way) => {
    const { slack, page } = await withForm();
    const { ts } = slack.people.message({ user: seed.max, channel: seed.dev, text: 'The test is flaky' });
    const message = page.locator(`main .message[data-ts="${ts}"]`);
    await message.waitFor();
    if (way === 'a right click') await message.click({ button: 'right' });
    else {
      await page.locator('main .composer-text').press('ArrowUp');
      await page.keyboard.press('m');
    }
    await page
      .getByRole('dialog', { name: 'Message menu' })
      .getByRole('button', { name: 'Send to agent' })
      .press('Enter');
    await page.getByRole('dialog', { name: 'New task' }).waitFor();
    expect(slack.outbound.records.find(({ payload }) => payload.type === 'message_action')?.payload).toMatchObject({
      message: { ts, text: 'The test is flaky' },
    });
  });
});
