import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { inside } from '../../sandbox/protocol.ts';
import type { Config } from '../config.ts';
import { createGit, must } from '../git/git.ts';
import { initBare } from '../git/mirror.ts';
import type { ChosenDisk } from '../sandbox/disk-ways.ts';
import { openDockerSandbox } from '../sandbox/docker-sandbox.ts';
import { sandboxOptionsSchema } from '../sandbox/options.ts';
import type { Passed } from '../sandbox/self-test.ts';
import { mayChangeUser } from '../setup/apart.ts';
import { makePlaces, type Places } from '../setup/places.ts';
import type { AcpAgent } from '../task/agents.ts';
import { toRunId, toTaskId } from '../task/ids.ts';
import { Problem } from '../task/problem.ts';

const started = z.object({
  probe: z.literal('agent'),
  name: z.string(),
  error: z.string().nullable(),
  answer: z
    .object({
      protocolVersion: z.number().optional(),
      agentInfo: z.object({ name: z.string(), version: z.string() }).nullish(),
    })
    .nullable(),
});
const record = z.discriminatedUnion('type', [
  z.object({ type: z.literal('output'), text: z.string() }),
  z.object({
    type: z.literal('result'),
    result: z.object({ type: z.string(), message: z.string().optional() }),
  }),
]);

export interface ProbeReport {
  /** The test that every start of Errand makes. */
  readonly walls: Passed;
  readonly disk: Pick<ChosenDisk, 'way' | 'because'>;
  readonly agents: readonly z.output<typeof started>[];
  /** From the order of a run to the first word from inside. */
  readonly startedInMs: number;
}

const runMs = 120_000;
const source = resolve(import.meta.dirname, '..');
const nobody = { name: 'Errand', email: 'errand@localhost' };

/** The agents of the configuration and those that ship, apart from the one that needs no program. */
export function agentsToStart(config: Config): ReadonlyMap<string, AcpAgent> {
  return new Map(
    Array.from(config.agents).flatMap(([name, { agent }]) => (agent.type === 'acp' ? [[name, agent] as const] : [])),
  );
}

/**
 * The self-test that every start makes, and one run as every task has it: gateway, workspace, container, runner, checkout. Both have
 * folders, a Docker instance and uids of their own, and leave nothing. Throws `Problem`; the engine ends it after two minutes at the latest.
 */
export async function probe(
  config: Config,
  places: Places,
  { image, dockerHost, signal }: { image: string; dockerHost: string; signal: AbortSignal },
): Promise<ProbeReport> {
  makePlaces(places);
  const name = randomBytes(3).toString('hex');
  const dataDir = join(places.dataDir, `doctor-${name}`);
  const runDir = join(places.runDir, `d${name}`);
  const mirrors = join(dataDir, 'mirrors');
  for (const dir of [mirrors, runDir]) mkdirSync(dir, { recursive: true });
  const limits = { ...config.limits, workspaceBytes: Math.min(config.limits.workspaceBytes, 2 ** 29), runMs };
  const options = sandboxOptionsSchema.parse({
    dockerHost,
    instance: `${places.instance}-doctor`,
    dataDir,
    runDir,
    images: { default: image },
    repositoryDirs: [mirrors],
    maxLimits: limits,
    runtime: config.sandbox.runtime,
    gateway: {
      entry: join(source, 'gateway/main.ts'),
      ownUsers: mayChangeUser(),
      env: { PATH: '/usr/local/bin:/usr/bin:/bin' },
    },
    // Apart from those of tasks, which begin at 20,001.
    firstUid: 30_001,
    mountable: process.getuid?.() === 0,
  });
  const task = toTaskId(randomBytes(6));
  const run = toRunId(task, 1);
  const dummyKey = 'errand-doctor';
  const policy = { providers: [], allow: [], budgetUsd: 0, budgetTokens: 0, unpriced: 'dearest', dummyKey } as const;
  const sandbox = openDockerSandbox(options, () => undefined);
  try {
    const walls = await sandbox.checkWalls('default');
    const checkout = await makeRepository(join(mirrors, 'probe.git'));
    const agent = { type: 'shell', script: toScript(config, dummyKey) } as const;
    const began = performance.now();
    await sandbox.start({ task, run, image: 'default', repositories: [checkout.from], limits, policy });
    const spec = { type: 'spec', checkouts: [{ ...checkout, folder: 'repo' }], cwd: 'repo', agent } as const;
    await sandbox.send(run, spec);
    return { walls, disk: await sandbox.diskWay(), ...(await listen(sandbox.records(run, 0, signal), began)) };
  } finally {
    await sandbox.remove(task, { workspace: true });
    await sandbox[Symbol.asyncDispose]();
    rmSync(dataDir, { recursive: true, force: true });
    rmSync(runDir, { recursive: true, force: true });
  }
}

async function listen(
  records: AsyncIterable<unknown>,
  began: number,
): Promise<Pick<ProbeReport, 'agents' | 'startedInMs'>> {
  let output = '';
  let startedInMs = 0;
  for await (const each of records) {
    if (startedInMs === 0) startedInMs = Math.round(performance.now() - began);
    const parsed = record.safeParse(each);
    if (!parsed.success) continue;
    if (parsed.data.type === 'output') output += parsed.data.text;
    else if (parsed.data.result.type === 'failed') throw silent(parsed.data.result.message ?? 'it failed');
    else break;
  }
  const agents = output
    .split('\n')
    .filter((text) => text.startsWith('{"probe"'))
    .map((text) => started.parse(JSON.parse(text)));
  if (agents.length === 0) throw silent(output.trim().slice(-300) || 'it said nothing');
  return { agents, startedInMs };
}

function silent(found: string): Problem {
  return new Problem({
    code: 'probe_failed',
    sentence: `A probe in a sandbox did not come through: ${found}`,
    next: 'Build the image anew with npm start; if it lasts, look at docker logs.',
  });
}

function toScript(config: Config, dummyKey: string): string {
  const { host, port } = inside.forwarder;
  const forwarder = `http://${host}:${port}`;
  const agents = Array.from(agentsToStart(config), ([name, agent]) => {
    const [api = 'chat'] = agent.apis;
    const access = { forwarder, provider: agent.provider ?? '', api, dummyKey, model: agent.needsModel ? 'any' : null };
    return { name, command: agent.command, env: agent.env(access) };
  });
  const program = readFileSync(join(import.meta.dirname, 'inside.ts'), 'utf8');
  const argument = Buffer.from(JSON.stringify(agents)).toString('base64');
  return `cat > /tmp/probe.ts <<'END-OF-PROBE'\n${program}\nEND-OF-PROBE\nexec node /tmp/probe.ts ${argument}\n`;
}

/** A repository with one commit, for the runner to check out. */
async function makeRepository(from: string): Promise<{ from: string; start: string; branch: string }> {
  const git = createGit({ remoteUrl: 'https://localhost/', outboundEnv: {} });
  await initBare({ git }, from);
  const text = 'probe\n';
  const input = [
    'commit refs/heads/main',
    `committer ${nobody.name} <${nobody.email}> 0 +0000`,
    `data ${text.length}`,
    text,
    'M 644 inline README',
    `data ${text.length}`,
    text,
  ].join('\n');
  await must(git, ['fast-import', '--quiet'], { gitDir: from, input: `${input}\n` });
  const start = await must(git, ['rev-parse', 'refs/heads/main'], { gitDir: from });
  return { from, start, branch: 'errand/probe' };
}
