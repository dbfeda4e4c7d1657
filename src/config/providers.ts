import type { Provider } from './config.ts';
import { type Env, readSecret } from './env.ts';
import type { ConfigProblem } from './problems.ts';
import type { Sections } from './sections.ts';
import type { ProcessName, Values } from './settings.ts';

/** The two that everybody has, and those of the file; keys only for who runs gateways. */
export function toProviders(
  env: Env,
  sections: Sections,
  values: Values,
  holders: readonly ProcessName[],
  problems: ConfigProblem[],
): Map<string, Provider> {
  const held = holders.includes('gateway');
  const elsewhere = values.readyProviders ?? [];
  const builtIn = [
    ['anthropic', 'ANTHROPIC_API_KEY', values.anthropicKey, values.anthropicUrl, 'https://api.anthropic.com'],
    ['openai', 'OPENAI_API_KEY', values.openaiKey, values.openaiUrl, 'https://api.openai.com/v1'],
  ] as const;
  const providers = new Map<string, Provider>();
  const keyOf = (
    name: string,
    written: { keyVariable?: string | undefined; keyFile?: string | undefined } | undefined,
  ) => {
    if (!held || written === undefined) return undefined;
    if (written.keyFile !== undefined) return readSecret(written.keyFile, `providers.${name}.keyFile`, problems);
    return written.keyVariable === undefined ? undefined : env.variables.get(written.keyVariable);
  };
  for (const [name, variable, ownKey, ownUrl, standardUrl] of builtIn) {
    const written = sections.providers.get(name);
    const key = ownKey ?? keyOf(name, written) ?? null;
    providers.set(name, {
      name,
      kind: name,
      baseUrl: (ownUrl ?? written?.baseUrl ?? standardUrl).replace(/\/+$/, ''),
      key,
      prices: written?.prices ?? {},
      missing: key !== null || elsewhere.includes(name) ? null : (written?.keyVariable ?? variable),
    });
  }
  for (const [name, written] of sections.providers) {
    if (providers.has(name)) continue;
    const { kind, baseUrl, keyVariable, keyFile } = written;
    if (kind === undefined || baseUrl === undefined) {
      problems.push({
        where: `providers.${name}`,
        problem: 'needs a kind and a baseUrl',
        example: '{ kind: openai, baseUrl: https://llm.example.com/v1, keyVariable: LLM_KEY }',
      });
      continue;
    }
    const key = keyOf(name, written) ?? null;
    const open = keyVariable === undefined && keyFile === undefined;
    const ready = key !== null || open || elsewhere.includes(name);
    providers.set(name, {
      name,
      kind,
      baseUrl: baseUrl.replace(/\/+$/, ''),
      key,
      prices: written.prices ?? {},
      missing: ready ? null : (keyVariable ?? `providers.${name}.keyFile`),
    });
  }
  return providers;
}
