import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { inside } from '../../sandbox/protocol.ts';
import { parseTaskId, type TaskId, toRunId } from '../task/ids.ts';
import type { Limits, NetworkPolicy } from '../task/ports/sandbox.ts';
import { Problem } from '../task/problem.ts';
import { probeSpec, type Runtime } from './container-spec.ts';
import { forbiddenCalls, judgeProbe, probeSchema } from './judge-probe.ts';
import type { Parts } from './parts.ts';
import { runOnce } from './run-once.ts';
import { chooseRuntime } from './runtime.ts';

export interface Passed {
  readonly uid: number;
  readonly runtime: string;
  /** From the order to the verdict, and how much of it the probe itself took. */
  readonly tookMs: number;
  readonly probeMs: number;
}

const timeoutMs = 30_000;
const program = readFileSync(join(import.meta.dirname, 'probe-inside.ts'), 'utf8');
/** Nobody's (RFC 5737 and 3849), and where clouds keep a machine's keys. */
const addresses = ['192.0.2.1', '2001:db8::1', '169.254.169.254'];
const policy: NetworkPolicy = {
  ...{ providers: [], allow: [], budgetUsd: 0, budgetTokens: 0, unpriced: 'dearest' },
  dummyKey: 'errand-self-test',
};

/**
 * Runs one container under the very settings that a run of this image gets, with a workspace and a gateway of its own, and looks from the
 * inside whether its walls hold. Leaves nothing. Throws a `Problem` with what it found when they don't.
 */
export async function selfTest(parts: Parts, image: string): Promise<Passed> {
  const { engine, options, workspaces, gateways, closing } = parts;
  const began = performance.now();
  const facts = await engine.facts();
  const runtime = chooseRuntime(options.runtime, facts.runtimes);
  const limits = toLimits(options.maxLimits);
  await clear(parts);
  try {
    const [gateway, workspace] = await Promise.all([
      gateways.prepare(probeTask),
      workspaces.open(probeTask, limits.workspaceBytes),
      gateways.open(probeTask, { ...policy, registries: [] }),
    ]);
    const question = {
      gateway: inside.gateway,
      workspace: inside.workspace,
      addresses: [...addresses, ...ownAddresses()],
      calls: forbiddenCalls(facts.architecture),
    };
    const order = {
      ...{ instance: options.instance, engine: facts, task: probeTask, run: toRunId(probeTask, 1), image, limits },
      ...{ uid: workspace.uid, workspace: workspace.mount, repositories: [], runtime },
    };
    const command = ['node', '--input-type=module-typescript', '-e', program, JSON.stringify(question)];
    let said = '';
    const ended = await runOnce(engine, probeSpec(order, { command, gateway }), {
      timeoutMs,
      capBytes: 64 * 1024,
      async write(bytes) {
        said += bytes.toString('utf8');
      },
      // Whoever waits at the gate may wait for this very test.
      gate: (work) => work(),
      signal: closing,
    });
    const probe = read(
      said,
      `${ended.end}, exit code ${ended.exitCode}: ${/.*Error.*/.exec(ended.stderr)?.[0].slice(0, 200) ?? 'it said nothing'}`,
    );
    const holes = judgeProbe(probe, {
      ...{ uid: workspace.uid, runtime, engine: facts, memoryBytes: limits.memoryBytes, pids: limits.pids },
      workspaceBytes: workspace.limited ? limits.workspaceBytes : null,
    });
    if (holes.length > 0) throw unsafe(holes, runtime);
    const tookMs = Math.round(performance.now() - began);
    return { uid: workspace.uid, runtime: runtime ?? 'runc', tookMs, probeMs: ended.durationMs };
  } finally {
    await clear(parts);
  }
}

/** One that nobody is given: what a crash leaves of a test is found and cleared by the next. */
const probeTask = probeTaskId();

function probeTaskId(): TaskId {
  const id = parseTaskId('t000000');
  if (id === undefined) throw new Error('the id of the self-test is none');
  return id;
}

async function clear({ gateways, workspaces }: Parts): Promise<void> {
  await Promise.all([gateways.remove(probeTask), workspaces.remove(probeTask)]);
}

/** Small enough for any host, and no more than a run may have. */
function toLimits(most: Limits): Limits {
  return {
    ...most,
    memoryBytes: Math.min(most.memoryBytes, 2 ** 29),
    workspaceBytes: Math.min(most.workspaceBytes, 2 ** 26),
    runMs: timeoutMs,
  };
}

/** This machine's own addresses, which a sandbox reaches as little as any other. */
function ownAddresses(): readonly string[] {
  return Object.values(networkInterfaces())
    .flatMap((found) => found ?? [])
    .filter(({ internal, address }) => !internal && !address.startsWith('fe80:'))
    .map(({ address }) => address)
    .slice(0, 8);
}

function read(said: string, ending: string): z.output<typeof probeSchema> {
  const last = said.trim().split('\n').at(-1) ?? '';
  const probe = z
    .string()
    .transform((text, context) => {
      try {
        return JSON.parse(text);
      } catch {
        context.addIssue('no JSON');
        return z.NEVER;
      }
    })
    .pipe(probeSchema)
    .safeParse(last);
  if (probe.success) return probe.data;
  throw new Problem(
    {
      code: 'sandbox_unsafe',
      sentence: `Errand tried to test its sandbox from inside, and the probe did not come through, so no task runs (${ending}).`,
      next: 'Is the image made from Errand’s, with Node in it? npm run doctor tries again.',
    },
    { retry: true },
  );
}

function unsafe(holes: readonly string[], runtime: Runtime): Problem {
  const gvisor = 'gVisor needs --host-uds=open among its runtimeArgs; ERRAND_SANDBOX_RUNTIME=runc does without it. ';
  return new Problem(
    {
      code: 'sandbox_unsafe',
      sentence: `The sandboxes of this engine don’t hold, so no task runs. Seen from inside: ${holes.join('; ')}.`,
      next: `${runtime === 'runsc' ? gvisor : ''}Mend the engine or use another; npm run doctor looks again.`,
    },
    { retry: true },
  );
}
