import type { ChannelId } from './ids.ts';
import { allOf, type Network, presets } from './network.ts';
import { type AgentPolicy, type Chosen, listed, type Policy, type RepositoryPolicy, shellScript } from './policy.ts';
import { apiNames, type ModelApi, sharedApi } from './providers.ts';

/** What one place says of agent and model; null where it says nothing. */
export interface Wish {
  readonly agent: string | null;
  readonly model: string | null;
}

export interface Choice {
  readonly agent: string;
  /** Null leaves it to the agent. */
  readonly model: string | null;
}

const nothing: Wish = { agent: null, model: null };

/**
 * Picks agent and model. Whoever is nearer to the work wins: the request, the base branch's `.errand.yml`, the channel, the
 * configuration of the repository, of the agent, of the provider. Where nobody names an agent, it is the first that has what it
 * needs, and `shell` without any. A model counts only for the agent that its own place meant: the one named there, or the one that
 * would have come next.
 */
export function chooseAgent(
  policy: Policy,
  request: {
    asked: Wish;
    file?: Wish;
    channel: ChannelId;
    /** All that the task works on; the first one's wish counts. */
    repositories: readonly RepositoryPolicy[];
    /** What the request, or `.errand.yml`, leaves of the network. */
    network?: Network | undefined;
    text: string;
  },
): Chosen<Choice> {
  const { asked, file = nothing, channel, repositories, network = presets.open, text } = request;
  const closed = !allOf([network, ...repositories.map((each) => each.network)]).model;
  const places = [asked, file, policy.channels.get(channel) ?? nothing, repositories[0] ?? nothing];
  const usable = policy.agents.filter(
    (each) => chooseProvider(policy, each, { channel, repositories, model: '', closed }).ok,
  );
  const fallback = usable.find(({ name }) => name !== 'shell')?.name ?? 'shell';
  const agentFrom = (place: number) => places.slice(place).find(({ agent }) => agent !== null)?.agent ?? null;
  const named = agentFrom(0);
  const wanted = named ?? fallback;
  const agent = policy.agents.find(({ name }) => name === wanted);
  if (agent === undefined) {
    const names = listed(policy.agents.map(({ name }) => name));
    return fail('agent_unknown', `There is no agent named ${wanted} here.`, `Name one of them: ${names}.`);
  }
  if (wanted === 'shell') return shellChoice(named, text);
  const model =
    places.find((place, at) => place.model !== null && (agentFrom(at) ?? fallback) === wanted)?.model ?? null;
  const way = chooseProvider(policy, agent, { channel, repositories, model, closed });
  if (!way.ok) return way.failure.code === 'agent_unconfigured' ? alsoReady(way, usable) : way;
  return { ok: true, value: { agent: wanted, model } };
}

export interface WayToModel {
  readonly provider: string;
  readonly api: ModelApi;
  readonly model: string | null;
}

/**
 * Picks the provider that an agent's calls go to; null for an agent that needs none. The repository's comes first: it says where code
 * may go, and nothing stands in for it. Then the channel's, then the agent's own.
 */
export function chooseProvider(
  policy: Policy,
  agent: AgentPolicy,
  of: {
    channel: ChannelId;
    repositories: readonly Pick<RepositoryPolicy, 'provider'>[];
    model: string | null;
    /** Whether the task's network has no way to models. */
    closed: boolean;
  },
): Chosen<WayToModel | null> {
  if (agent.provider === null) return { ok: true, value: null };
  if (of.closed) {
    return fail(
      'network_off',
      `The network of this task is off, and the agent ${agent.name} needs a model.`,
      'Name an agent that needs none, such as agent:shell with a script; or another net:.',
    );
  }
  const bound = [...new Set(of.repositories.flatMap(({ provider }) => provider ?? []))];
  if (bound.length > 1) {
    return fail(
      'provider_conflict',
      `The repositories of this task are bound to different model providers: ${bound.join(', ')}.`,
      'Make a task of each.',
    );
  }
  const name = bound[0] ?? policy.channels.get(of.channel)?.provider ?? agent.provider;
  const provider = policy.providers.get(name);
  const api = provider && sharedApi(agent.apis, provider.apis);
  if (provider === undefined || api === undefined) {
    const fits = policy.agents.filter(({ apis }) => provider && sharedApi(apis, provider.apis) !== undefined);
    const speaks = agent.apis.map((each) => apiNames[each]).join(' or ');
    return fail(
      'provider_unfit',
      `The agent ${agent.name} can't work with the model provider ${name}: it needs ${speaks}.`,
      fits.length === 0
        ? 'Whoever runs Errand can configure another.'
        : `Name one of ${listed(fits.map((each) => each.name))}.`,
    );
  }
  if (provider.missing !== null) {
    return fail(
      'agent_unconfigured',
      `The agent ${agent.name} has no model key, so it can't run.`,
      `Whoever runs Errand sets ${provider.missing}`,
    );
  }
  const chosen = of.model ?? agent.model ?? provider.model ?? (agent.needsModel ? provider.standardModel : null);
  if (chosen === null && agent.needsModel) {
    return fail(
      'model_missing',
      `The agent ${agent.name} has to be told which model of ${name} to use.`,
      `Begin the request with model:; or whoever runs Errand sets providers.${name}.model.`,
    );
  }
  return { ok: true, value: { provider: name, api, model: chosen } };
}

function shellChoice(named: string | null, text: string): Chosen<Choice> {
  if (shellScript(text) !== null) return { ok: true, value: { agent: 'shell', model: null } };
  return named === 'shell'
    ? fail(
        'script_missing',
        'The shell agent runs a fenced script, and this request has none.',
        'Put the script between two lines of three backticks.',
      )
    : fail(
        'no_model',
        'No model key is configured here, so no agent can read prose.',
        'Whoever runs Errand sets ANTHROPIC_API_KEY or OPENAI_API_KEY; until then agent:shell runs a script between two lines of three backticks.',
      );
}

function alsoReady({ failure }: Chosen<never> & { ok: false }, usable: readonly AgentPolicy[]): Chosen<never> {
  const ready = usable.length > 0 ? `; ready now: ${listed(usable.map(({ name }) => name))}` : '';
  return fail(failure.code, failure.sentence, `${failure.next}${ready}.`);
}

function fail(code: string, sentence: string, next: string): Chosen<never> & { ok: false } {
  return { ok: false, failure: { code, sentence, next } };
}
