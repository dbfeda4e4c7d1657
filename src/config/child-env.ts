import type { Config } from './config.ts';
import type { Env } from './env.ts';
import { type ProcessName, settingList } from './settings.ts';

/** What every program needs of its surroundings, and nothing that is secret. */
const surroundings = [
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'LANG',
  'LC_ALL',
  'TZ',
  'TMPDIR',
  'XDG_RUNTIME_DIR',
  'SSL_CERT_FILE',
  'NODE_USE_ENV_PROXY',
];

/**
 * The environment of one child: its surroundings, the settings that it uses, and of the secrets only its own. Where keys are kept
 * from it, it is told in `ERRAND_PROVIDERS` which providers have one.
 */
export function childEnv(env: Env, config: Config, process: ProcessName): Record<string, string> {
  const names = settingList.flatMap(([, { variable, holders }]) =>
    variable !== null && holders.includes(process) ? [variable] : [],
  );
  if (process === 'gateway') names.push(...config.keyVariables);
  const child: Record<string, string> = {};
  for (const name of [...surroundings, ...names]) {
    const value = env.variables.get(name);
    if (value !== undefined) child[name] = value;
  }
  const ready = Array.from(config.providers.values()).filter(({ missing }) => missing === null);
  if (process !== 'gateway' && ready.length > 0) child.ERRAND_PROVIDERS = ready.map(({ name }) => name).join(',');
  return child;
}
