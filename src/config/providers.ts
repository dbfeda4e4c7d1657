import type { ProviderShape } from '../gateway/policy.ts';
import { apisOf, type ProviderKind } from '../task/providers.ts';
import type { WrittenProvider } from './agent-sections.ts';
import type { Provider } from './config.ts';
import { type Env, readNamed, readSecret } from './env.ts';
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
  const elsewhere = values.readyProviders ?? [];
  const builtIn = {
    anthropic: {
      variable: 'ANTHROPIC_API_KEY',
      key: values.anthropicKey,
      url: values.anthropicUrl,
      standardUrl: 'https://api.anthropic.com',
      model: 'claude-sonnet-5',
    },
    openai: {
      variable: 'OPENAI_API_KEY',
      key: values.openaiKey,
      url: values.openaiUrl,
      standardUrl: 'https://api.openai.com/v1',
      model: 'gpt-5.5',
    },
  };
  const providers = new Map<string, Provider>();
  for (const [name, own] of Object.entries(builtIn)) {
    const kind = name === 'anthropic' ? 'anthropic' : 'openai';
    const written = sections.providers.get(name);
    checkKind(`providers.${name}`, written?.kind, kind, problems);
    const key = own.key ?? readKey(env, `providers.${name}`, written, holders, problems) ?? null;
    providers.set(name, {
      name,
      kind,
      baseUrl: (own.url ?? written?.baseUrl ?? own.standardUrl).replace(/\/+$/, ''),
      ...common(`providers.${name}`, kind, written ?? {}, problems),
      key,
      model: written?.model ?? null,
      standardModel: own.model,
      missing: key !== null || elsewhere.includes(name) ? null : (written?.keyVariable ?? own.variable),
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
    const key = readKey(env, `providers.${name}`, written, holders, problems) ?? null;
    const open = keyVariable === undefined && keyFile === undefined;
    const ready = key !== null || open || elsewhere.includes(name);
    providers.set(name, {
      name,
      kind,
      baseUrl: baseUrl.replace(/\/+$/, ''),
      ...common(`providers.${name}`, kind, written, problems),
      key,
      model: written.model ?? null,
      standardModel: null,
      missing: ready ? null : (keyVariable ?? `providers.${name}.keyFile`),
    });
  }
  return providers;
}

/** The key that a variable or a file holds, for a process that may know it. */
export function readKey(
  env: Env,
  where: string,
  written: { keyVariable?: string | undefined; keyFile?: string | undefined } | undefined,
  holders: readonly ProcessName[],
  problems: ConfigProblem[],
): string | undefined {
  if (!holders.includes('gateway') || written === undefined) return undefined;
  if (written.keyFile !== undefined) return readSecret(written.keyFile, `${where}.keyFile`, problems);
  return written.keyVariable === undefined ? undefined : readNamed(env, written.keyVariable, problems);
}

function common(where: string, kind: ProviderKind, written: Partial<WrittenProvider>, problems: ConfigProblem[]) {
  if (written.apis !== undefined && kind === 'anthropic') {
    problems.push({ where: `${where}.apis`, problem: 'is for kind openai: anthropic has one API', example: null });
  }
  return { apis: written.apis ?? apisOf[kind], shape: toShape(written), prices: written.prices ?? {} };
}

function toShape({ authHeader, authScheme, paths, query, headers }: Partial<WrittenProvider>): ProviderShape {
  return {
    ...(authHeader === undefined && authScheme === undefined ? {} : { auth: toAuth(authHeader, authScheme) }),
    ...(paths === undefined ? {} : { paths }),
    ...(query === undefined ? {} : { query }),
    ...(headers === undefined ? {} : { headers }),
  };
}

/** `authorization` has a scheme wherever it is read; a header of an endpoint's own holds the key alone. */
export function toAuth(header = 'authorization', scheme?: string): NonNullable<ProviderShape['auth']> {
  const stated = scheme ?? (header === 'authorization' ? 'Bearer' : 'none');
  return { header, scheme: stated === 'none' ? null : stated };
}

function checkKind(where: string, written: string | undefined, kind: ProviderKind, problems: ConfigProblem[]): void {
  if (written === undefined || written === kind) return;
  problems.push({
    where: `${where}.kind`,
    problem: `is always ${kind}; give a provider of yours another name`,
    example: null,
  });
}
