import { readFileSync } from 'node:fs';
import { nearest } from './nearest.ts';
import type { ConfigProblem } from './problems.ts';
import { settingList } from './settings.ts';

/** The variables that are set, with secrets read from the files that `*_FILE` names. */
export interface Env {
  readonly variables: ReadonlyMap<string, string>;
  readonly problems: readonly ConfigProblem[];
}

/** Variables of ours that are no setting: what set-up and tests use among themselves. */
const internal = /^ERRAND_(?:RUN|TEST)_?/;

/**
 * Reads the environment: empty variables count as unset, `SLACK_BOT_TOKEN_FILE` gives `SLACK_BOT_TOKEN`, and the other spellings of a
 * variable give its first. Throws nothing; what is wrong is in `problems`, for `toConfig` to report with everything else.
 */
export function readEnv(environment: Readonly<Record<string, string | undefined>>): Env {
  const problems: ConfigProblem[] = [];
  const variables = new Map<string, string>();
  for (const [name, value] of Object.entries(environment)) {
    if (value !== undefined && value.trim() !== '') variables.set(name, value);
  }
  const known: string[] = [];
  for (const [, { variable, also, fromFile }] of settingList) {
    if (variable === null) continue;
    known.push(variable);
    const other = also.map((name) => variables.get(name)).find((value) => value !== undefined);
    if (!variables.has(variable) && other !== undefined) variables.set(variable, other);
    if (!fromFile) continue;
    const fileVariable = `${variable}_FILE`;
    known.push(fileVariable);
    const file = variables.get(fileVariable);
    if (file === undefined) continue;
    variables.delete(fileVariable);
    if (variables.has(variable)) {
      problems.push({
        where: fileVariable,
        problem: `is set beside ${variable}; one of them is enough`,
        example: null,
      });
      continue;
    }
    const content = readSecret(file, fileVariable, problems);
    if (content !== undefined) variables.set(variable, content);
  }
  for (const name of variables.keys()) {
    if (!name.startsWith('ERRAND_') || known.includes(name) || internal.test(name)) continue;
    const meant = nearest(name, known);
    problems.push({
      where: name,
      problem: `is not a setting${meant === undefined ? '' : `; did you mean ${meant}?`}`,
      example: null,
    });
  }
  return { variables, problems };
}

/** The content of a secret's file, without the line break at its end. */
export function readSecret(file: string, where: string, problems: ConfigProblem[]): string | undefined {
  try {
    const content = readFileSync(file, 'utf8').trim();
    if (content !== '') return content;
    problems.push({ where, problem: `names the file ${file}, which is empty`, example: null });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    problems.push({ where, problem: `names a file that can’t be read: ${why}`, example: null });
  }
  return undefined;
}

/** A variable that the YAML names for a secret, or the file that the same name with `_FILE` names. */
export function readNamed(env: Env, variable: string, problems: ConfigProblem[]): string | undefined {
  const file = env.variables.get(`${variable}_FILE`);
  return (
    env.variables.get(variable) ?? (file === undefined ? undefined : readSecret(file, `${variable}_FILE`, problems))
  );
}
