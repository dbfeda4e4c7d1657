import type { Kind } from './kinds.ts';
import { nearest } from './nearest.ts';
import { type ConfigProblem, shown } from './problems.ts';

export interface Field<Value> {
  readonly kind: Kind<Value>;
  readonly example: string;
}

export type Fields = Readonly<Record<string, Field<unknown>>>;

export type Read<Of extends Fields> = {
  readonly [Name in keyof Of]: (Of[Name] extends Field<infer Value> ? Value : never) | undefined;
};

export function field<Value>(kind: Kind<Value>, example: string): Field<Value> {
  return { kind, example };
}

/** Reads one mapping of the YAML file; what is wrong goes to `problems`, and is undefined in the result. */
export function readFields<Of extends Fields>(
  raw: unknown,
  fields: Of,
  at: string,
  problems: ConfigProblem[],
): Read<Of> {
  const values = mappingOf(raw, at, problems);
  checkKeys(values, Object.keys(fields), at, problems);
  const read = Object.entries(fields).map(([name, { kind, example }]) => {
    const value = values[name];
    if (value === undefined) return [name, undefined];
    return [name, readValue(value, kind, { where: join(at, name), example: `${name}: ${example}` }, problems)];
  });
  return Object.fromEntries(read) as Read<Of>;
}

/** Reads a mapping whose keys are the operator's own names. */
export function readMap<Value>(
  raw: unknown,
  at: string,
  problems: ConfigProblem[],
  read: (value: unknown, at: string, name: string) => Value | undefined,
): Map<string, Value> {
  const entries = Object.entries(mappingOf(raw, at, problems)).flatMap(([name, value]) => {
    const result = read(value, join(at, name), name);
    return result === undefined ? [] : [[name, result] as const];
  });
  return new Map(entries);
}

export function readValue<Value>(
  raw: unknown,
  kind: Kind<Value>,
  of: { where: string; example: string },
  problems: ConfigProblem[],
): Value | undefined {
  const result = kind.schema.safeParse(raw);
  if (result.success) return result.data;
  problems.push({
    where: of.where,
    problem: `must be ${kind.must}, found ${shown(raw)}`,
    example: of.example,
  });
  return undefined;
}

/** A name that nobody reads is a mistake, not a setting. */
export function checkKeys(
  values: Readonly<Record<string, unknown>>,
  known: readonly string[],
  at: string,
  problems: ConfigProblem[],
): void {
  for (const name of Object.keys(values)) {
    if (known.includes(name)) continue;
    const meant = nearest(name, known);
    const hint = meant === undefined ? `known here: ${known.join(', ')}` : `did you mean ${meant}?`;
    problems.push({ where: join(at, name), problem: `is not a setting; ${hint}`, example: null });
  }
}

/** The mapping itself; an empty one, and a problem, where something else stands. Nothing at all is an empty one. */
export function mappingOf(raw: unknown, at: string, problems: ConfigProblem[]): Readonly<Record<string, unknown>> {
  if (raw === undefined || raw === null) return {};
  if (typeof raw === 'object' && !Array.isArray(raw)) return Object.fromEntries(Object.entries(raw));
  problems.push({
    where: at === '' ? 'ERRAND_CONFIG' : at,
    problem: `must be a mapping, found ${shown(raw)}`,
    example: null,
  });
  return {};
}

export function join(at: string, name: string): string {
  return at === '' ? name : `${at}.${name}`;
}
