import { createHash, randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { inside } from '../../sandbox/protocol.ts';
import type { WorkerDeps } from '../app/deps.ts';
import { EngineLease } from '../app/engine-lease.ts';
import { toPrompt, toScript } from '../app/prompt.ts';
import { Worker } from '../app/worker.ts';
import type { Config } from '../config.ts';
import { createRepositories } from '../git/repositories.ts';
import { createSigner } from '../git/signing.ts';
import { installedRepositories } from '../github/app.ts';
import { appAccess } from '../github/app-access.ts';
import { createAuthors } from '../github/authors.ts';
import { createClient } from '../github/client.ts';
import { type Access, tokenAccess } from '../github/credentials.ts';
import { createForge } from '../github/forge.ts';
import { identifyApp, identifyToken } from '../github/identity.ts';
import { countGitHubCalls } from '../operate/count-calls.ts';
import { within } from '../operate/log-context.ts';
import type { Metrics } from '../operate/metrics.ts';
import type { BrokerClient } from '../sandbox/broker-client.ts';
import type { Places } from '../setup/places.ts';
import { toAcpCommand } from '../task/agents.ts';
import { chooseProvider } from '../task/choose-agent.ts';
import type { RepositoryName } from '../task/ids.ts';
import type { TaskStore } from '../task/ports/task-store.ts';
import { Problem } from '../task/problem.ts';
import type { Task } from '../task/task.ts';
import { toAuthor } from './authors.ts';
import { createChanges } from './changes.ts';
import { CountingBroker } from './counting-broker.ts';
import { shareInstalled } from './installed.ts';
import { livePolicy } from './live-policy.ts';
import { toMayPush } from './may-push.ts';
import { operate, reachedCheck } from './operate.ts';
import { outbound, outboundEnv } from './outbound.ts';
import { isGone, ownProcess } from './own-process.ts';
import { readMarks } from './own-secrets.ts';
import { toPolicy } from './policy.ts';
import type { ProcessScope } from './process.ts';
import { reapers } from './reap.ts';
import { systemClock as clock, openStore } from './store.ts';
import { writeTurns } from './write-turns.ts';

const lookEveryMs = 2_000;
const sweepEveryMs = 10_000;
const reapEveryMs = 5 * 60_000;
/** How often an engine that is away is asked what it is. */
const askAgainMs = 1_000;
/** How long an ended task's workspace waits for a follow-up. */
const keptMs = 24 * 60 * 60_000;
/** How long a copy of a repository waits for the next task on its branch. */
const mirrorsMs = 30 * 24 * 60 * 60_000;
/** The same while a disk is nearly full, and runs wait for it. */
const urgentMs = { kept: 60 * 60_000, mirrors: 24 * 60 * 60_000 };

/** A worker: git, GitHub and Redis; of Docker only what the broker does for it. `holder` is who holds its engine, across its restarts. */
export async function runWorker(
  config: Config,
  places: Places,
  scope: ProcessScope,
  holder: string = randomUUID(),
): Promise<void> {
  const { log, signal, metrics } = scope;
  await using store = await openStore(config, places, scope, 'worker');
  const sandbox = new CountingBroker(places.brokerSocket, metrics, (error) =>
    log.warn({ err: error }, 'What passed a gateway was not counted'),
  );
  const { fetch, failingSince } = countGitHubCalls(metrics, outbound(config.outbound).fetch);
  const slots = { used: () => 0 };
  await operate(config, scope, {
    process: 'worker',
    id: `worker:${places.instance}`,
    store,
    checks: [
      {
        name: 'Docker',
        needed: true,
        everyMs: 15_000,
        look: async () => sandbox.ready().then(() => []),
      },
      reachedCheck('GitHub', 'Pull requests and merges wait for GitHub, which does not answer.', failingSince),
    ],
    gauges: [
      () => sandbox.countTraffic(),
      () => diskGauges(metrics, sandbox),
      async () => {
        metrics.slots.set({ state: 'all' }, config.concurrency);
        metrics.slots.set({ state: 'used' }, slots.used());
      },
    ],
    openQueues: null,
  });
  await using access = accessOf(config, scope);
  const { credentials } = access;
  const countedByOwner = config.github.mode === 'app';
  const writeTurn = writeTurns(store.duty);
  const github = { apiUrl: config.github.apiUrl, credentials, clock, countedByOwner, writeTurn, fetch };
  const client = createClient(github);
  const authors = createAuthors({ client, url: config.github.url, self: selfOf(config) });
  const committer = async (repository: RepositoryName) => config.git.committer ?? authors.committer(repository);
  const signer = config.git.signingKey === null ? null : createSigner(config.git.signingKey);
  const forge = createForge({ ...github, client });
  if (config.repositories.length === 0 && config.github.mode === 'app') {
    const app = { ...config.github, clock, fetch };
    await shareInstalled(() => installedRepositories(app), store.tasks, scope);
  }
  const policy = await livePolicy(config, store.tasks, scope);
  const repositories = createRepositories({
    mirrorsDir: places.mirrorsDir,
    tasksDir: places.tasksDir,
    githubUrl: config.github.url,
    credentials,
    committer,
    signer,
    fetchBytes: config.git.fetchBytes,
    allowWorkflows: (repository) => config.repositories.find(({ name }) => name === repository)?.workflows ?? false,
    isOwnSecret: await readMarks(process.stdin),
    outboundEnv: outboundEnv(config.outbound),
  });
  const engine = await whenThere(() => sandbox.engine(), scope);
  const elapsedMs = () => performance.now();
  const host = { holder, instance: places.instance, name: hostname(), process: ownProcess() };
  const deps: WorkerDeps = {
    store: store.tasks,
    queue: store.queue,
    ledger: store.ledger,
    files: store.files,
    attestations: store.attestations,
    sandbox,
    repositories,
    forge,
    duty: store.duty,
    mayPush: toMayPush({ forge, signer, committer, log }),
    during: (work) => access.during(work),
    about: within,
    author: toAuthor(config, authors, log),
    engine,
    hosts: store.hosts,
    lease: new EngineLease({ hosts: store.hosts, engine, host, isGone, elapsedMs, log }),
    awayMs: config.hostAwayMs,
    get policy() {
      return policy();
    },
    limits: config.limits,
    quietMs: config.sandbox.quietMs,
    askAgainMs: config.pollSeconds * 500,
    clock,
    elapsedMs,
    log,
    toAgent: (asked) => toAgentOf(config, asked),
    threadUrl: (task) => threadUrl(store.tasks, task),
    reap: reapers(
      async (alive, urgent) => void (await sandbox.reap(alive, urgent ? urgentMs.kept : keptMs)),
      (alive, urgent) => repositories.reap(alive, urgent ? urgentMs.kept : keptMs),
      (_alive, urgent) => repositories.reapMirrors(urgent ? urgentMs.mirrors : mirrorsMs, signal),
      async () => {
        if (config.keepTasksMs === null) return;
        const forgotten = await store.tasks.forget(clock.now() - config.keepTasksMs);
        if (forgotten > 0) log.info({ forgotten }, 'Old tasks removed');
        const early = await store.tasks.makeRoom();
        if (early > 0) log.warn({ forgotten: early }, 'Redis is short of memory: settled tasks were removed early');
      },
    ),
    changes: createChanges(store.tasks, engine, signal, (error) =>
      log.error({ err: error }, 'Watching for changes failed'),
    ),
  };
  const worker = new Worker(deps, { concurrency: config.concurrency });
  slots.used = () => worker.running;
  const rhythm = { lookEveryMs, sweepEveryMs, reapEveryMs, pullEveryMs: config.pollSeconds * 1_000 };
  await worker.run(signal, rhythm, scope.ready);
}

async function diskGauges(metrics: Metrics, sandbox: BrokerClient): Promise<void> {
  metrics.disk.reset();
  for (const { path, freeBytes, totalBytes } of await sandbox.room()) {
    metrics.disk.set({ path, state: 'free' }, freeBytes);
    metrics.disk.set({ path, state: 'all' }, totalBytes);
  }
}

/** The broker, or its engine, may come later than this worker. Rejects when the process is to end before. */
async function whenThere<T>(ask: () => Promise<T>, { log, signal }: ProcessScope): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof Problem) || !error.retry) throw error;
      log.warn({ err: error }, 'The engine is not there yet');
      await sleep(askAgainMs, undefined, { signal });
    }
  }
}

/** The login of whose credentials these are; an app writes as a bot that is called after it. */
function selfOf(config: Config): () => Promise<string | null> {
  const { github } = config;
  const { fetch } = outbound(config.outbound);
  const way = { apiUrl: github.apiUrl, clock, ...(fetch && { fetch }) };
  return async () => {
    if (github.mode === 'local') return null;
    if (github.mode === 'token') return (await identifyToken({ ...way, token: github.token })).name;
    const { slug } = await identifyApp({ ...way, appId: github.appId, privateKey: github.privateKey });
    return slug === null ? null : `${slug}[bot]`;
  };
}

function accessOf(config: Config, { log, redactor }: ProcessScope): Access {
  const { github } = config;
  switch (github.mode) {
    case 'token':
      return tokenAccess(github.token);
    case 'app': {
      const onUnrevoked = (error: unknown) => log.warn({ err: error }, 'A token of the GitHub App was not revoked');
      const { fetch } = outbound(config.outbound);
      return appAccess({ ...github, clock, onUnrevoked, onMinted: redactor.learn, ...(fetch && { fetch }) });
    }
    case 'local':
      throw new Problem({
        code: 'config',
        sentence: 'The worker needs GITHUB_TOKEN or a GitHub App, and has neither.',
        next: 'Set one, or start Errand with npm start, which then serves a small forge of its own.',
      });
    default:
      return github satisfies never;
  }
}

/**
 * The command line of a task's agent and what it may reach. The key it holds opens its own gateway and nothing else; it is the
 * run's, since a worker that comes after a crash finds a gateway that knows the first one's.
 */
function toAgentOf(
  config: Config,
  { task, run, prompt, reach }: Parameters<WorkerDeps['toAgent']>[0],
): ReturnType<WorkerDeps['toAgent']> {
  const policy = toPolicy(config);
  const agent = config.agents.get(task.agent)?.agent;
  const repositories = task.parts.flatMap(
    ({ repository }) => config.repositories.find(({ name }) => name === repository) ?? [],
  );
  // One container for all: the repository that was named first brings its image.
  const image = task.environment ?? repositories[0]?.environment ?? 'default';
  const dummyKey = `errand-${createHash('sha256').update(run.id).digest('base64url')}`;
  const needs = policy.agents.find(({ name }) => name === task.agent);
  if (agent === undefined || needs === undefined) {
    throw new Problem({
      code: 'agent_unknown',
      sentence: `There is no agent named ${task.agent} here any more.`,
      next: 'Whoever runs Errand can configure it again; or send the request anew with another agent:.',
    });
  }
  if (agent.type === 'shell') {
    const command = { type: 'shell', script: toScript(task, run.from) } as const;
    return { command, grants: { dummyKey, providers: [] }, image };
  }
  const way = chooseProvider(policy, needs, {
    channel: task.origin.channel,
    repositories,
    model: task.model,
    closed: !reach.model,
  });
  if (!way.ok) throw new Problem(way.failure);
  const { host, port } = inside.forwarder;
  const forwarder = `http://${host}:${port}`;
  const servers = reach.model ? mcpFor(config, task) : [];
  const { provider, api, model } = way.value ?? { provider: '', api: 'chat', model: task.model };
  const access = { forwarder, provider, api, dummyKey, model };
  return {
    command: toAcpCommand(agent, {
      access,
      mcp: servers.map(({ name }) => name),
      session: task.session,
      prompt,
      wholePrompt: toPrompt(task, 0),
    }),
    grants: { dummyKey, providers: way.value === null ? [] : [provider], mcp: servers },
    image,
  };
}

/** The MCP servers that a task's agent gets; of several repositories each has to be one that the server is for. */
function mcpFor(config: Config, task: Task): { name: string; tools: readonly string[] | null }[] {
  return Array.from(config.mcp.values()).flatMap(({ name, tools, agents, repositories }) => {
    const forAgent = agents === null || agents.includes(task.agent);
    const forCode = repositories === null || task.parts.every(({ repository }) => repositories.includes(repository));
    return forAgent && forCode ? [{ name, tools }] : [];
  });
}

/** Slack's permalink of the thread, once the root message was posted. */
async function threadUrl(store: TaskStore, task: Task): Promise<string | null> {
  const workspace = await store.recall('slack_url');
  const ts = task.origin.thread ?? (await store.deliveredTs(task.id, 'root'));
  if (workspace === null || ts === null) return null;
  return new URL(join('archives', task.origin.channel, `p${ts.replace('.', '')}`), workspace).href;
}
