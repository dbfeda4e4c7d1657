import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { z } from 'zod';
import { type Config, childEnv, type Env, type ProcessName, type RepositoryConfig } from '../config.ts';
import { type Apart, type Command, tellApart } from '../setup/apart.ts';
import { giveFolder } from '../setup/ownership.ts';
import { makePlaces, type Places } from '../setup/places.ts';
import { Problem } from '../task/problem.ts';
import { type LocalSide, localSide } from './local-side.ts';
import { toMarks } from './own-secrets.ts';
import { aborted, type ProcessScope } from './process.ts';
import { Supervisor } from './supervisor.ts';
import { surroundingsOf, userOf } from './surroundings.ts';
import { welcome } from './welcome.ts';

const source = resolve(import.meta.dirname, '..');
const graceMs = 15_000;

/**
 * Starts what the role needs as processes of their own, each with only its own secrets, and keeps them running until the
 * signal aborts. Redis, the engine and the containers are left as they are.
 */
export async function supervise(config: Config, env: Env, places: Places, scope: ProcessScope): Promise<void> {
  makePlaces(places);
  const apart = await tellApart(places);
  const say = (line: string) => process.stdout.write(`${line}\n`);
  const alone = config.role === 'all';
  const works = config.role !== 'bot';
  shareOut(places, apart);
  if (works) writeBrokerOptions(config, env, places, apart);
  writeFileSync(places.supervisorPidFile, `${process.pid}\n`);

  const local = alone ? await localSide(config, places, scope) : null;
  const logFile = alone ? (name: string) => join(places.logsDir, `${name}.log`) : null;
  await using supervisor = new Supervisor({
    logFile,
    say,
    lastWords: (name) => (logFile === null ? '' : lastWords(logFile(name))),
    graceMs,
  });
  if (local !== null) giveFolder(places.localDir, apart.type === 'apart' ? apart.users.local : null);
  const surroundings = surroundingsOf(config, env, places, apart);
  const ports = { bot: config.slack.port, local: local?.port ?? config.slack.port };
  const child = (name: ProcessName) => ({
    name,
    command: commandOf(apart, name, name === 'bot' || name === 'local' ? ports[name] : null),
    args: argumentsOf(name, local, places),
    env: defined({ ...childEnv(env, config, name), ...local?.env[name], ...surroundings(name) }),
    ...(name === 'broker' && { input: JSON.stringify({ keys: gatewayKeys(config), setup: setupSecrets(config) }) }),
    ...(name === 'worker' && { input: toMarks(config) }),
  });
  const start = (...names: ProcessName[]) =>
    Promise.all(
      names.map((name) => supervisor.start(child(name)).catch((error: unknown) => explain(name, error, logFile))),
    );

  await start(...(local !== null ? (['local'] as const) : []), ...(works ? (['broker'] as const) : []));
  await start(...(works ? (['worker'] as const) : []), ...(config.role === 'worker' ? [] : (['bot'] as const)));
  if (alone)
    say(welcome(config, places, apart, local === null ? null : { url: local.url, sides: local.options.sides }));
  scope.ready();
  await aborted(scope.signal);
  say('Ending. What runs in a sandbox goes on, and the next start takes it up again.');
  for (const file of [places.supervisorPidFile, brokerFile(places)]) rmSync(file, { force: true });
}

/** Who reads and writes what, as far as users can tell processes apart; what was another's changes hands. */
function shareOut(places: Places, apart: Apart): void {
  const worker = userOf(apart, 'worker');
  for (const dir of [places.mirrorsDir, places.tasksDir]) giveFolder(dir, worker);
  // The worker is told the name of each bundle, and owns no more of the folder than that.
  giveFolder(places.bundlesDir, null, 0o711);
}

const lowPorts = 1024;

function commandOf(apart: Apart, name: ProcessName, port: number | null): Command {
  const user = userOf(apart, name);
  if (user === null || apart.type === 'together') return [];
  return apart.command(user, { lowPorts: port !== null && port < lowPorts });
}

function defined(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

function argumentsOf(name: ProcessName, local: LocalSide | null, places: Places): string[] {
  if (name === 'broker') return [join(source, 'sandbox/broker-main.ts'), brokerFile(places)];
  return [join(source, 'main.ts'), name, ...(name === 'local' ? [JSON.stringify(local?.options)] : [])];
}

/** What gateways are told of the outside. It goes from process to process by pipes, and into no file. */
function gatewayKeys({ providers: all, mcp, outbound: way }: Config): object {
  const providers = [...all.values()].filter(({ missing }) => missing === null);
  return {
    providers: Object.fromEntries(
      providers.map(({ name, kind, apis, baseUrl, key, shape, prices }) => [
        name,
        { kind, apis, baseUrl, key, ...shape, prices },
      ]),
    ),
    mcp: Object.fromEntries(
      Array.from(mcp.values(), ({ name, url, key, auth, headers }) => [name, { url, key, auth, headers }]),
    ),
    egress: {
      ...(way.httpsProxy === null ? {} : { proxy: way.httpsProxy }),
      ...(way.noProxy.length === 0 ? {} : { noProxy: way.noProxy.join(',') }),
      ...(way.caFile === null ? {} : { caFile: way.caFile }),
    },
  };
}

/** What the broker is told, which is no secret and yet nobody else's to change. */
function writeBrokerOptions(config: Config, env: Env, places: Places, apart: Apart): void {
  const image = readImage(places);
  const worker = userOf(apart, 'worker')?.uid ?? null;
  const broker = {
    socket: places.brokerSocket,
    socketUser: worker,
    logLevel: config.logLevel,
    sandbox: {
      dockerHost: config.docker.host ?? 'unix:///var/run/docker.sock',
      instance: places.instance,
      dataDir: places.dataDir,
      runDir: places.runDir,
      images: { default: image, ...Object.fromEntries(config.environments) },
      repositoryDirs: [places.mirrorsDir, places.tasksDir],
      maxLimits: { ...config.limits, runMs: longestRunMs },
      gateway: {
        entry: join(source, 'gateway/main.ts'),
        ownUsers: apart.type === 'apart' || apart.ownGateways,
        env: {
          PATH: env.variables.get('PATH') ?? '/usr/bin:/bin',
          // A gateway starts with every run; compiled code is kept where no sandbox sees it.
          NODE_COMPILE_CACHE: join(places.runDir, 'compiled'),
        },
      },
      runtime: config.sandbox.runtime,
      minFreeBytes: config.sandbox.minFreeBytes,
      setup: Object.fromEntries(config.repositories.map((each) => [each.name.toLowerCase(), toSetupOptions(each)])),
      mountable: process.getuid?.() === 0,
      bundleUser: worker,
    },
  };
  writeFileSync(brokerFile(places), JSON.stringify(broker), { mode: 0o600 });
}

/** What set-up scripts may be given, by repository: the worker names it, and only the broker puts it into a container. */
function setupSecrets({ repositories }: Config): Record<string, Record<string, string>> {
  const entries = repositories.map(({ name, setup }) => {
    const held = Array.from(setup.secrets).flatMap(([secret, { value }]) => (value === null ? [] : [[secret, value]]));
    return [name.toLowerCase(), Object.fromEntries(held)];
  });
  return Object.fromEntries(entries);
}

function toSetupOptions({ setup, network }: RepositoryConfig) {
  return {
    allow: [...new Set([...(network.hosts === 'any' ? [] : network.hosts), ...setup.network])],
    open: network.hosts === 'any',
    // Dependencies are what a set-up is for.
    registries: network.registries || network.model,
    timeoutMs: Math.round(setup.minutes * 60_000),
  };
}

const longestRunMs = 24 * 60 * 60_000;

function brokerFile(places: Places): string {
  return join(places.runDir, 'broker.json');
}

function readImage(places: Places): string {
  try {
    return z.object({ id: z.string() }).parse(JSON.parse(readFileSync(places.imageFile, 'utf8'))).id;
  } catch (cause) {
    const failure = {
      code: 'image_missing',
      sentence: `No sandbox image is named in ${places.imageFile}.`,
      next: 'Start Errand with npm start, which builds it once.',
    };
    throw new Problem(failure, { cause });
  }
}

function explain(name: string, error: unknown, logFile: ((name: string) => string) | null): never {
  const why = error instanceof Error ? error.message : String(error);
  const file = logFile?.(name);
  const last = file === undefined ? '' : lastWords(file);
  throw new Problem(
    {
      code: 'child_failed',
      sentence: last === '' ? why : last,
      next: file === undefined ? 'Its log says why.' : `The whole log: ${relative(process.cwd(), file)}`,
    },
    { cause: error },
  );
}

const logLine = z.object({ level: z.number(), msg: z.string() });

/** The last thing of weight that a child logged. */
function lastWords(file: string): string {
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n').slice(-20).toReversed();
  for (const line of lines) {
    if (!line.startsWith('{')) continue;
    const parsed = logLine.safeParse(JSON.parse(line));
    if (parsed.success && parsed.data.level >= 50) return parsed.data.msg;
  }
  return lines.find((line) => /error/i.test(line)) ?? lines[0] ?? '';
}
