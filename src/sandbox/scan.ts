import { z } from 'zod';
import type { ScanSpec } from '../../sandbox/protocol.ts';
import type { RepositoryName } from '../task/ids.ts';
import { Problem } from '../task/problem.ts';
import { type ContainerOrder, scanSpec } from './container-spec.ts';
import type { Parts } from './parts.ts';
import { runOnce } from './run-once.ts';
import { formsOf, withoutSecrets } from './secret-forms.ts';

const command = ['node', '/opt/errand/scan.ts'];
const timeoutMs = 10 * 60_000;
const capBytes = 1024 * 1024;
const shownPaths = 3;

const reportSchema = z.object({
  hits: z.array(z.object({ name: z.string(), path: z.string() })),
  files: z.number(),
});

/**
 * Looks through the workspace for the secrets that a set-up was given, in a container without any network. Throws a `Problem` that names
 * the files where it finds one, and also where it can't look: what nobody looked at is not clean.
 */
export async function scanWorkspace(
  { engine, gate, closing }: Parts,
  order: ContainerOrder,
  { repository, secrets }: { repository: RepositoryName; secrets: Readonly<Record<string, string>> },
): Promise<void> {
  const spec: ScanSpec = {
    secrets: Object.entries(secrets).map(([name, value]) => {
      return { name, patterns: formsOf(value).map((form) => Buffer.from(form).toString('base64')) };
    }),
  };
  const output: Buffer[] = [];
  const ended = await runOnce(engine, scanSpec(order, command), {
    stdin: `${JSON.stringify(spec)}\n`,
    timeoutMs,
    capBytes,
    write: async (bytes) => {
      output.push(bytes);
    },
    gate,
    signal: closing,
  });
  const report = ended.end === 'exited' && ended.exitCode === 0 ? readReport(Buffer.concat(output)) : undefined;
  if (report === undefined) {
    throw new Problem({
      code: 'setup_not_scanned',
      sentence: `What the set-up of ${repository} left could not be looked through for its secrets, so no agent may see it.`,
      next: 'Press Retry; if it lasts, let the set-up leave less behind, or keep secrets from it.',
    });
  }
  if (report.hits.length === 0) return;
  const names = [...new Set(report.hits.map(({ name }) => name))].join(', ');
  const paths = [...new Set(report.hits.map(({ path }) => withoutSecrets(path, secrets)))];
  const more = paths.length > shownPaths ? ` and ${paths.length - shownPaths} more` : '';
  throw new Problem({
    code: 'setup_left_secret',
    sentence: `The set-up of ${repository} left the secret ${names} where the agent would find it: in ${paths.slice(0, shownPaths).join(', ')}${more}.`,
    next: 'No agent saw it, and the workspace was thrown away. Let `setup:` use the secret without writing it down, or remove it at its end; then press Retry.',
  });
}

function readReport(output: Buffer): z.infer<typeof reportSchema> | undefined {
  try {
    return reportSchema.parse(JSON.parse(output.toString()));
  } catch {
    return undefined;
  }
}
