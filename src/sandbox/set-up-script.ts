import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { SetUpReport, SetUpSpec } from '../../sandbox/protocol.ts';
import type { Limits, SetUpPart } from '../task/ports/sandbox.ts';
import { Problem } from '../task/problem.ts';
import type { SetUp } from '../task/task.ts';
import { type ContainerOrder, setUpSpec } from './container-spec.ts';
import type { Parts } from './parts.ts';
import { noPackageManagers } from './registries.ts';
import { registrySettings } from './registry-settings.ts';
import { type Ended, runOnce } from './run-once.ts';
import { withoutSecrets } from './secret-forms.ts';
import { watchOnce } from './watch-disk.ts';

const command = ['node', '/opt/errand/set-up.ts'];
/** Where the operator says nothing. */
export const defaultTimeoutMs = 10 * 60_000;
/** How its own failure shows, as against the script's. */
const ownFailure = 70;
const keptBytes = 64 * 1024;
const shownChars = 1_500;
const shownLines = 15;

const reportSchema: z.ZodType<SetUpReport> = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ran'), changed: z.array(z.string().max(4096)).max(100) }),
  z.object({ type: z.literal('failed'), message: z.string() }),
]);

/** One script on one commit, with the secrets that it is given. */
export interface Script {
  readonly kind: SetUp['kind'];
  readonly part: SetUpPart;
  readonly script: string;
  readonly secrets: Readonly<Record<string, string>>;
}

/**
 * Runs a script in a container of its own, whose gateway lives as long as it does. The secrets go in over stdin and are in nothing that
 * Docker keeps. Throws a `Problem`, with the end of what was printed, for any ending but exit code 0 in time.
 */
export async function runScript(parts: Parts, order: ContainerOrder, script: Script): Promise<SetUp> {
  const { engine, gate, closing, options, setUpGateways } = parts;
  const { kind, part, secrets } = script;
  const rules = options.setup[part.repository.toLowerCase()];
  const managers = rules?.registries === true ? await parts.registries.of(order.image) : noPackageManagers;
  const settings = registrySettings(managers);
  const [gateway, folder] = await Promise.all([
    setUpGateways.prepare(order.task),
    setUpGateways.place(order.task, settings.files),
  ]);
  let printed = Buffer.alloc(0);
  try {
    await setUpGateways.open(order.task, {
      providers: [],
      allow: rules?.allow ?? [],
      // Whoever opened the repository's network spoke for its code, and not for this.
      open: rules?.open === true && Object.keys(secrets).length === 0,
      registries: managers.registries,
      budgetUsd: null,
      budgetTokens: null,
      unpriced: 'tokens',
      dummyKey: randomBytes(16).toString('hex'),
    });
    const ended = await runOnce(engine, setUpSpec(order, { command, gateway, registries: { ...settings, folder } }), {
      stdin: `${JSON.stringify(toSpec(script))}\n`,
      timeoutMs: rules?.timeoutMs ?? defaultTimeoutMs,
      capBytes: Number.POSITIVE_INFINITY,
      write: async (bytes) => {
        printed = Buffer.concat([printed, bytes]).subarray(-keptBytes);
      },
      watch: (over, kill) => watchOnce(parts, order, over, kill),
      gate,
      signal: closing,
    });
    const report = readReport(ended.stderr);
    if (ended.end === 'exited' && ended.exitCode === 0) {
      const changed = report?.type === 'ran' ? report.changed.map((path) => withoutSecrets(path, secrets)) : [];
      return { repository: part.repository, kind, durationMs: ended.durationMs, changed };
    }
    const blocked = (await setUpGateways.blocked(order.task)).map(({ host }) => host);
    throw failed(script, ended, {
      limits: order.limits,
      report,
      blocked,
      printed: lastLines(withoutSecrets(printed.toString(), secrets)),
    });
  } finally {
    await setUpGateways.remove(order.task);
  }
}

function toSpec({ kind, part, script, secrets }: Script): SetUpSpec {
  const { folder, from, base, start, branch } = part;
  return { checkout: { folder, from, branch, start: kind === 'setup' ? base : start }, script, secrets };
}

/** The last line of stderr that is a report. Whoever wrote there might have forged one: it is shown, and nothing more. */
function readReport(stderr: string): SetUpReport | undefined {
  for (const line of stderr.trimEnd().split('\n').toReversed()) {
    if (!line.startsWith('{')) continue;
    try {
      return reportSchema.parse(JSON.parse(line));
    } catch {
      return undefined;
    }
  }
  return undefined;
}

function lastLines(text: string): string {
  return text.trimEnd().split('\n').slice(-shownLines).join('\n').slice(-shownChars);
}

interface Found {
  readonly limits: Limits;
  readonly report: SetUpReport | undefined;
  readonly blocked: readonly string[];
  readonly printed: string;
}

function failed({ kind, part, secrets }: Script, ended: Ended, { limits, report, blocked, printed }: Found): Problem {
  const what = kind === 'setup' ? 'set-up' : 'maintenance';
  if (ended.end === 'exited' && ended.exitCode === ownFailure && report?.type === 'failed') {
    return new Problem({
      code: 'setup_failed',
      sentence: `The ${what} of ${part.repository} could not begin: ${withoutSecrets(report.message, secrets)}`,
      next: 'Press Retry; if it lasts, whoever runs Errand finds the cause in the log under this task.',
    });
  }
  if (ended.end === 'too_much_disk') {
    const gib = (limits.workspaceBytes / 2 ** 30).toFixed(1).replace('.0', '');
    return new Problem({
      code: 'out_of_disk',
      sentence: `The ${what} script of ${part.repository} filled more than its ${gib} GiB of disk and was ended.`,
      next: 'Whoever runs Errand can raise the limit of the workspace.',
    });
  }
  const end =
    ended.end === 'timed_out'
      ? `took longer than its ${ended.durationMs < 120_000 ? `${Math.round(ended.durationMs / 1000)} s` : `${Math.round(ended.durationMs / 60_000)} minutes`} and was ended`
      : `ended with exit code ${ended.exitCode}${ended.exitCode === 137 ? ', as for want of memory' : ''}`;
  const hosts = blocked.slice(0, 5).join(', ');
  return new Problem({
    code: ended.end === 'timed_out' ? 'setup_timed_out' : 'setup_failed',
    sentence: `The ${what} script of ${part.repository} ${end}.${hosts === '' ? '' : ` It wanted to reach ${hosts}, which set-ups here may not.`}`,
    next: `Mend \`${kind}:\` in \`.errand.yml\` on the base branch${hosts === '' ? '' : ', or have whoever runs Errand allow the host for set-ups'}; then press Retry.`,
    ...(printed === '' ? {} : { printed }),
  });
}
