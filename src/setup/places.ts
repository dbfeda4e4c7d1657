import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, linkSync, lstatSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { Problem } from '../task/problem.ts';

/** Where everything of one Errand lies. All paths are absolute. */
export interface Places {
  /** Eight hexadecimal digits, made once and kept in the data folder; the Docker label `errand.instance`. */
  readonly instance: string;
  /** Outlives everything: the store, mirrors, workspaces, logs. */
  readonly dataDir: string;
  /**
   * Sockets, and what no disk is to keep; in memory where the machine has a place for that. Short enough for a unix socket's 107
   * bytes, and open to other uids to pass through.
   */
  readonly runDir: string;
  readonly redisDir: string;
  /** In a folder of its own, which says who may pass. */
  readonly redisSocket: string;
  readonly brokerSocket: string;
  /** One folder a task with its gateway's socket and `gateway.pid`. */
  readonly gatewaysDir: string;
  /** The same of set-up scripts. */
  readonly setUpGatewaysDir: string;
  /** Empty; what other users may see of closed folders is put together there. */
  readonly viewDir: string;
  /** `{ id, tag, hash }` of the sandbox image that set-up made. */
  readonly imageFile: string;
  readonly mirrorsDir: string;
  readonly tasksDir: string;
  readonly workspacesDir: string;
  readonly bundlesDir: string;
  readonly localDir: string;
  readonly logsDir: string;
  readonly supervisorPidFile: string;
  readonly redisPidFile: string;
  readonly enginePidFile: string;
}

/** What the places depend on: variables of the environment, the project's folder, and who asks. */
export interface Whereabouts {
  readonly ERRAND_DATA_DIR?: string | undefined;
  readonly XDG_RUNTIME_DIR?: string | undefined;
  /** What the process that started this one goes by; it may be another user. */
  readonly ERRAND_RUN_DIR?: string | undefined;
}

const rootRunDir = '/run/errand';
const project = resolve(import.meta.dirname, '../..');

/** Says where things are; makes only the data folder and the instance's name in it, and those once. */
export function places(env: Whereabouts, uid = process.getuid?.() ?? -1): Places {
  const dataDir = resolve(env.ERRAND_DATA_DIR || join(project, '.errand'));
  const instance = instanceOf(dataDir);
  const own = uid === 0 ? join(rootRunDir, instance) : join(env.XDG_RUNTIME_DIR || '/tmp', `errand-${instance}`);
  const runDir = env.ERRAND_RUN_DIR || own;
  return {
    instance,
    dataDir,
    runDir,
    redisDir: join(dataDir, 'redis'),
    redisSocket: join(runDir, 'redis/redis.sock'),
    brokerSocket: join(runDir, 'broker.sock'),
    gatewaysDir: join(runDir, 'g'),
    setUpGatewaysDir: join(runDir, 's'),
    viewDir: join(runDir, 'view'),
    imageFile: join(dataDir, 'image.json'),
    mirrorsDir: join(dataDir, 'mirrors'),
    tasksDir: join(dataDir, 'tasks'),
    workspacesDir: join(dataDir, 'workspaces'),
    bundlesDir: join(dataDir, 'bundles'),
    localDir: join(dataDir, 'local'),
    logsDir: join(dataDir, 'logs'),
    supervisorPidFile: join(dataDir, 'supervisor.pid'),
    redisPidFile: join(dataDir, 'redis.pid'),
    enginePidFile: join(dataDir, 'dockerd.pid'),
  };
}

/**
 * Makes the folders, so that a socket can be bound: the run folder is gone after each reboot. Throws `Problem` when
 * somebody else owns the run folder, which `/tmp` would let them.
 */
export function makePlaces(of: Places): void {
  mkdirSync(of.runDir, { recursive: true });
  const found = lstatSync(of.runDir);
  if (!found.isDirectory() || (process.getuid !== undefined && found.uid !== process.getuid())) {
    throw new Problem({
      code: 'run_folder',
      sentence: `Errand keeps its sockets in ${of.runDir}, which belongs to another user.`,
      next: 'Remove it, or set XDG_RUNTIME_DIR to a folder of your own.',
    });
  }
  // Others pass through on their way to their own socket, whatever the umask, and can list nothing.
  if (dirname(of.runDir) === rootRunDir) chmodSync(rootRunDir, 0o755);
  chmodSync(of.runDir, 0o711);
  for (const dir of [of.redisDir, of.logsDir, dirname(of.redisSocket), of.viewDir]) {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
  }
  // `prepare.sh` makes it before there is anybody to say how.
  chmodSync(of.logsDir, 0o700);
}

function instanceOf(dataDir: string): string {
  const file = join(dataDir, 'instance');
  try {
    return readInstance(file);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && (error.code === 'EACCES' || error.code === 'EPERM')))
      throw error;
    throw new Problem(
      {
        code: 'data_folder',
        sentence: `Errand keeps its data in ${dataDir}, which this user may not use (${error.message}).`,
        next: 'Start Errand as the user who started it before (root, say), or set ERRAND_DATA_DIR to a folder of your own.',
      },
      { cause: error },
    );
  }
}

function readInstance(file: string): string {
  mkdirSync(dirname(file), { recursive: true });
  if (!existsSync(file)) {
    // Linked into place, so that two processes that start together agree on one name and neither reads half of it.
    const draft = `${file}.${process.pid}`;
    writeFileSync(draft, `${randomBytes(4).toString('hex')}\n`);
    try {
      linkSync(draft, file);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    } finally {
      rmSync(draft);
    }
  }
  const name = readFileSync(file, 'utf8').trim();
  if (/^[0-9a-f]{8}$/.test(name)) return name;
  throw new Problem({
    code: 'instance',
    sentence: `${file} should hold eight hexadecimal digits, and holds ${JSON.stringify(name.slice(0, 40))}.`,
    next: 'Remove the file; containers of the lost instance then have to be removed by hand.',
  });
}
