// biome-ignore-all lint/suspicious/noTemplateCurlyInString: placeholders as the configuration file has them
import { expect, test } from 'vitest';
import { builtInAgents, toAcpCommand, toAgent } from '../../src/task/agents.ts';

const access = {
  forwarder: 'http://127.0.0.1:3128',
  provider: 'inhouse',
  api: 'chat',
  dummyKey: 'dummy',
  model: 'big-1',
} as const;
const turn = { access, session: null, prompt: 'Mend it.' };

test('every agent that ships and talks to a model holds the dummy key, the forwarder and the model, and nothing else to reach', () => {
  for (const agent of Object.values(builtInAgents)) {
    if (agent.type === 'shell') continue;
    const said = JSON.stringify(toAcpCommand(agent, turn));
    expect(said).toContain('dummy');
    expect(said).toContain(`${access.forwarder}/inhouse`);
    expect(said).toContain('big-1');
    expect(said.replaceAll(access.forwarder, '')).not.toMatch(/https?:/);
  }
});

test('without a model the agents that ship choose their own', () => {
  const claude = builtInAgents.claude;
  const env = claude?.type === 'acp' ? claude.env({ ...access, model: null }) : {};
  expect(Object.keys(env)).not.toContain('ANTHROPIC_MODEL');
});

test('an agent of the configuration gets base URL, key and model where it asks for them', () => {
  const env = { URL: '${BASE_URL}/v1', TOKEN: 'Bearer ${KEY}', M: '${MODEL}', OTHER: '${HOME}' };
  const agent = toAgent('own', { command: ['own-agent', '--acp'], env, provider: 'azure' });
  expect(toAcpCommand(agent, { ...turn, mcp: ['docs'], session: 's1' })).toEqual({
    type: 'acp',
    command: ['own-agent', '--acp'],
    env: { URL: 'http://127.0.0.1:3128/inhouse/v1', TOKEN: 'Bearer dummy', M: 'big-1', OTHER: '${HOME}' },
    mode: null,
    model: null,
    mcp: [
      {
        name: 'docs',
        url: 'http://127.0.0.1:3128/mcp/docs',
        headers: { authorization: 'Bearer dummy' },
      },
    ],
    session: 's1',
    prompt: 'Mend it.',
    wholePrompt: 'Mend it.',
  });
});

test('an agent of the configuration that does not ask for the model is told it by its session', () => {
  const agent = toAgent('own', { command: ['own-agent'], env: {}, provider: 'azure', mode: 'yolo' });
  expect(toAcpCommand(agent, turn)).toMatchObject({ model: 'big-1', mode: 'yolo' });
});
