import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Control } from '../../sandbox/protocol.ts';
import { agentFacts } from '../../src/task/agent-facts.ts';
import { type AcpAgent, builtInAgents, toAcpCommand } from '../../src/task/agents.ts';
import type { ModelApi } from '../../src/task/providers.ts';
import { startMcpServer } from '../fakes/mcp-server.ts';
import {
  callTool,
  editFile,
  failWith,
  type ModelServer,
  plan,
  runCommand,
  say,
  startModelServer,
  type Turn,
} from '../fakes/model-server.ts';
import { inContainer } from '../runner/container.ts';
import { type Driven, type Ground, makeGround } from '../runner/drive.ts';
import { startGateway } from '../runner/gateway.ts';
import { initialize } from '../runner/initialize.ts';

// The vendors' own agents, in the image, under the settings of every run, against a model server that follows a script.

function find(name: string): AcpAgent {
  const agent = builtInAgents[name];
  if (agent?.type !== 'acp') throw new Error(`${name} is no ACP agent`);
  return agent;
}

interface Set extends AsyncDisposable {
  readonly ground: Ground;
  readonly model: ModelServer;
  start(turn: {
    prompt: string;
    session?: string;
    number?: number;
    env?: Record<string, string>;
    picture?: Control & { type: 'file' };
  }): Promise<Driven>;
}

async function prepare(
  name: string,
  options: { model?: string; api?: ModelApi; down?: boolean; mcp?: string } = {},
): Promise<Set> {
  const stack = new AsyncDisposableStack();
  const ground = stack.use(await makeGround({ 'a.txt': 'one\n' }));
  const model = stack.use(await startModelServer());
  stack.use(await startGateway(ground.gateway, () => (options.down ? null : model.url), options.mcp));
  const agent = find(name);
  return {
    ground,
    model,
    start: async ({ prompt, session = null, number = 1, env = {}, picture }) => {
      const runner = stack.use(await inContainer(ground, number));
      const access = {
        forwarder: 'http://127.0.0.1:3128',
        provider: 'provider',
        api: options.api ?? agent.apis[0] ?? 'chat',
        dummyKey: 'dummy-key',
        model: options.model ?? (agent.needsModel ? 'scripted' : null),
      };
      const command = toAcpCommand(agent, { access, session, prompt, mcp: options.mcp === undefined ? [] : ['docs'] });
      const files = picture === undefined ? {} : { wholeFiles: [picture.name] };
      if (picture !== undefined) runner.send(picture);
      const spec: Control = ground.spec({ ...command, ...files, env: { ...command.env, ...env } });
      runner.send(spec);
      return runner;
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** One red pixel. */
const redDot = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==';

const told = (model: ModelServer) => model.requests.filter(({ call }) => (call?.tools.length ?? 0) > 0);
// Both agents go on trying for minutes where nobody tells them not to.
const impatient = { CLAUDE_CODE_MAX_RETRIES: '1' };

/** Each agent has its own way to a server's tools; most look for it before they call it. */
function mcpCalls(agent: string, args: Record<string, string>): Turn[] {
  const tool = 'mcp__docs__look_up';
  switch (agent) {
    case 'claude':
      return [callTool('ToolSearch', { query: `select:${tool}`, max_results: 5 }), callTool(tool, args)];
    case 'codex':
      return [callTool('exec', `text(await tools.${tool}(${JSON.stringify(args)}));`)];
    case 'qwen':
      return [
        callTool('tool_search', { query: `select:${tool}` }),
        callTool('tool_call', { name: tool, arguments: args }),
      ];
    default:
      return [callTool('docs_look_up', args)];
  }
}

describe.concurrent.each(['claude', 'codex', 'opencode', 'qwen'])('%s', (name) => {
  test('edits a file through a tool call and ends with its message', async () => {
    await using set = await prepare(name);
    set.model.script([editFile('a.txt', 'changed\n', 'I change it.'), say('I changed a.txt.')]);
    const runner = await set.start({ prompt: 'Change a.txt, please.' });
    expect(await runner.result()).toEqual({ type: 'finished', exitCode: 0, claim: 'I changed a.txt.', unread: [] });
    expect(await readFile(join(set.ground.checkout, 'a.txt'), 'utf8')).toBe('changed\n');
    const shown = runner.records.filter(({ type }) => type !== 'output').map(({ type }) => type);
    expect(shown).toEqual(expect.arrayContaining(['ready', 'checked_out', 'session', 'activity', 'message', 'result']));
    // No calls beside the script's: each would cost somebody money.
    expect(told(set.model)).toHaveLength(2);
    const keys = set.model.requests.map(({ headers }) => headers['x-api-key'] ?? headers.authorization);
    const bearer = ['codex', 'qwen'].includes(name);
    expect(new Set(keys)).toEqual(new Set([bearer ? 'Bearer dummy-key' : 'dummy-key']));
  });

  // Qwen Code goes by the name of the model, and knows no “scripted”.
  test.skipIf(name === 'qwen')('is shown a picture that came with the request', async () => {
    await using set = await prepare(name);
    set.model.script([say('It is red.')]);
    const picture = { type: 'file', name: 'F1-dot.png', offset: 0, data: redDot, end: true } as const;
    const runner = await set.start({ prompt: 'Which colour has /workspace/files/F1-dot.png?', picture });
    expect(await runner.result()).toMatchObject({ type: 'finished', claim: 'It is red.' });
    expect(told(set.model).at(-1)?.text).toContain('F1-dot.png');
    expect(JSON.stringify(told(set.model).at(-1)?.call?.body)).toContain(redDot);
  });

  test('takes up its session in a second run', async () => {
    await using set = await prepare(name);
    set.model.script([say('The word is tangerine.')]);
    const first = await set.start({ prompt: 'Remember a word.' });
    await first.result();
    const { id } = await first.until('session');
    set.model.script([say('Again.')]);
    const second = await set.start({ prompt: 'Which word was it?', session: id, number: 2 });
    expect(await second.result()).toMatchObject({ type: 'finished', claim: 'Again.' });
    expect(await second.until('session')).toMatchObject({ id });
    expect(second.records.filter(({ type }) => type === 'message')).toHaveLength(1);
    const last = told(set.model).at(-1)?.text ?? '';
    expect(last).toContain('Remember a word.');
    expect(last).toContain('tangerine');
    expect(last).toContain('Which word was it?');
  });

  test('reads a message that comes while it works', async () => {
    await using set = await prepare(name);
    const hold = Promise.withResolvers<void>();
    set.model.script([{ ...runCommand('true'), hold: hold.promise }], say('Tabs it is.'));
    const runner = await set.start({ prompt: 'Indent a.txt.' });
    await set.model.called(1);
    runner.send({ type: 'steer', id: 'm1', text: 'Use tabs, not spaces.' });
    // The others read it once their tool has run, or after their turn.
    if (agentFacts[name]?.hears === 'at once')
      await runner.until('steered', ({ id, accepted }) => id === 'm1' && accepted);
    hold.resolve();
    expect(await runner.result()).toEqual({ type: 'finished', exitCode: 0, claim: 'Tabs it is.', unread: [] });
    expect(told(set.model).at(-1)?.text).toContain('Use tabs, not spaces.');
    expect(await runner.until('steered')).toMatchObject({ id: 'm1', accepted: true });
  });

  test('runs on the model that was asked for', async () => {
    const model = { codex: 'gpt-5.5-codex', qwen: 'qwen3-coder' }[name] ?? 'claude-sonnet-5';
    await using set = await prepare(name, { model });
    const runner = await set.start({ prompt: 'Hello.' });
    await runner.result();
    expect(told(set.model).map(({ call }) => call?.model)).toEqual([model]);
  });

  test('calls a tool of an MCP server at its gateway', async () => {
    await using mcp = await startMcpServer('Bearer dummy-key');
    await using set = await prepare(name, { mcp: mcp.url });
    set.model.script([...mcpCalls(name, { word: 'errand' }), say('It is a short journey.')]);
    const runner = await set.start({ prompt: 'What is an errand?' });
    expect(await runner.result()).toMatchObject({ type: 'finished', claim: 'It is a short journey.' });
    expect(mcp.called).toEqual([{ name: 'look_up', args: { word: 'errand' } }]);
    expect(told(set.model).at(-1)?.text).toContain('a short journey to get something done');
  });

  test('stops in the middle of a turn', async () => {
    await using set = await prepare(name);
    set.model.script([{ fault: 'hang' }]);
    const runner = await set.start({ prompt: 'Think hard.' });
    await set.model.called(1);
    runner.send({ type: 'cancel' });
    expect(await runner.result()).toEqual({ type: 'failed', code: 'cancelled', message: 'The run was stopped.' });
  });

  test('fails as agent_auth at the first refused key', async () => {
    await using set = await prepare(name);
    set.model.on(() => failWith(401));
    const runner = await set.start({ prompt: 'Hello.' });
    expect(await runner.result()).toMatchObject({ type: 'failed', code: 'agent_auth' });
  });

  test('fails as budget when the gateway says so, without trying again', async () => {
    await using set = await prepare(name);
    set.model.on(() => failWith(429, { body: { error: { code: 'errand_budget', message: 'The budget is spent.' } } }));
    const runner = await set.start({ prompt: 'Hello.' });
    expect(await runner.result()).toEqual({
      type: 'failed',
      code: 'budget',
      message: "The task's model budget is spent.",
    });
  });

  // OpenCode and Qwen Code try for a minute and a half and can't be told otherwise; what is tested is the same for all.
  test.skipIf(['opencode', 'qwen'].includes(name))(
    'fails as model_down while the endpoint is away, and says so in between',
    async () => {
      await using set = await prepare(name, { down: true });
      const runner = await set.start({ prompt: 'Hello.', env: impatient });
      expect(await runner.result()).toMatchObject({
        type: 'failed',
        code: 'model_down',
        message: expect.stringMatching(/^The model endpoint does not serve requests \(503\)/),
      });
      expect(await runner.until('activity')).toMatchObject({ title: 'The model endpoint answered 503' });
    },
  );
});

test.each(Object.entries(agentFacts))('the facts about %s are what it says of itself', async (name, facts) => {
  const said = await initialize(find(name));
  const { agentCapabilities: can } = said;
  const { ownCalls: _, ...claimed } = facts;
  expect({
    hears: said._meta?.steering?.supported === true ? 'at once' : facts.hears,
    resumes: can.loadSession === true || can.sessionCapabilities?.resume !== undefined,
    images: can.promptCapabilities?.image === true && facts.images,
    mcp: can.mcpCapabilities?.http === true,
    machines: facts.machines,
  }).toEqual(claimed);
});

test('the plan of Claude Code is shown', async () => {
  await using set = await prepare('claude');
  set.model.script([
    callTool('ToolSearch', { query: 'select:TaskCreate,TaskUpdate', max_results: 5 }),
    callTool('TaskCreate', { subject: 'Look at it', description: 'First.', activeForm: 'Looking' }),
    callTool('TaskUpdate', { taskId: '1', status: 'completed' }),
    say('Done.'),
  ]);
  const runner = await set.start({ prompt: 'Plan it.' });
  await runner.result();
  expect(runner.records.findLast(({ type }) => type === 'plan')).toMatchObject({
    steps: [{ title: 'Look at it', status: 'complete', detail: null }],
  });
});

test.each(['opencode', 'qwen'])('the plan of %s is shown', async (name) => {
  await using set = await prepare(name);
  set.model.script([
    plan([
      ['Look', 'completed'],
      ['Mend', 'in_progress'],
    ]),
    say('Done.'),
  ]);
  const runner = await set.start({ prompt: 'Plan it.' });
  await runner.result();
  expect(runner.records.findLast(({ type }) => type === 'plan')).toMatchObject({
    steps: [
      { title: 'Look', status: 'complete' },
      { title: 'Mend', status: 'in_progress' },
    ],
  });
});

test.each(['responses', 'chat'] as const)('OpenCode reaches an OpenAI-like provider over %s', async (api) => {
  await using set = await prepare('opencode', { api, model: 'our-model' });
  set.model.script([editFile('a.txt', 'changed\n'), say('I changed a.txt.')]);
  const runner = await set.start({ prompt: 'Change a.txt, please.' });
  expect(await runner.result()).toMatchObject({ type: 'finished', claim: 'I changed a.txt.' });
  expect(await readFile(join(set.ground.checkout, 'a.txt'), 'utf8')).toBe('changed\n');
  expect(told(set.model).map(({ call }) => [call?.api, call?.model])).toEqual([
    [api, 'our-model'],
    [api, 'our-model'],
  ]);
});

test('a question of Claude Code is asked, and its answer reaches the model', async () => {
  await using set = await prepare('claude');
  const options = [
    { label: 'Postgres', description: 'big' },
    { label: 'SQLite', description: 'small' },
  ];
  const questions = [{ question: 'Which database?', header: 'Database', multiSelect: false, options }];
  set.model.script([callTool('AskUserQuestion', { questions }), say('So be it.')]);
  const runner = await set.start({ prompt: 'Add a database.' });
  const question = await runner.until('question');
  expect(question).toMatchObject({ text: 'Which database?', options: ['Postgres', 'SQLite'] });
  runner.send({ type: 'answer', question: question.id, text: 'neither, a plain file' });
  expect(await runner.result()).toMatchObject({ type: 'finished', claim: 'So be it.' });
  expect(told(set.model).at(-1)?.text).toContain('neither, a plain file');
});

test('a gateway that appears late or is bound again is found', async () => {
  await using ground = await makeGround({ 'a.txt': 'one\n' });
  await using model = await startModelServer();
  const { promise: asked, resolve } = Promise.withResolvers<void>();
  const agent = find('codex');
  const access = {
    forwarder: 'http://127.0.0.1:3128',
    provider: 'openai',
    api: 'responses',
    dummyKey: 'dummy-key',
    model: null,
  } as const;
  const first = await startGateway(ground.gateway, () => model.url);
  model.script([
    () => {
      resolve();
      return runCommand('sleep 1');
    },
    say('Both served.'),
  ]);
  await using runner = await inContainer(ground);
  runner.send(ground.spec(toAcpCommand(agent, { access, session: null, prompt: 'Hello.' })));
  await asked;
  await first[Symbol.asyncDispose]();
  await using _second = await startGateway(ground.gateway, () => model.url);
  expect(await runner.result()).toMatchObject({ type: 'finished', claim: 'Both served.' });
});
