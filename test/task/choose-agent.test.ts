import { describe, expect, test } from 'vitest';
import { chooseAgent, chooseProvider, type Wish } from '../../src/task/choose-agent.ts';
import { parseRepositoryName } from '../../src/task/ids.ts';
import { type ChannelPolicy, type Policy, plainRepository, type RepositoryPolicy } from '../../src/task/policy.ts';
import { agentPolicy, channel, noTurnLimits, providerPolicies } from './example.ts';

const script = 'Add a note\n```sh\necho hi > note\n```';
const name = parseRepositoryName('acme/web');
if (name === undefined) throw new Error('acme/web is no repository');
const repository = plainRepository(name);
const inhouse = { apis: ['messages'], missing: null, model: 'house-1', standardModel: null } as const;
const deepseek = { apis: ['chat'], missing: null, model: null, standardModel: null } as const;

const base: Policy = {
  command: '/agent',
  repositories: [repository],
  groups: new Map(),
  channels: new Map(),
  agents: ['claude', 'codex', 'opencode', 'qwen', 'shell'].map((each) => agentPolicy(each)),
  providers: new Map([...providerPolicies(), ['inhouse', inhouse], ['deepseek', deepseek]]),
  environments: ['default'],
  requesters: [],
  onlyChannels: [],
  intake: { personRequests: null, channelRequests: null, personTasks: null, queuedTasks: null },
  turns: noTurnLimits,
  approvers: [],
  selfApproval: false,
  budget: { usd: 5, tokens: null, minutes: 30, taskMinutes: null },
  maxBudgetUsd: 5,
  day: { person: { usd: null, tokens: null }, everybody: { usd: null, tokens: null }, timeZone: 'UTC' },
};

interface Said {
  asked?: Partial<Wish>;
  file?: Partial<Wish>;
  channel?: Partial<ChannelPolicy>;
  repository?: Partial<RepositoryPolicy>;
  text?: string;
}

const silent = { agent: null, model: null };

function choose({ text = 'fix it', ...said }: Said, policy: Policy = base) {
  const ofChannel = { repository: null, provider: null, ...silent, ...said.channel };
  return chooseAgent(
    { ...policy, channels: new Map([[channel, ofChannel]]) },
    {
      asked: { ...silent, ...said.asked },
      file: { ...silent, ...said.file },
      channel,
      repositories: [{ ...repository, ...said.repository }],
      text,
    },
  );
}

describe('who works on a task', () => {
  test('is the first agent that has its key, where nobody names one', () => {
    expect(choose({})).toEqual({ ok: true, value: { agent: 'claude', model: null } });
    const keyless = { ...base, providers: providerPolicies('anthropic') };
    expect(choose({}, keyless)).toEqual({ ok: true, value: { agent: 'codex', model: null } });
  });

  test('is the shell without any key, for a script; prose is told what is missing', () => {
    const bare = { ...base, providers: providerPolicies('anthropic', 'openai') };
    expect(choose({ text: script }, bare)).toMatchObject({ ok: true, value: { agent: 'shell' } });
    expect(choose({}, bare)).toMatchObject({ ok: false, failure: { code: 'no_model' } });
  });

  test('is refused in its own words without a key, without such an agent, and without a script', () => {
    const keyless = { ...base, providers: providerPolicies('openai') };
    expect(choose({ asked: { agent: 'codex' } }, keyless)).toMatchObject({
      failure: {
        code: 'agent_unconfigured',
        next: 'Whoever runs Errand sets OPENAI_API_KEY; ready now: claude, opencode, shell.',
      },
    });
    expect(choose({ asked: { agent: 'hal' } })).toMatchObject({ failure: { code: 'agent_unknown' } });
    expect(choose({ asked: { agent: 'shell' } })).toMatchObject({ failure: { code: 'script_missing' } });
  });

  test.each<[string, Said, string]>([
    ['the request, over all', { asked: { agent: 'qwen' }, file: { agent: 'codex' } }, 'qwen'],
    ['the repository’s file, over the channel', { file: { agent: 'codex' }, channel: { agent: 'qwen' } }, 'codex'],
    [
      'the channel, over the repository’s configuration',
      { channel: { agent: 'qwen' }, repository: { agent: 'codex' } },
      'qwen',
    ],
    ['the repository’s configuration', { repository: { agent: 'codex' } }, 'codex'],
  ])('is named by %s', (_place, said, agent) => {
    expect(choose(said)).toMatchObject({ ok: true, value: { agent } });
  });
});

describe('the model', () => {
  test.each<[string, Said, string | null]>([
    ['the request’s', { asked: { model: 'a' }, file: { model: 'b' } }, 'a'],
    ['the file’s, over the channel’s', { file: { model: 'b' }, channel: { model: 'c' } }, 'b'],
    ['the channel’s, over the repository’s', { channel: { model: 'c' }, repository: { model: 'd' } }, 'c'],
    ['the repository’s', { repository: { model: 'd' } }, 'd'],
    [
      'its agent’s own where the agent is another than the one it was meant for',
      { asked: { agent: 'codex' }, channel: { model: 'claude-x' } },
      null,
    ],
    [
      'kept where another place names the same agent',
      { asked: { agent: 'codex' }, repository: { agent: 'codex', model: 'gpt-x' } },
      'gpt-x',
    ],
  ])('is %s', (_what, said, model) => {
    expect(choose(said)).toMatchObject({ ok: true, value: { model } });
  });

  test('of agent and provider come last, and an agent that needs one is not started without', () => {
    const of = (agent: string, provider: string | null, policy: Policy = base) => {
      const found = policy.agents.find((each) => each.name === agent);
      if (found === undefined) throw new Error(agent);
      return chooseProvider(policy, found, { channel, repositories: [{ provider }], model: null, closed: false });
    };
    expect(of('claude', 'inhouse')).toMatchObject({
      value: { provider: 'inhouse', api: 'messages', model: 'house-1' },
    });
    const set = { ...base, agents: base.agents.map((each) => ({ ...each, model: 'set' })) };
    expect(of('claude', 'inhouse', set)).toMatchObject({ value: { model: 'set' } });
    expect(of('claude', null)).toMatchObject({ value: { provider: 'anthropic', model: null } });
    expect(of('opencode', null)).toMatchObject({ value: { provider: 'anthropic', model: 'standard' } });
    expect(of('qwen', 'deepseek')).toMatchObject({ failure: { code: 'model_missing' } });
  });
});

describe('the provider', () => {
  test('of a repository says where its code may go: an agent that can’t go there does not go elsewhere', () => {
    expect(choose({ asked: { agent: 'codex' }, repository: { provider: 'inhouse' } })).toMatchObject({
      failure: { code: 'provider_unfit', next: 'Name one of claude, opencode.' },
    });
    expect(choose({ channel: { provider: 'deepseek' }, repository: { provider: 'inhouse' } })).toMatchObject({
      value: { agent: 'claude' },
    });
  });

  test('of a channel picks an agent that fits', () => {
    expect(choose({ asked: { model: 'deepseek-chat' }, channel: { provider: 'deepseek' } })).toEqual({
      ok: true,
      value: { agent: 'opencode', model: 'deepseek-chat' },
    });
  });

  test('can’t be two for one task', () => {
    const [claude] = base.agents;
    if (claude === undefined) throw new Error('no claude');
    const repositories = [{ provider: 'inhouse' }, { provider: 'anthropic' }];
    expect(chooseProvider(base, claude, { channel, repositories, model: null, closed: false })).toMatchObject({
      failure: { code: 'provider_conflict' },
    });
  });
});
