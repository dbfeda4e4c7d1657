import { readFileSync } from 'node:fs';
import { minSecretChars } from '../sandbox/secret-forms.ts';
import type { BranchName } from '../task/ids.ts';
import type { SetupConfig, SetupSecret } from './config.ts';
import { type Env, readNamed } from './env.ts';
import type { ProcessName } from './settings.ts';

const defaultMinutes = 10;

/**
 * What set-up scripts of a repository get. A secret that is missing stops no Errand: the run that asks for it is told, and so is
 * whoever asks the doctor. Only the broker holds their values.
 */
export function toSetup(
  written: {
    readonly secrets?: Readonly<Record<string, string>> | undefined;
    readonly network?: readonly string[] | undefined;
    readonly minutes?: number | undefined;
    readonly branches?: readonly BranchName[] | undefined;
  },
  env: Env,
  holders: readonly ProcessName[],
): SetupConfig {
  const holds = holders.includes('broker');
  return {
    secrets: new Map(
      Object.entries(written.secrets ?? {}).map(([name, source]) => [
        name,
        holds ? readSecret(source, env) : { source, value: null, missing: null },
      ]),
    ),
    network: written.network ?? [],
    minutes: written.minutes ?? defaultMinutes,
    branches: written.branches ?? [],
  };
}

function readSecret(source: string, env: Env): SetupSecret {
  const found = source.startsWith('/') ? readFile(source) : { value: readNamed(env, source, []), why: 'is not set' };
  const value = found.value?.trim() ?? '';
  if (value === '') return { source, value: null, missing: found.why };
  // Whether it was left behind could not be told.
  if (value.length < minSecretChars) {
    return { source, value: null, missing: `has fewer than ${minSecretChars} characters, too few to be looked for` };
  }
  return { source, value, missing: null };
}

function readFile(path: string): { value: string | undefined; why: string } {
  try {
    return { value: readFileSync(path, 'utf8'), why: 'is empty' };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    return { value: undefined, why: `can’t be read (${code})` };
  }
}
