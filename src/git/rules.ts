import { type Document, isNode, LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { readNetwork } from '../task/network.ts';
import type { RepositoryRules } from '../task/ports/repositories.ts';
import { Problem } from '../task/problem.ts';

/** The file that says how Errand works on a repository. Only the base branch's counts: an agent can't change its own rules. */
export const rulesFile = '.errand.yml';
export const maxRulesBytes = 64 * 1024;
const secretName = /^[A-Z][A-Z0-9_]{0,63}$/;

const script = z.string().trim().min(1).max(20_000);

const rules = z.strictObject({
  /** Makes a fresh checkout ready: a script, or one with the names of secrets that it asks the operator for. */
  setup: z
    .union(
      [
        script.transform((text) => ({ script: text, secrets: [] })),
        z
          .strictObject({
            run: script,
            secrets: z.array(z.string().regex(secretName, "is not a secret's name")).max(20).default([]),
          })
          .transform(({ run, secrets }) => ({ script: run, secrets: [...new Set(secrets)] })),
      ],
      { error: 'must be a script, or `run:` with one and `secrets:` with names' },
    )
    .nullable()
    .default(null),
  /** Run before a later turn on a checkout that was kept; without secrets, since an agent was there. */
  maintenance: script.nullable().default(null),
  /** Commands that decide "done", each run by a shell in the finished checkout. */
  checks: z.array(z.string().trim().min(1).max(2_000)).max(20).default([]),
  /** What of that which the operator opens the sandbox may reach: presets and host names. */
  network: z
    .union([z.string().transform((word) => [word]), z.array(z.string()).max(100)])
    .transform((words, context) => {
      const network = readNetwork(words);
      if (network !== undefined) return network;
      context.issues.push({
        code: 'custom',
        message: 'is neither off, model, registries or open nor exact host names',
        input: words,
      });
      return z.NEVER;
    })
    .nullable()
    .default(null),
  /** The same for host names alone, on port 443. */
  allow: z
    .array(
      z
        .string()
        .regex(
          /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+$/,
          'is not an exact host name',
        ),
    )
    .max(100)
    .nullable()
    .default(null),
  /** Has GitHub's workflows wait for an approver's word; an operator's `hold` can't be lifted here. */
  ci: z.literal('hold').nullable().default(null),
  agent: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,31}$/, "is not an agent's name")
    .nullable()
    .default(null),
  /** For that agent, or for the one that would be taken without this file. */
  model: z.string().trim().min(1).max(128).nullable().default(null),
  merge: z
    .strictObject({
      method: z.enum(['merge', 'squash', 'rebase']).default('squash'),
      /** Slack users, `U…` or `W…`: who is in a group, the worker can't ask. */
      approvers: z
        .array(z.string().regex(/^[UW][A-Z0-9]{2,20}$/, "is not a Slack user's id"))
        .max(100)
        .default([]),
      selfApproval: z.boolean().nullable().default(null),
    })
    .prefault({}),
  pullRequest: z.strictObject({ draft: z.boolean().default(false) }).prefault({}),
  secrets: z
    .strictObject({
      ignore: z
        .array(z.string().regex(/^(?!\/|\.\.?\/|\*)[^*?\\]{1,500}$/, 'is not a file or a folder, such as `test/keys/`'))
        .max(100)
        .default([]),
    })
    .prefault({}),
});

/** What holds where a repository has no `.errand.yml`. */
export const defaultRules: RepositoryRules = rules.parse({});

/** Reads the text of an `.errand.yml`; throws a `Problem` that names the line and the key. `where` is said in the sentence. */
export function parseRules(text: string, where: string): RepositoryRules {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  const broken = document.errors[0];
  if (broken !== undefined) throw invalid(where, lines.linePos(broken.pos[0]).line, broken.message);
  const parsed = rules.safeParse(plain(document, where) ?? {});
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const unknown = issue?.code === 'unrecognized_keys' ? issue.keys[0] : undefined;
  const path = [...(issue?.path ?? []), ...(unknown === undefined ? [] : [unknown])];
  const name = path.map(String).join('.');
  const says =
    unknown === undefined ? `\`${name || 'the file'}\`: ${issue?.message ?? 'not usable'}` : `unknown key \`${name}\``;
  throw invalid(where, lineOf(document, lines, path), says);
}

function plain(document: Document, where: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 0 });
  } catch (cause) {
    throw invalid(where, 1, `aliases (\`*name\`) can't be used here: ${cause instanceof Error ? cause.message : ''}`);
  }
}

function lineOf(document: Document, lines: LineCounter, path: readonly PropertyKey[]): number {
  for (let length = path.length; length > 0; length -= 1) {
    const node: unknown = document.getIn(path.slice(0, length), true);
    const start = isNode(node) ? node.range?.[0] : undefined;
    if (start !== undefined) return lines.linePos(start).line;
  }
  return 1;
}

function invalid(where: string, line: number, says: string): Problem {
  const words = says.replaceAll(/\s+/g, ' ').slice(0, 300);
  return new Problem({
    code: 'rules_invalid',
    sentence: `Reading \`${rulesFile}\` of ${where} failed at line ${line}: ${words}.`,
    next: `Mend \`${rulesFile}\` on the base branch, then retry.`,
  });
}
