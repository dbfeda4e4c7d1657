import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { Config } from './config/config.ts';
import { type Env, readEnv } from './config/env.ts';
import { ConfigError } from './config/problems.ts';
import { withSecretsOfFile } from './config/read-settings.ts';
import { readableByOthers, secretFilesOf } from './config/secret-files.ts';
import { type ProcessName, settingList } from './config/settings.ts';
import { toConfig } from './config/to-config.ts';

export { childEnv } from './config/child-env.ts';
export type * from './config/config.ts';
export { type Env, readEnv } from './config/env.ts';
export { ConfigError, type ConfigProblem } from './config/problems.ts';
export { secretsOf } from './config/secrets.ts';
export { type ProcessName, type Setting, settingList, settings } from './config/settings.ts';
export { type Host, toConfig } from './config/to-config.ts';

/**
 * The configuration of this process, from its environment and the file that `ERRAND_CONFIG` names. `process` says which child this is;
 * without it, it is the role's top process, which also hears which files of secrets others on this machine may read. Throws one `ConfigError` that lists all that is wrong.
 */
export function readConfig(
  process?: ProcessName,
  environment: Readonly<Record<string, string | undefined>> = globalThis.process.env,
): { config: Config; env: Env; looseFiles: readonly string[] } {
  const env = readEnv(environment);
  const file = env.variables.get('ERRAND_CONFIG');
  const yaml = file === undefined ? undefined : readYaml(file);
  const config = toConfig(env, yaml, process === undefined ? {} : { process });
  if (process !== undefined) return { config, env, looseFiles: [] };
  const variables = [...settingList.flatMap(([, { variable }]) => variable ?? []), ...config.keyVariables];
  const looseFiles = readableByOthers(secretFilesOf(environment, variables, yaml));
  return { config, env: withSecretsOfFile(env, yaml), looseFiles };
}

function readYaml(file: string): unknown {
  try {
    return parse(readFileSync(file, 'utf8'));
  } catch (error) {
    const why = error instanceof Error ? error.message.split('\n')[0] : String(error);
    throw new ConfigError([
      { where: 'ERRAND_CONFIG', problem: `names ${file}, which can’t be read as YAML: ${why}`, example: null },
    ]);
  }
}
