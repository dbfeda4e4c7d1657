import { afterEach, describe, expect, test } from 'vitest';
import type { LocalSlackOptions } from '../../src/local/slack/server.ts';
import { seed } from '../../src/local/slack/workspace.ts';
import { bolt, client, endAll, inbox, start } from './local-slack-harness.ts';

afterEach(endAll);

async function working(rest: Partial<LocalSlackOptions> = {}) {
  const slack = await start({ agentSessions: true, ...rest });
  const web = client(slack);
  const { ts = '' } = await web.chat.postMessage({ channel: seed.dev, text: 'Root' });
  const where = { channel_id: seed.dev, thread_ts: ts };
  const session = () => slack.store.session(seed.dev, ts);
  const stop = () => slack.people.stopSession({ user: seed.grace, channel: seed.dev, thread_ts: ts });
  return { slack, web, where, session, stop };
}

const refused = (error: string) => ({ data: { error } });

describe('agent sessions', () => {
  test('the first call makes the session, and its title and initiator stay whatever later calls say', async () => {
    const { web, where, session } = await working();
    const first = { ...where, status: 'processing', title: 'Fix it', initiator_user_id: seed.ada };
    expect(await web.agents.sessions.setStatus(first)).toMatchObject({
      ok: true,
      status: 'processing',
      title: 'Fix it',
    });
    await web.agents.sessions.setStatus({ ...where, status: 'active', title: 'Other', initiator_user_id: seed.max });
    expect(session()).toMatchObject({ status: 'active', title: 'Fix it', initiator: seed.ada });
    await web.agents.sessions.rename({ ...where, title: 'Other' });
    expect(session()).toMatchObject({ title: 'Other' });
  });

  test('Stop tells the app who pressed it, and leaves the status to the app', async () => {
    const { slack, web, where, session, stop } = await working();
    const heard = inbox<object>();
    await bolt(slack, (app) => app.event('agent_session_stopped', async ({ event }) => heard.push(event)));
    await web.agents.sessions.setStatus({ ...where, status: 'processing' });
    stop();
    expect(await heard.at(0)).toEqual({
      type: 'agent_session_stopped',
      channel: seed.dev,
      user: seed.grace,
      thread_ts: where.thread_ts,
      streaming_message_ts: [],
      event_ts: expect.any(String),
    });
    expect(session()?.status).toBe('processing');
    await web.agents.sessions.setStatus({ ...where, status: 'closed' });
    expect(stop).toThrow('nothing_to_stop');
  });

  test('an app that does not listen for Stop is warned, and has none', async () => {
    const { web, where, stop } = await working({ events: ['app_mention'] });
    expect(await web.agents.sessions.setStatus({ ...where, status: 'processing' })).toMatchObject({
      warning: 'missing_agent_session_stopped_event_subscription',
    });
    expect(stop).toThrow('nothing_to_stop');
  });

  test('processing lapses after an hour unless it is said again', async () => {
    let now = 1_800_000_000_000;
    const { web, where, session } = await working({ clock: { now: () => now } });
    await web.agents.sessions.setStatus({ ...where, status: 'processing' });
    now += 3_599_999;
    expect(session()?.status).toBe('processing');
    now += 1;
    expect(session()?.status).toBe('active');
  });

  test('what is wrong with a call has its own code', async () => {
    const { web, where } = await working();
    const set = (args: object) => web.apiCall('agents.sessions.setStatus', { ...where, status: 'active', ...args });
    await expect(set({ thread_ts: undefined })).rejects.toMatchObject(refused('thread_ts_required'));
    await expect(set({ thread_ts: '1.000000' })).rejects.toMatchObject(refused('thread_not_found'));
    await expect(set({ channel_id: seed.secret })).rejects.toMatchObject(refused('channel_not_found'));
    await expect(set({ initiator_user_id: seed.stranger })).rejects.toMatchObject(refused('user_not_in_channel'));
  });

  test('a classic workspace has none of it', async () => {
    const { web, where } = await working({ agentSessions: false });
    await expect(web.agents.sessions.setStatus({ ...where, status: 'processing' })).rejects.toMatchObject(
      refused('feature_disabled'),
    );
  });
});

describe('scopes', () => {
  test('a call whose scope the app was not given is refused by its name', async () => {
    const { web } = await working({ scopes: ['chat:write', 'channels:read'] });
    await web.conversations.info({ channel: seed.dev });
    await expect(web.conversations.info({ channel: seed.adaDirect })).rejects.toMatchObject({
      data: { error: 'missing_scope', needed: 'im:read', provided: 'chat:write,channels:read' },
    });
    await expect(web.users.info({ user: seed.ada })).rejects.toMatchObject(refused('missing_scope'));
  });
});
