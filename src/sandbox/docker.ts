import { Readable } from 'node:stream';
import Dockerode from 'dockerode';
import { z } from 'zod';
import type { EngineId } from '../task/ids.ts';
import { Problem } from '../task/problem.ts';
import type { EngineFacts } from './container-spec.ts';

/** One Docker engine, whose every call has a deadline and fails as a `Problem`. */
export interface Engine {
  readonly docker: Dockerode;
  /** `unix:///var/run/docker.sock` or the like, for messages. */
  readonly host: string;
  /** Runs one call. `attempted` completes "Errand tried to …". The signal aborts at the deadline, and the call is given up then. */
  call<T>(attempted: string, work: (signal: AbortSignal) => Promise<T>, deadlineMs?: number): Promise<T>;
  /** What the engine said of itself, until `forget`. */
  facts(): Promise<KnownEngine>;
  /** Asks the engine anew next time: it may be another one by now. */
  forget(): void;
  /** Aborts when the engine was restarted, reloaded or replaced, or can't be heard any more. */
  events(closing: AbortSignal): Promise<AbortSignal>;
}

export interface KnownEngine extends EngineFacts {
  /** The kernel of its machine. */
  readonly kernel: string;
  /** Names of the OCI runtimes that it knows. */
  readonly runtimes: readonly string[];
  /** Limits that it can hold a container to; without, it takes the setting and does nothing. */
  /** Where it keeps images, containers and volumes, as it calls that place on its own machine. */
  readonly rootDir: string | null;
  readonly limits: { readonly memory: boolean; readonly swap: boolean; readonly cpu: boolean; readonly pids: boolean };
}

const defaultDeadlineMs = 30_000;

/**
 * `host` is `unix://<path>` or `tcp://<host>:<port>`, as `DOCKER_HOST` has it; throws on anything else. A call without a deadline of its own
 * has `standardMs`.
 */
export function connectEngine(host: string, standardMs = defaultDeadlineMs): Engine {
  const docker = new Dockerode(toOptions(host));
  let known: Promise<KnownEngine> | undefined;
  const engine: Engine = {
    docker,
    host,
    async call(attempted, work, deadlineMs = standardMs) {
      const deadline = Promise.withResolvers<never>();
      const abort = new AbortController();
      const timer = setTimeout(() => {
        // Not every call of the library settles when it is aborted, hence the race.
        deadline.reject(new DeadlineError(deadlineMs));
        abort.abort();
      }, deadlineMs);
      try {
        return await Promise.race([work(abort.signal), deadline.promise]);
      } catch (error) {
        throw toProblem(error, attempted, host);
      } finally {
        clearTimeout(timer);
      }
    },
    facts() {
      known ??= readFacts(engine).catch((error: unknown) => {
        known = undefined;
        throw error;
      });
      return known;
    },
    forget() {
      known = undefined;
    },
    events: (closing) => listen(engine, closing),
  };
  return engine;
}

/** Docker's HTTP status, where the error came from Docker. */
export function statusOf(error: unknown): number | undefined {
  const cause = error instanceof Problem ? error.cause : error;
  const parsed = z.object({ statusCode: z.number() }).safeParse(cause);
  return parsed.success ? parsed.data.statusCode : undefined;
}

/** Turns Docker's 404 into `undefined`: what is gone needs no further work. */
export async function ifThere<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw error;
  }
}

class DeadlineError extends Error {
  constructor(ms: number) {
    super(`no answer within ${ms} ms`);
  }
}

function toOptions(host: string): Dockerode.DockerOptions {
  // An empty `host` keeps the library from reading DOCKER_HOST by itself.
  if (host.startsWith('unix://')) return { socketPath: host.slice('unix://'.length), host: '' };
  if (host.startsWith('tcp://')) {
    const url = new URL(host.replace('tcp:', 'http:'));
    return { protocol: 'http', host: url.hostname, port: Number(url.port || 2375) };
  }
  throw new Error(`DOCKER_HOST must begin with unix:// or tcp://, not ${host}`);
}

async function listen(engine: Engine, closing: AbortSignal): Promise<AbortSignal> {
  const over = new AbortController();
  const stream = await engine.call("listen to Docker's events", (abortSignal) =>
    engine.docker.getEvents({ filters: JSON.stringify({ type: ['daemon'] }), abortSignal }),
  );
  const end = () => {
    over.abort();
    if (stream instanceof Readable) stream.destroy();
  };
  for (const name of ['data', 'end', 'close', 'error'] as const) stream.on(name, end);
  if (closing.aborted) end();
  else closing.addEventListener('abort', end, { once: true });
  return over.signal;
}

const infoSchema = z.object({
  ID: z.string().min(1),
  Architecture: z.string(),
  SecurityOptions: z.array(z.string()).nullish(),
  KernelVersion: z.string().default(''),
  Runtimes: z.record(z.string(), z.unknown()).default({}),
  MemoryLimit: z.boolean().default(false),
  SwapLimit: z.boolean().default(false),
  CpuCfsQuota: z.boolean().default(false),
  PidsLimit: z.boolean().default(false),
  DockerRootDir: z.string().nullish(),
});

async function readFacts(engine: Engine): Promise<KnownEngine> {
  const asked = await engine.call(
    'ask Docker what it is',
    (abortSignal): Promise<unknown> =>
      // The library takes options here, its typings don't.
      Reflect.apply(engine.docker.info, engine.docker, [{ abortSignal }]),
  );
  const info = infoSchema.parse(asked);
  const options = info.SecurityOptions ?? [];
  const has = (name: string) => options.some((option) => option.split(',').includes(`name=${name}`));
  if (!has('seccomp')) {
    throw new Problem({
      code: 'docker_unsafe',
      sentence: `Docker at ${engine.host} was built without seccomp, so nothing can be run safely on it.`,
      next: 'Use an engine whose `docker info` lists seccomp under Security Options.',
    });
  }
  return {
    id: info.ID as EngineId,
    architecture: info.Architecture,
    apparmor: has('apparmor'),
    kernel: info.KernelVersion,
    runtimes: Object.keys(info.Runtimes),
    rootDir: info.DockerRootDir ?? null,
    limits: { memory: info.MemoryLimit, swap: info.SwapLimit, cpu: info.CpuCfsQuota, pids: info.PidsLimit },
  };
}

const codeSchema = z.object({ code: z.string() });

function toProblem(error: unknown, attempted: string, host: string): Problem {
  if (error instanceof Problem) return error;
  const status = statusOf(error);
  const text = error instanceof Error ? error.message.trim() : String(error);
  const code = codeSchema.safeParse(error).data?.code;
  if (error instanceof DeadlineError || (status === undefined && code !== undefined)) {
    const found = error instanceof DeadlineError ? error.message : code;
    return new Problem(
      {
        code: 'docker_down',
        sentence: `Docker does not answer at ${host}: Errand tried to ${attempted} and found ${found}.`,
        next: 'Start Docker, or set DOCKER_HOST to where it listens; the task goes on by itself then.',
      },
      { retry: true, cause: error },
    );
  }
  if (status === 404 && /no such image/i.test(text)) {
    return new Problem(
      {
        code: 'image_missing',
        sentence: `Errand tried to ${attempted}, but Docker at ${host} doesn't have its image.`,
        next: 'Build it with `npm start` or set-up again, or correct the image in the configuration.',
      },
      { retry: true, cause: error },
    );
  }
  return new Problem(
    {
      code: 'docker_error',
      sentence: `Errand tried to ${attempted}, and Docker refused: ${text.slice(0, 300)}`,
      next: "Look into Docker's log on that host; the step is tried again.",
    },
    { retry: true, cause: error },
  );
}
