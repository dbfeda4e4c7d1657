import { randomUUID } from 'node:crypto';
import { chownSync, copyFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Config, Env, ProcessName } from '../config.ts';
import type { Apart } from '../setup/apart.ts';
import type { Places } from '../setup/places.ts';
import type { User } from '../setup/users.ts';

/**
 * What each child finds around it wherever it runs and whoever it is: the places of the process that starts it, and readable copies of
 * the files that its settings name. The YAML file goes to bot and worker alone; what the local workspace needs of it are two words.
 */
export function surroundingsOf(
  config: Config,
  env: Env,
  places: Places,
  apart: Apart,
): (name: ProcessName) => Record<string, string | undefined> {
  const caFile = config.outbound.caFile === null ? undefined : copyAuthorities(config.outbound.caFile, places);
  const yaml = env.variables.get('ERRAND_CONFIG');
  // A worker that is started again has at once what the last one of this supervisor had.
  const holder = randomUUID();
  return (name) => ({
    ERRAND_DATA_DIR: places.dataDir,
    ERRAND_RUN_DIR: places.runDir,
    NODE_EXTRA_CA_CERTS: caFile,
    ERRAND_CONFIG: yaml === undefined ? undefined : copyConfig(resolve(yaml), name, places, userOf(apart, name)),
    ...(name === 'worker' && { ERRAND_RUN_HOLDER: holder }),
    ...(name === 'local' && { ERRAND_COMMAND: config.slack.command, LOG_LEVEL: config.logLevel }),
    // The home of whoever started Errand is nobody else's.
    ...(apart.type === 'apart' && { HOME: '/nonexistent', USER: undefined, LOGNAME: undefined }),
  });
}

/** Who a child is; null is whoever started Errand. */
export function userOf(apart: Apart, name: ProcessName): User | null {
  if (apart.type === 'together') return null;
  return name === 'bot' || name === 'worker' || name === 'local' ? apart.users[name] : null;
}

/** Certificates are nobody's secret. What can't be read is left to be told by whoever reads it in earnest. */
function copyAuthorities(file: string, places: Places): string {
  const copy = join(places.runDir, 'ca.pem');
  if (!existsSync(file)) return file;
  copyFileSync(file, copy);
  return copy;
}

/** It may hold the password of a Redis or a proxy. */
function copyConfig(file: string, name: ProcessName, places: Places, user: User | null): string | undefined {
  if (name !== 'bot' && name !== 'worker') return undefined;
  const copy = join(places.runDir, `${name}.yml`);
  const text = readFileSync(file);
  rmSync(copy, { force: true });
  writeFileSync(copy, text, { mode: 0o400, flag: 'wx' });
  if (user !== null) chownSync(copy, user.uid, user.gid);
  return copy;
}
