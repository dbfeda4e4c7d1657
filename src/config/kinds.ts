import { z } from 'zod';
import { parseBranchName, parseRepositoryName } from '../task/ids.ts';
import { isHostName, type Network, presets, readNetwork } from '../task/network.ts';

/** How a value is read, from a variable's text or from the YAML file's own types; `must` ends the sentence "it must be …". */
export interface Kind<Value> {
  readonly must: string;
  readonly schema: z.ZodType<Value>;
}

function kind<Value>(must: string, schema: z.ZodType<Value>): Kind<Value> {
  return { must, schema };
}

function matching(pattern: RegExp) {
  return z.string().trim().regex(pattern);
}

const number = z.union([z.number(), matching(/^\d+(?:\.\d+)?$/).transform(Number)]);

/** A list, or a comma list. */
export function listOf<Value>(must: string, item: z.ZodType<Value, string>): Kind<Value[]> {
  const texts = z.union([
    z.array(z.string()),
    z.string().transform((text) => text.split(',').flatMap((part) => part.trim() || [])),
  ]);
  return kind(must, texts.pipe(z.array(item)));
}

export const text = kind('some text', z.string().trim().min(1));
export const secret = kind('some text', z.string().trim().min(1));

export const url = kind(
  'a URL that begins with http:// or https://',
  z
    .string()
    .trim()
    .pipe(z.url({ protocol: /^https?$/ })),
);

export const redisUrl = kind(
  'a URL that begins with redis:// or rediss://, or a socket’s path',
  matching(/^(?:rediss?:\/\/.+|\/.+)$/),
);

export const dockerHost = kind(
  'a URL such as unix:///var/run/docker.sock',
  matching(/^(?:unix|tcp|http|https|ssh):\/\/.+$/),
);

export const yesOrNo = kind(
  'true or false',
  z.union([z.boolean(), matching(/^(?:true|false)$/i).transform((word) => word.toLowerCase() === 'true')]),
);

export const slashCommand = kind('a slash command', matching(/^\/[a-z0-9_-]{1,31}$/));

export function oneOf<const Words extends readonly [string, ...string[]]>(...words: Words): Kind<Words[number]> {
  return kind(`one of ${words.join(', ')}`, z.string().trim().pipe(z.enum(words)));
}

export function wholeNumber(least: number, most: number): Kind<number> {
  return kind(`a whole number from ${least} to ${most}`, number.pipe(z.int().min(least).max(most)));
}

export function amount(least: number, most: number): Kind<number> {
  return kind(`a number from ${least} to ${most}`, number.pipe(z.number().min(least).max(most)));
}

/** Dollars, or `none` for no limit. */
export const dollars = kind(
  'an amount of US dollars above 0, or none',
  z.union([
    z.literal('none').transform(() => null),
    z.null(),
    z
      .union([
        z.number(),
        matching(/^\$?\d+(?:\.\d+)?$/).transform((amountText) => Number(amountText.replace('$', ''))),
      ])
      .pipe(z.number().positive()),
  ]),
);

/** Tokens, `20M` or `500k`, or `none` for no limit. */
export const tokens = kind(
  'a number of tokens above 0 such as 500k or 20M, or none',
  z.union([
    z.literal('none').transform(() => null),
    z.null(),
    z.union([z.number(), matching(/^\d+(?:\.\d+)?[kM]?$/).transform(toTokens)]).pipe(z.int().positive()),
  ]),
);

function toTokens(written: string): number {
  const factor = written.endsWith('M') ? 1e6 : written.endsWith('k') ? 1e3 : 1;
  return Math.round(Number.parseFloat(written) * factor);
}

/** Whole days, or `none` for ever. */
export const days = kind(
  'a whole number of days above 0, or none',
  z.union([z.literal('none').transform(() => null), z.null(), number.pipe(z.int().positive())]),
);

/** Minutes, or `none` for no limit. */
export const minutes = kind(
  'a number of minutes above 0, or none',
  z.union([z.literal('none').transform(() => null), z.null(), number.pipe(z.number().positive())]),
);

/** A whole number, or `none` for no limit. */
export const count = kind(
  'a whole number above 0, or none',
  z.union([z.literal('none').transform(() => null), z.null(), number.pipe(z.int().positive())]),
);

export const timeZone = kind(
  'the name of a time zone, such as Europe/Berlin',
  z
    .string()
    .trim()
    .refine((name) => {
      try {
        return new Intl.DateTimeFormat('en', { timeZone: name }) !== undefined;
      } catch {
        return false;
      }
    }),
);

const units: Readonly<Record<string, number>> = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };

/** `512MiB`, `4g`, or bytes; both spellings of a unit are powers of 1024, as with Docker. */
export function size(least: string): Kind<number> {
  const toBytes = (written: string) => {
    const [, digits = '', unit = ''] = /^(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?$/i.exec(written.trim()) ?? [];
    return digits === '' ? Number.NaN : Math.round(Number(digits) * (units[unit.toLowerCase()] ?? Number.NaN));
  };
  return kind(
    `a size of at least ${least}`,
    z.union([z.number(), z.string().transform(toBytes)]).pipe(z.int().min(toBytes(least))),
  );
}

const repositoryItem = z.string().transform((name, context) => {
  const parsed = parseRepositoryName(name);
  if (parsed !== undefined) return parsed;
  context.issues.push({ code: 'custom', message: 'not owner/name', input: name });
  return z.NEVER;
});
const branchItem = z.string().transform((name, context) => {
  const parsed = parseBranchName(name);
  if (parsed !== undefined) return parsed;
  context.issues.push({ code: 'custom', message: 'not a branch', input: name });
  return z.NEVER;
});

export const repository = kind('owner/name', repositoryItem);
export const repositories = listOf('a list of owner/name, separated by commas', repositoryItem);
export const branch = kind('a branch name', branchItem);
export const branches = listOf('branch names, separated by commas', branchItem);
export const people = listOf(
  'Slack ids of people (U…, W…) or groups (S…), separated by commas',
  z.string().regex(/^[UWS][A-Z0-9]{2,}$/),
);
export const channels = listOf(
  'ids of channels (C…, G…) or the word direct, separated by commas',
  z.string().regex(/^(?:[CG][A-Z0-9]{2,}|direct)$/),
);
/** By the name that scripts know them by: a variable of Errand's own environment, or a file. */
export const secretSources: Kind<Record<string, string>> = kind(
  'a mapping of names such as NPM_TOKEN to a variable’s name or to a file’s path that begins with /',
  z.record(
    z
      .string()
      .regex(/^[A-Z][A-Z0-9_]{0,63}$/)
      .refine((name) => !/^(?:PATH|HOME|IFS|ENV|LD_.*|(?:HTTPS?|NO)_PROXY)$/.test(name)),
    matching(/^(?:\/.+|[A-Za-z_][A-Za-z0-9_]*)$/),
  ),
);
export const hosts = listOf('exact host names, separated by commas', z.string().refine(isHostName));
const words = z.union([
  z.array(z.string()),
  z.string().transform((text) => text.split(',').flatMap((part) => part.trim() || [])),
]);
/** Presets and host names in one list; or apart, as `{ preset: registries, allow: [docs.example.com] }`. */
export const network: Kind<Network> = {
  must: 'one of off, model, registries and open, exact host names, or both',
  schema: z
    .union([
      words,
      z
        .strictObject({ preset: z.string().default('model'), allow: words.default([]) })
        .transform(({ preset, allow }) => [preset, ...allow]),
    ])
    .transform((named, context) => {
      const read = named.length === 0 ? presets.model : readNetwork(named);
      if (read !== undefined) return read;
      context.issues.push({ code: 'custom', message: 'no network', input: named });
      return z.NEVER;
    }),
};
export const names = listOf('names, separated by commas', z.string().min(1));

export const author: Kind<{ name: string; email: string }> = {
  must: 'a name and an address, as in Errand <errand@example.com>',
  schema: z
    .string()
    .regex(/^[^<>\n]+<[^<>\s@]+@[^<>\s@]+>$/)
    .transform((text) => {
      const [name = '', email = ''] = text.split('<');
      return { name: name.trim(), email: email.replace('>', '') };
    }),
};
