import { randomBytes, randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { attestAll } from '../app/attest.ts';
import type { BotDeps, Log } from '../app/deps.ts';
import { lookAtPull } from '../app/look-at-pull.ts';
import { renewSessions } from '../app/session.ts';
import { tellTurns } from '../app/tell-turns.ts';
import { createUseCases } from '../app/use-cases.ts';
import type { Config } from '../config.ts';
import { createWebhookDoor, type Door, serveDoor, webhookPath } from '../github/webhook-door.ts';
import { countSlackCalls } from '../operate/count-calls.ts';
import type { Metrics } from '../operate/metrics.ts';
import type { Places } from '../setup/places.ts';
import { createSlackApp, type SlackMode } from '../slack/app.ts';
import { createApprovals } from '../slack/approvals.ts';
import { connectSlack } from '../slack/connection.ts';
import { deliver } from '../slack/conversation.ts';
import { createDirectory } from '../slack/directory.ts';
import { createFileSource } from '../slack/file-source.ts';
import type { Latches } from '../slack/latches.ts';
import { createThreadReader } from '../slack/thread-reader.ts';
import { troublesOf } from '../task/health.ts';
import type { Policy } from '../task/policy.ts';
import type { Crew } from '../task/ports/crew.ts';
import type { Hosts } from '../task/ports/hosts.ts';
import type { TaskStore } from '../task/ports/task-store.ts';
import { Problem } from '../task/problem.ts';
import { heardChecks } from './heard-checks.ts';
import { livePolicy } from './live-policy.ts';
import { operate, reachedCheck } from './operate.ts';
import { outbound, type WayOut } from './outbound.ts';
import { aborted, type ProcessScope } from './process.ts';
import { systemClock as clock, openStore } from './store.ts';

const patienceMs = 15_000;

/** The bot: Slack on one side, Redis on the other; no engine, no GitHub, no model. */
export async function runBot(config: Config, places: Places, scope: ProcessScope): Promise<void> {
  const { log, signal, metrics } = scope;
  const { botToken, apiUrl } = config.slack;
  if (botToken === null) throw missing('SLACK_BOT_TOKEN');
  const { dispatcher, fetch: outward } = outbound(config.outbound);
  const { failingSince, ...way } = countSlackCalls(metrics, apiUrl, outward);
  const connection = await connectSlack({ botToken, apiUrl, log, patienceMs, ...way });
  await using store = await openStore(config, places, scope, 'bot');
  let standing = () => 0;
  await operate(config, scope, {
    process: 'bot',
    id: `bot:${hostname()}:${process.pid}`,
    store,
    checks: [
      reachedCheck('Slack', 'Slack does not answer, so what there is to say comes late.', failingSince),
      ...heardChecks(store.tasks, () => standing()),
    ],
    gauges: [
      async () => metrics.ways.set({ state: 'open' }, standing()),
      () => taskGauges(metrics, store.tasks),
      () => troubleGauges(metrics, store),
    ],
    openQueues: store.openBoardQueues,
  });
  if (connection.url !== null) await store.tasks.remember('slack_url', connection.url);
  const wording = {
    command: config.slack.command,
    emoji: config.emoji,
    linkHosts: [new URL(config.github.url).host, ...config.slack.linkHosts],
    workspaceUrl: connection.url,
  };
  const { teamId, reader, client } = connection;
  const policy = await livePolicy(config, store.tasks, scope);
  const directory = createDirectory({ reader, teamId, clock });
  const approvals = createApprovals(reader, wording.emoji.approve);
  const useCases = createUseCases({
    store: store.tasks,
    outbox: store.outbox,
    drafts: store.drafts,
    queue: store.queue,
    ledger: store.ledger,
    directory,
    threads: createThreadReader(reader),
    approvals,
    fileSource: createFileSource({ ...connection, botToken, apiUrl, log, ...way }),
    files: store.files,
    attestations: store.attestations,
    turnstile: store.turnstile,
    health: store.health,
    hosts: store.hosts,
    get policy() {
      return policy();
    },
    clock,
    randomBytes: (size) => randomBytes(size),
    log,
  });
  const door = doorOf(config, store, log);
  const mode = modeOf(config, dispatcher, door);
  const app = createSlackApp({
    mode,
    connection,
    botToken,
    apiUrl,
    wording,
    inbox: store.inbox,
    outbox: store.outbox,
    reactions: store.reactions,
    turns: store.turns,
    tasks: store.tasks,
    useCases,
    clock,
    log,
    ...way,
  });
  const delivering = deliver({
    outbox: store.outbox,
    client,
    reader,
    botUserId: connection.userId,
    latches: connection.latches,
    processes: await countBots(store.crew, scope),
    wording,
    clock,
    log,
    signal,
    ...way,
  });
  renew(store.tasks, connection.latches, scope);
  keepTelling({ store: store.tasks, hosts: store.hosts, policy }, scope);
  await keepAttesting({ store: store.tasks, attestations: store.attestations, directory, approvals, policy }, scope);
  // It may be refused before anything waits for it.
  delivering.catch(() => undefined);
  await app.start();
  standing = () => app.standing();
  await using _hooks = mode.type === 'http' && mode.beside !== undefined ? null : await serveHooks(config, door, log);
  scope.ready();
  try {
    await Promise.race([aborted(signal), delivering]);
  } finally {
    await app.stop();
  }
  await delivering;
}

async function taskGauges(metrics: Metrics, tasks: TaskStore): Promise<void> {
  metrics.waiting.reset();
  const open = await tasks.open();
  const queued = open.filter((task) => task.queued).length;
  metrics.waiting.set({ state: 'queued' }, queued);
  metrics.waiting.set({ state: 'at work' }, open.length - queued);
}

/** A bot tells of all troubles there are, as `/agent status` does. */
async function troubleGauges(metrics: Metrics, { health, hosts }: Pick<BotDeps, 'health' | 'hosts'>): Promise<void> {
  const [said, known] = await Promise.all([health.all(), hosts.list()]);
  for (const { code } of troublesOf(said, known)) metrics.trouble.set({ code }, 1);
}

/** How many bots deliver to this workspace just now: together they have Slack's limits once. */
async function countBots(crew: Crew, { log, signal }: ProcessScope): Promise<() => number> {
  const member = randomUUID();
  let count = await crew.beat(member);
  const look = async () => {
    count = await crew.beat(member);
  };
  const timer = setInterval(
    () => look().catch((error: unknown) => log.warn({ err: error }, 'The bots could not be counted')),
    countEveryMs,
  );
  signal.addEventListener('abort', () => clearInterval(timer), { once: true });
  return () => count;
}

const countEveryMs = 5_000;

/** Says again of what is at work that it is, as long as this workspace has a place for it. */
function renew(store: TaskStore, latches: Latches, { log, signal }: ProcessScope): void {
  const timer = setInterval(() => {
    if (latches.isOff('agents.sessions.setStatus')) return;
    renewSessions({ store, clock }).catch((error: unknown) => log.warn({ err: error }, 'Sessions are not renewed'));
  }, renewEveryMs);
  signal.addEventListener('abort', () => clearInterval(timer), { once: true });
}

const renewEveryMs = 10 * 60_000;

/** Keeps those who wait informed of their turns. */
function keepTelling(
  { store, hosts, policy }: { store: TaskStore; hosts: Hosts; policy: () => Policy },
  { log, signal }: ProcessScope,
): void {
  const timer = setInterval(() => {
    tellTurns({ store, hosts, policy: policy(), clock }).catch((error: unknown) =>
      log.warn({ err: error }, 'Those who wait are not told of their turns'),
    );
  }, tellEveryMs);
  signal.addEventListener('abort', () => clearInterval(timer), { once: true });
}

const tellEveryMs = 5_000;

/** Leaves word of who people are by now, for as long as something of theirs is to be done. */
async function keepAttesting(
  { policy, ...deps }: Pick<BotDeps, 'store' | 'attestations' | 'directory' | 'approvals'> & { policy: () => Policy },
  { log, signal }: ProcessScope,
): Promise<void> {
  const look = () =>
    attestAll({ ...deps, policy: policy(), clock, log }).catch((error: unknown) =>
      log.warn({ err: error }, 'Who people are by now is not noted'),
    );
  await look();
  const timer = setInterval(look, attestEveryMs);
  signal.addEventListener('abort', () => clearInterval(timer), { once: true });
}

const attestEveryMs = 60_000;

/** Where GitHub says that something happened; null where no webhook is set up. */
function doorOf(
  { webhook }: Config,
  { tasks, queue }: Pick<BotDeps, 'queue'> & { tasks: TaskStore },
  log: Log,
): Door | null {
  if (webhook === null) return null;
  return createWebhookDoor({
    secret: webhook.secret,
    look: (hint) => lookAtPull({ store: tasks, queue }, hint),
    onError: (error) => log.warn({ err: error }, 'A webhook of GitHub was not taken; polling makes up for it'),
  });
}

const webhookPort = 3_001;

async function serveHooks({ webhook }: Config, door: Door | null, log: Log): Promise<AsyncDisposable | null> {
  if (door === null) return null;
  const served = await serveDoor(door, webhook?.port ?? webhookPort);
  log.info({ port: served.port, path: webhookPath }, 'Waiting for GitHub’s webhooks');
  return served;
}

function modeOf({ slack, webhook }: Config, dispatcher: WayOut['dispatcher'], door: Door | null): SlackMode {
  const proxied = dispatcher === undefined ? {} : { dispatcher };
  if (slack.appToken !== null) return { type: 'socket', appToken: slack.appToken, ...proxied };
  const beside =
    door === null || (webhook !== null && webhook.port !== null) ? {} : { beside: { [webhookPath]: door } };
  if (slack.signingSecret !== null)
    return { type: 'http', signingSecret: slack.signingSecret, port: slack.port, ...beside };
  throw missing('SLACK_APP_TOKEN');
}

function missing(variable: string): Problem {
  return new Problem({
    code: 'config',
    sentence: `The bot needs ${variable}, which is not set.`,
    next: 'Set it, or start Errand with npm start, which then serves a small Slack of its own.',
  });
}
