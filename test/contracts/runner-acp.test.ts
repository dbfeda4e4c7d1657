import { readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { AgentCommand } from '../../sandbox/protocol.ts';
import { type Driven, makeGround, node } from '../runner/drive.ts';

const scripted = join(import.meta.dirname, '../runner/scripted-agent.ts');

function acp(
  prompt: string,
  more: Partial<Extract<AgentCommand, { type: 'acp' }>> = {},
  ...flags: string[]
): AgentCommand {
  return {
    type: 'acp',
    command: [node, scripted, ...flags],
    env: {},
    mode: null,
    model: null,
    session: null,
    prompt,
    wholePrompt: prompt,
    ...more,
  };
}

const messages = (runner: Driven) =>
  runner.records.flatMap((record) => (record.type === 'message' ? [record.text] : []));

test('plan, tool calls and messages become records, and the last message is the claim', async () => {
  await using ground = await makeGround();
  const runner = ground.here();
  runner.send(ground.spec(acp('say I look at it.\nplan Look,Mend,Test\ntool Edit a.txt\nsay All done now.')));
  expect(await runner.result()).toEqual({ type: 'finished', exitCode: 0, claim: 'All done now.', unread: [] });
  expect(messages(runner)).toEqual(['I look at it.', 'All done now.']);
  expect(runner.records).toContainEqual(expect.objectContaining({ type: 'session', id: 'scripted-1' }));
  expect(runner.records).toContainEqual(
    expect.objectContaining({
      type: 'plan',
      steps: [
        { title: 'Look', status: 'complete', detail: null },
        { title: 'Mend', status: 'in_progress', detail: null },
        { title: 'Test', status: 'pending', detail: null },
      ],
    }),
  );
  expect(runner.records).toContainEqual(
    expect.objectContaining({ type: 'activity', id: 'c1', title: 'Edit a.txt', status: 'complete' }),
  );
});

test('ten thousand tool calls become few records', async () => {
  await using ground = await makeGround();
  const runner = ground.here();
  runner.send(ground.spec(acp('tools 10000')));
  await runner.result();
  expect(runner.records.length).toBeLessThan(1_000);
  expect(runner.records).toContainEqual(expect.objectContaining({ title: 'Call 9999' }));
});

test('every permission is given, for good where that is offered', async () => {
  await using ground = await makeGround();
  const runner = ground.here();
  runner.send(ground.spec(acp('permission')));
  expect(await runner.result()).toMatchObject({ claim: 'permission always' });
});

test('the session mode that was asked for is set', async () => {
  await using ground = await makeGround();
  const runner = ground.here();
  runner.send(ground.spec(acp('say mode $MODE', { mode: 'yolo' })));
  expect(await runner.result()).toMatchObject({ claim: 'mode yolo' });
});

test('a known session is loaded and what it replays is not told again', async () => {
  await using ground = await makeGround();
  const runner = ground.here();
  runner.send(ground.spec(acp('session', { session: 'known' })));
  expect(await runner.result()).toMatchObject({ claim: 'loaded:known' });
  expect(messages(runner)).toEqual(['loaded:known']);
});

test('an unknown session is replaced by a new one', async () => {
  await using ground = await makeGround();
  const runner = ground.here();
  runner.send(ground.spec(acp('say new', { session: 'forgotten' })));
  expect(await runner.result()).toMatchObject({ claim: 'new' });
  expect(runner.records).toContainEqual(expect.objectContaining({ type: 'session', id: 'scripted-1' }));
});

test('an agent that can’t use MCP servers over HTTP is given none, and a note says so', async () => {
  await using ground = await makeGround();
  const runner = ground.here();
  const mcp = [{ name: 'docs', url: 'http://127.0.0.1:3128/mcp/docs', headers: { authorization: 'Bearer dummy' } }];
  runner.send(ground.spec(acp('servers', { mcp })));
  expect(await runner.result()).toMatchObject({ type: 'finished', claim: '0 servers' });
  expect(await runner.until('note')).toMatchObject({ text: 'This agent can’t use MCP servers over HTTP: docs' });
});

test('an agent that can is given each with its address and header, and nothing is noted', async () => {
  await using ground = await makeGround();
  const runner = ground.here();
  const mcp = [{ name: 'docs', url: 'http://127.0.0.1:3128/mcp/docs', headers: { authorization: 'Bearer dummy' } }];
  runner.send(ground.spec(acp('servers', { mcp }, '--mcp')));
  expect(await runner.result()).toMatchObject({ claim: '1 servers http docs authorization' });
  expect(runner.records.filter(({ type }) => type === 'note')).toEqual([]);
});

test('an agent that asks between two steps is given what people added, once', async () => {
  await using ground = await makeGround();
  const runner = ground.here();
  runner.send(ground.spec(acp('tool Start\nawait-added\ntool Next\nadded', {}, '--no-steering')));
  await runner.until('activity');
  runner.send({ type: 'steer', id: 'm1', text: 'use tabs' });
  expect(await runner.result()).toMatchObject({ claim: 'then none', unread: [] });
  expect(runner.records.filter(({ type }) => type === 'message')).toMatchObject([
    { text: 'added: use tabs' },
    { text: 'then none' },
  ]);
  expect(runner.records.filter(({ type }) => type === 'steered')).toMatchObject([{ id: 'm1', accepted: true }]);
});

test('a message goes into the turn that runs', async () => {
  await using ground = await makeGround();
  const runner = ground.here();
  runner.send(ground.spec(acp('tool Start\nwait-steer')));
  await runner.until('activity');
  runner.send({ type: 'steer', id: 'm1', text: 'use tabs' });
  expect(await runner.result()).toMatchObject({ claim: 'steered:use tabs', unread: [] });
  expect(runner.records).toContainEqual(expect.objectContaining({ type: 'steered', id: 'm1', accepted: true }));
});

test('an agent that takes no message in its turn gets it as the next prompt', async () => {
  await using ground = await makeGround();
  const runner = ground.here();
  runner.send(ground.spec(acp('tool Start\nask Which?', {}, '--no-steering')));
  const { id } = await runner.until('question');
  runner.send({ type: 'steer', id: 'm1', text: 'say tabs it is' });
  runner.send({ type: 'answer', question: id, text: 'Postgres' });
  expect(await runner.result()).toMatchObject({ claim: 'tabs it is', unread: [] });
  expect(messages(runner)).toHaveLength(2);
});

test('a message that came before the agent was up is its second prompt or part of its turn, never lost', async () => {
  await using ground = await makeGround();
  const runner = ground.here();
  runner.send({ type: 'steer', id: 'm0', text: 'say early' });
  runner.send(ground.spec(acp('say first')));
  expect(await runner.result()).toMatchObject({ claim: 'early', unread: [] });
});

test.each([
  ['SQLite', { action: 'accept', content: { question_0: 'lite' } }],
  ['neither, use files', { action: 'accept', content: { question_0_custom: 'neither, use files' } }],
  ['', { action: 'decline' }],
])('a question waits for its answer: "%s"', async (text, told) => {
  await using ground = await makeGround();
  const runner = ground.here();
  runner.send(ground.spec(acp('ask Which database?')));
  const question = await runner.until('question');
  expect(question).toMatchObject({ text: 'Which database?', options: ['Postgres', 'SQLite'] });
  runner.send({ type: 'answer', question: question.id, text });
  const result = await runner.result();
  expect(JSON.parse(result.type === 'finished' ? result.claim : '')).toEqual(told);
});

test('cancel reaches a turn that runs and one that waits for an answer', async () => {
  await using ground = await makeGround();
  const turn = ground.here();
  turn.send(ground.spec(acp('wait-cancel')));
  await turn.until('activity');
  turn.send({ type: 'cancel' });
  expect(await turn.result()).toMatchObject({ type: 'failed', code: 'cancelled' });
  const asking = ground.here({ run: 'tabc123-r2' });
  asking.send(ground.spec(acp('ask Which?')));
  await asking.until('question');
  asking.send({ type: 'cancel' });
  expect(await asking.result()).toMatchObject({ type: 'failed', code: 'cancelled' });
});

test.each([
  ['an agent that is not installed', acp('x', { command: ['no-such-agent'] }), 'agent_start', /no-such-agent.*ENOENT/],
  [
    'an agent that ends at once',
    acp('x', {}, '--silent-exit'),
    'agent_start',
    /ended with exit code 7: no licence file$/,
  ],
  ['a program that is no agent', acp('x', { command: ['echo', 'hello'] }), 'agent_start', /echo hello/],
  ['an agent that crashes', acp('tool a\ncrash'), 'agent_error', /ended with exit code 3: out of cheese$/],
  ['an agent that wants a sign-in', acp('unauthorised'), 'agent_auth', /asked to sign in/],
  ['an agent that fails', acp('fail it broke'), 'agent_error', /^The agent stopped with an error: it broke$/],
])('%s fails the run', async (_name, agent, code, message) => {
  await using ground = await makeGround();
  const runner = ground.here();
  runner.send(ground.spec(agent));
  expect(await runner.result()).toEqual({ type: 'failed', code, message: expect.stringMatching(message) });
});

test('the gateway is reached through the forwarder, also after its socket was bound again', async () => {
  await using ground = await makeGround();
  const gateway = async (status: number) => {
    await rm(ground.gateway, { force: true });
    const server = createServer((_request, response) => response.writeHead(status, { connection: 'close' }).end());
    await new Promise<void>((resolve) => server.listen(ground.gateway, resolve));
    return server;
  };
  const first = await gateway(204);
  const runner = ground.here();
  runner.send(ground.spec(acp('post /a\nask Next?\npost /b')));
  const { id } = await runner.until('question');
  first.closeAllConnections();
  await new Promise((resolve) => first.close(resolve));
  const second = await gateway(203);
  runner.send({ type: 'answer', question: id, text: 'Postgres' });
  await runner.result();
  expect(messages(runner).join('\n')).toMatch(/got 204[\s\S]*got 203/);
  await new Promise((resolve) => second.close(resolve));
});

test.each([
  [401, '{"error":{"message":"invalid x-api-key"}}', 'agent_auth', /refused the key \(401\)/],
  [404, '{}', 'agent_error', /refused the request \(404\)/],
  [503, '{}', 'model_down', /does not serve requests \(503\)/],
  [429, '{"error":{"code":"errand_budget"}}', 'budget', /budget is spent/],
])('what the model endpoint answered (%i) says why an agent failed', async (status, body, code, message) => {
  await using ground = await makeGround();
  const server = createServer((_request, response) => response.writeHead(status).end(body));
  await new Promise<void>((resolve) => server.listen(ground.gateway, resolve));
  const runner = ground.here();
  runner.send(ground.spec(acp('post /v1/messages\nfail it broke')));
  expect(await runner.result()).toEqual({ type: 'failed', code, message: expect.stringMatching(message) });
  await new Promise((resolve) => server.close(resolve));
});

test('a turn that ends well although the model endpoint refused it is a failure', async () => {
  await using ground = await makeGround();
  const server = createServer((_request, response) => response.writeHead(503).end());
  await new Promise<void>((resolve) => server.listen(ground.gateway, resolve));
  const runner = ground.here();
  runner.send(ground.spec(acp('post /v1/messages\nsay Sorry, 503.')));
  const result = await runner.result();
  expect(result).toMatchObject({ type: 'failed', code: 'model_down', message: expect.stringMatching(/Sorry, 503\.$/) });
  await new Promise((resolve) => server.close(resolve));
});

test('without a gateway the run ends as model_down', async () => {
  await using ground = await makeGround();
  const runner = ground.here();
  runner.send(ground.spec(acp('post /v1/messages\nfail it broke')));
  expect(await runner.result()).toMatchObject({ type: 'failed', code: 'model_down' });
});

const picture = {
  type: 'file',
  name: 'F1-shot.png',
  offset: 0,
  data: Buffer.from('89504e470d0a1a0a0000000d', 'hex').toString('base64'),
  end: true,
} as const;
const log = { ...picture, name: 'F2-error.log', data: Buffer.from('at line 3').toString('base64') };

test('files that came with a message lie beside the checkout, and pictures among them are shown', async () => {
  await using ground = await makeGround();
  const runner = ground.here();
  runner.send(picture);
  runner.send(log);
  const files = { files: [], wholeFiles: ['F1-shot.png', 'F2-error.log'] };
  runner.send(ground.spec(acp('say look', files, '--sees')));
  expect(await runner.result()).toMatchObject({ claim: 'looksaw image/png' });
  expect(await readFile(join(ground.workspace, 'files/F2-error.log'), 'utf8')).toBe('at line 3');
});

test('an agent that goes on is shown the pictures of what is new', async () => {
  await using ground = await makeGround();
  const runner = ground.here();
  runner.send(picture);
  const files = { session: 'known', files: [], wholeFiles: ['F1-shot.png'] };
  runner.send(ground.spec(acp('say nothing new', files, '--sees')));
  expect(await runner.result()).toMatchObject({ claim: 'nothing new' });
});

test('an agent that sees no pictures gets words alone', async () => {
  await using ground = await makeGround();
  const runner = ground.here();
  runner.send(picture);
  runner.send(ground.spec(acp('say look', { wholeFiles: ['F1-shot.png'] })));
  expect(await runner.result()).toMatchObject({ claim: 'look' });
});

test('a picture that comes with a message in between is shown with it', async () => {
  await using ground = await makeGround();
  const runner = ground.here();
  runner.send(ground.spec(acp('tool Start\nwait-steer', {}, '--sees')));
  await runner.until('activity');
  runner.send(picture);
  runner.send({ type: 'steer', id: 'm1', text: 'like this', files: ['F1-shot.png'] });
  expect(await runner.result()).toMatchObject({ claim: 'steered:like this image' });
});
