import { afterEach, describe, expect, test } from 'vitest';
import type { LocalSlack } from '../../src/local/slack/server.ts';
import { seed } from '../../src/local/slack/workspace.ts';
import { bolt, client, endAll, inbox, secrets, start } from './local-slack-harness.ts';

afterEach(endAll);

/** A picture of 3 × 2 pixels, as far as its head tells. */
const png = Buffer.from('89504e470d0a1a0a0000000d494844520000000300000002', 'hex');
const asBot = { authorization: `Bearer ${secrets.botToken}` };
const upload = (slack: LocalSlack, name = 'shot.png', bytes: Uint8Array = png) =>
  slack.people.upload({ user: seed.ada, name, bytes });

describe('a file that a person shares', () => {
  test('comes as file_share with all that Slack tells of a file, and again in files.info', async () => {
    const slack = await start();
    const got = inbox<object>();
    await bolt(slack, (app) => app.event('message', async ({ event }) => got.push(event)));
    const { id } = await upload(slack);
    slack.people.message({ user: seed.ada, channel: seed.dev, text: 'See', files: [id] });
    const told = {
      id,
      name: 'shot.png',
      title: 'shot.png',
      mimetype: 'image/png',
      filetype: 'png',
      pretty_type: 'PNG',
      mode: 'hosted',
      user: seed.ada,
      size: png.length,
      is_external: false,
      is_public: true,
      file_access: 'visible',
      original_w: 3,
      original_h: 2,
      channels: [seed.dev],
      url_private: `${slack.url}/files-pri/${seed.team}-${id}/shot.png`,
      url_private_download: `${slack.url}/files-pri/${seed.team}-${id}/download/shot.png`,
    };
    expect(await got.at(0)).toMatchObject({ subtype: 'file_share', text: 'See', upload: false, files: [told] });
    expect((await client(slack).files.info({ file: id })).file).toMatchObject(told);
  });

  test('needs no words, and a mention beside it is still a mention', async () => {
    const slack = await start();
    const mentions = inbox<object>();
    await bolt(slack, (app) => app.event('app_mention', async ({ event }) => mentions.push(event)));
    const { id } = await upload(slack, 'log.txt', Buffer.from('one\ntwo'));
    const { text, blocks } = slack.people.message({ user: seed.ada, channel: seed.dev, text: '', files: [id] });
    expect([text, blocks]).toEqual(['', undefined]);
    const other = await upload(slack);
    slack.people.message({ user: seed.ada, channel: seed.dev, text: '@Errand look', files: [other.id] });
    const mention = await mentions.at(0);
    expect(mention).toMatchObject({ type: 'app_mention', files: [{ id: other.id }] });
    expect(mention).not.toHaveProperty('subtype');
  });

  test("is one's own: another person's file can not be shared", async () => {
    const slack = await start();
    const { id } = await upload(slack);
    expect(() => slack.people.message({ user: seed.max, channel: seed.dev, text: 'x', files: [id] })).toThrow(
      'file_not_found',
    );
  });

  test('survives a restart', async () => {
    const dataFile = `${process.env.TMPDIR ?? '/tmp'}/local-slack-${crypto.randomUUID()}/slack.json`;
    const before = await start({ dataFile });
    const { id } = await upload(before);
    before.people.message({ user: seed.ada, channel: seed.dev, text: '', files: [id] });
    await before.close();
    const after = await start({ dataFile });
    const { file } = await client(after).files.info({ file: id });
    const answer = await fetch(file?.url_private ?? '', { headers: asBot });
    expect(Buffer.from(await answer.arrayBuffer())).toEqual(png);
  });
});

describe('the private address', () => {
  async function shared(channel: string = seed.dev, rest: Parameters<typeof start>[0] = {}) {
    const slack = await start(rest);
    const { id } = await upload(slack, 'page.html', Buffer.from('<script>alert(1)</script>'));
    slack.people.message({ user: seed.ada, channel, text: '', files: [id] });
    return { slack, id, url: `${slack.url}/files-pri/${seed.team}-${id}/page.html` };
  }

  test('gives the bot the bytes, as a download that can do nothing in a browser', async () => {
    const { url } = await shared();
    const answer = await fetch(url, { headers: asBot });
    expect(await answer.text()).toBe('<script>alert(1)</script>');
    expect(answer.headers.get('content-type')).toBe('text/html');
    expect(answer.headers.get('content-disposition')).toContain('attachment');
    expect(answer.headers.get('content-security-policy')).toContain('sandbox');
  });

  test('sends whoever has no token to sign in, with no error code, as Slack does', async () => {
    const { url } = await shared();
    const answer = await fetch(url);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    const wrong = await fetch(url, { headers: { authorization: 'Bearer other' }, redirect: 'manual' });
    expect(wrong.status).toBe(302);
  });

  test('is the same for a token without files:read', async () => {
    const { url } = await shared(seed.dev, { scopes: ['chat:write'] });
    expect((await fetch(url, { headers: asBot, redirect: 'manual' })).status).toBe(302);
  });

  test('is nothing to a bot that is not where the file was shared', async () => {
    const { slack, id, url } = await shared(seed.random);
    expect((await fetch(url, { headers: asBot })).status).toBe(404);
    await expect(client(slack).files.info({ file: id })).rejects.toMatchObject({ data: { error: 'file_not_found' } });
  });

  test('opens to the page by the cookie that it was given', async () => {
    const { slack, url } = await shared();
    const cookie = (await fetch(slack.url)).headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(/HttpOnly/);
    expect(cookie).toMatch(/SameSite=Strict/);
    const answer = await fetch(url, { headers: { cookie: cookie.split(';')[0] ?? '' } });
    expect(await answer.text()).toContain('<script>');
  });
});

describe('uploads by the page', () => {
  test('need its cookie and its origin', async () => {
    const slack = await start();
    const cookie = ((await fetch(slack.url)).headers.get('set-cookie') ?? '').split(';')[0] ?? '';
    const send = (headers: Record<string, string>) =>
      fetch(`${slack.url}/local/upload?user=${seed.ada}&name=a.txt`, {
        method: 'POST',
        headers: { 'content-type': 'application/octet-stream', ...headers },
        body: 'hello',
      });
    expect((await send({})).status).toBe(401);
    expect((await send({ cookie, origin: 'http://evil.example' })).status).toBe(403);
    expect((await send({ cookie, 'content-type': 'text/plain' })).status).toBe(415);
    expect(await (await send({ cookie })).json()).toMatchObject({ ok: true, file: { name: 'a.txt', size: 5 } });
  });
});

describe('a file that the app uploads', () => {
  test('goes the three steps of filesUploadV2 and is a message of its own', async () => {
    const slack = await start();
    const { ts = '' } = await client(slack).chat.postMessage({ channel: seed.dev, text: 'root' });
    const args = { channel_id: seed.dev, thread_ts: ts, filename: 'run.log', file: Buffer.from('one\ntwo\n') };
    await client(slack).filesUploadV2({ ...args, initial_comment: 'The whole log' });
    const [message] = slack.store.replies(seed.dev, ts);
    expect(message).toMatchObject({ subtype: 'file_share', text: 'The whole log', user: seed.bot });
    const [file] = slack.store.workspace.files;
    expect(file).toMatchObject({ name: 'run.log', size: 8, snippet: { lines: 3 } });
  });

  test('is refused where its length is another than was said', async () => {
    const slack = await start();
    const web = client(slack);
    const { upload_url = '', file_id = '' } = await web.files.getUploadURLExternal({ filename: 'a.txt', length: 3 });
    expect((await fetch(upload_url, { method: 'POST', body: 'four' })).status).toBe(409);
    await expect(web.files.completeUploadExternal({ files: [{ id: file_id }] })).rejects.toMatchObject({
      data: { error: 'file_not_found' },
    });
  });
});
