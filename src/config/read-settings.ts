import { type Env, readSecret } from './env.ts';
import { checkKeys, mappingOf, readValue } from './fields.ts';
import type { ConfigProblem } from './problems.ts';
import { sectionNames } from './sections.ts';
import { type ProcessName, type SettingName, settingList, type Values } from './settings.ts';

/** Repositories and providers of the file are read as sections. */
function isScalar(path: string): boolean {
  return path !== 'configFile' && path !== 'repositories' && !path.startsWith('providers.');
}

function filePath(path: string, secret: boolean): string[] {
  return `${path}${secret ? 'File' : ''}`.split('.');
}

/** Reports every name of the file, outside its sections, that is no setting. */
export function checkFileKeys(file: Readonly<Record<string, unknown>>, problems: ConfigProblem[]): void {
  const paths = settingList
    .filter(([, { path }]) => isScalar(path))
    .map(([, { path, secret }]) => filePath(path, secret));
  const top = new Set([...paths.map(([first = '']) => first), ...sectionNames]);
  checkKeys(file, [...top], '', problems);
  for (const group of new Set(paths.flatMap(([first = '', second]) => (second === undefined ? [] : [first])))) {
    const known = paths.flatMap(([first, second]) => (first === group && second !== undefined ? [second] : []));
    checkKeys(mappingOf(file[group], group, problems), known, group, problems);
  }
}

/** Each setting that one of the holders may know: from the environment, else from the file. */
export function readSettings(
  env: Env,
  file: Readonly<Record<string, unknown>>,
  holders: readonly ProcessName[],
  problems: ConfigProblem[],
): Values {
  const read: Partial<Record<SettingName, unknown>> = {};
  for (const [name, { variable, path, kind, example, secret, holders: owners }] of settingList) {
    if (!owners.some((owner) => holders.includes(owner))) continue;
    const fromEnv = variable === null ? undefined : env.variables.get(variable);
    if (variable !== null && fromEnv !== undefined) {
      read[name] = readValue(fromEnv, kind, { where: variable, example: `${variable}=${example}` }, problems);
      continue;
    }
    if (!isScalar(path)) continue;
    const at = filePath(path, secret);
    const [first = '', second] = at;
    const found = second === undefined ? file[first] : mappingOf(file[first], first, [])[second];
    if (found === undefined) continue;
    const where = at.join('.');
    const content = secret ? (typeof found === 'string' ? readSecret(found, where, problems) : '') : found;
    if (content !== undefined) {
      read[name] = readValue(
        content,
        kind,
        { where, example: `${where}: ${secret ? '/path/to/file' : example}` },
        problems,
      );
    }
  }
  return read as Values;
}

/** The environment with the secrets whose files the YAML names: children that may know them can't always read those. */
export function withSecretsOfFile(env: Env, yaml: unknown): Env {
  const file = mappingOf(yaml, '', []);
  const variables = new Map(env.variables);
  for (const [, { variable, path, secret }] of settingList) {
    if (!secret || variable === null || variables.has(variable)) continue;
    const named = writtenAt(file, filePath(path, secret));
    const content = typeof named === 'string' ? readSecret(named, path, []) : undefined;
    if (content !== undefined) variables.set(variable, content);
  }
  return { ...env, variables };
}

function writtenAt(file: Readonly<Record<string, unknown>>, [first = '', ...rest]: readonly string[]): unknown {
  return rest.length === 0 ? file[first] : writtenAt(mappingOf(file[first], first, []), rest);
}
