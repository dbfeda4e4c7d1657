import type { Config, Provider } from '../../config.ts';
import { authHeaders } from '../../gateway/model-headers.ts';
import { toUpstreamUrl } from '../../gateway/upstream-url.ts';
import { outbound } from '../../service/outbound.ts';
import { causeOf, checked, type Finding, fail, ok, skip, warn } from '../finding.ts';

/** Each model key, with the smallest request that shows it: the list of models, which costs nothing. */
export async function checkModels(config: Config): Promise<readonly Finding[]> {
  const rows = await Promise.all(
    Array.from(config.providers.values(), (provider) =>
      checked(nameOf(provider), 20_000, (signal) => checkKey(config, provider, signal)),
    ),
  );
  return rows.flat();
}

const nameOf = ({ name }: Provider) => `Model ${name}`;

async function checkKey(config: Config, provider: Provider, signal: AbortSignal): Promise<Finding> {
  const name = nameOf(provider);
  const { kind, baseUrl, key, missing, shape } = provider;
  if (missing !== null) {
    return skip(name, 'No key.', `Set ${missing} to use ${agentsOf(config, provider.name)}.`);
  }
  const { fetch: send = fetch } = outbound(config.outbound);
  const auth = Object.entries(authHeaders({ kind, key, ...shape })).map(([header, value]) => [header, String(value)]);
  const query = kind === 'anthropic' ? 'limit=1' : null;
  const url = toUpstreamUrl(
    { kind, baseUrl, key, ...shape },
    { provider: provider.name, call: 'models', model: null, query },
    '',
  );
  const { host } = new URL(baseUrl);
  if (url === undefined) {
    return warn(name, `${host} has no list of models, so the key is untried.`, 'A run with it shows whether it works.');
  }
  let response: Response;
  try {
    const headers = { ...Object.fromEntries(auth), 'anthropic-version': '2023-06-01', 'user-agent': 'errand' };
    response = await send(url, { headers, redirect: 'manual', signal });
  } catch (error) {
    return fail(
      name,
      `Unreachable: ${host} (${causeOf(error)}).`,
      'Check the base URL, the network and HTTPS_PROXY; sandboxes reach models through this machine only.',
    );
  }
  await response.body?.cancel();
  return judge(provider, host, response.status);
}

function judge(provider: Provider, host: string, status: number): Finding {
  const name = nameOf(provider);
  const variable = urlSettings[provider.name] ?? `providers.${provider.name}.baseUrl`;
  if (status < 300)
    return ok(name, provider.key === null ? `${host} answers, without a key.` : `${host} takes the key.`);
  if (status === 401 || status === 403) {
    return fail(name, `Refused: ${host} does not take the key (${status}).`, 'Copy the key again, or make a new one.');
  }
  if (status === 429) return warn(name, `${host} takes no more requests now (429).`, 'Look at the account’s limits.');
  if (status === 404 || status === 405) {
    return warn(
      name,
      `${host} has no list of models (${status}), so the key is untried.`,
      `If runs fail, check ${variable}.`,
    );
  }
  if (status < 400)
    return fail(name, `${host} sends elsewhere (${status}).`, `Put the final address into ${variable}.`);
  return fail(name, `${host} answered ${status}.`, 'Try again later; if it lasts, look at the provider’s status page.');
}

const urlSettings: Readonly<Record<string, string>> = {
  anthropic: 'ANTHROPIC_BASE_URL',
  openai: 'OPENAI_BASE_URL (it ends in /v1)',
};

/** The agents that a provider's key opens, for the sentence that asks for it. */
function agentsOf({ agents }: Config, provider: string): string {
  const needing = Array.from(agents).flatMap(([name, { agent }]) => (agent.provider === provider ? [name] : []));
  return needing.length === 0 ? 'this provider' : needing.map((agent) => `agent:${agent}`).join(', ');
}
