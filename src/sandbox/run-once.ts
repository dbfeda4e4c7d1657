import type Dockerode from 'dockerode';
import { labels, type Spec } from './container-spec.ts';
import { type Engine, ifThere, statusOf } from './docker.ts';
import { frames } from './frames.ts';
import { untilStopped } from './watch.ts';

export interface Ended {
  readonly exitCode: number;
  /** The last of stderr, at most 4 KiB. */
  readonly stderr: string;
  readonly durationMs: number;
  readonly end: 'exited' | 'timed_out' | 'too_much_output' | 'too_much_disk';
}

const stderrBytes = 4 * 1024;

/**
 * Runs one container to its end and removes it. Stdout goes to `write` up to `capBytes`; beyond that, and after
 * `timeoutMs`, the container is killed, as `watch` may do. A container of that name which a crash left is replaced.
 */
export async function runOnce(
  engine: Engine,
  spec: Spec,
  options: {
    timeoutMs: number;
    capBytes: number;
    write: (bytes: Buffer) => Promise<void>;
    /** Looks on while it runs, until `over`, and may have it killed for what it takes of the disk. */
    watch?: (over: AbortSignal, kill: () => Promise<void>) => Promise<void>;
    /** What it is told once it runs. */
    stdin?: string;
    gate: <T>(work: () => Promise<T>) => Promise<T>;
    signal: AbortSignal;
  },
): Promise<Ended> {
  const container = await replaceContainer(engine, spec);
  const kill = () => ifThere(engine.call(`end ${spec.name}`, (abortSignal) => container.kill({ abortSignal })));
  let end: Ended['end'] = 'exited';
  const over = new AbortController();
  let watching: Promise<void> | undefined;
  try {
    const output = await engine.call(`attach to ${spec.name}`, (abortSignal) =>
      container.attach({
        ...{ stream: true, stdin: options.stdin !== undefined, stdout: true, stderr: true },
        ...{ hijack: true, abortSignal },
      }),
    );
    let stderr = '';
    const read = async () => {
      let bytes = 0;
      for await (const frame of frames(output)) {
        if (frame.stream === 'stderr') {
          stderr = (stderr + frame.bytes.toString('utf8')).slice(-stderrBytes);
          continue;
        }
        bytes += frame.bytes.length;
        if (bytes > options.capBytes) {
          end = 'too_much_output';
          break;
        }
        await options.write(frame.bytes);
      }
      // Only once the connection is closed: Docker waits for whoever still listens.
      if (end === 'too_much_output') await kill();
    };
    await options.gate(() => engine.call(`start ${spec.name}`, (abortSignal) => container.start({ abortSignal })));
    const began = performance.now();
    if (options.stdin !== undefined) output.write(options.stdin);
    const reading = read();
    // Awaited below, but it may fail before.
    reading.catch(() => {});
    watching = options.watch?.(over.signal, async () => {
      end = 'too_much_disk';
      await kill();
    });
    watching?.catch(() => {});
    await untilStopped(engine, container, {
      signal: options.signal,
      expireInMs: options.timeoutMs,
      expire: async () => {
        end = 'timed_out';
        await kill();
      },
    });
    const durationMs = Math.round(performance.now() - began);
    await engine.call(`read the output of ${spec.name}`, () => reading);
    const { State } = await engine.call(`look at ${spec.name}`, (abortSignal) => container.inspect({ abortSignal }));
    return { exitCode: State.ExitCode, stderr, durationMs, end };
  } finally {
    over.abort();
    await Promise.allSettled([watching]);
    await removeContainer(engine, container);
  }
}

/** Creates a container, in the place of one of this Errand's that has its name; a foreign one is left alone, and a `Problem`. */
export async function replaceContainer(engine: Engine, spec: Spec): Promise<Dockerode.Container> {
  try {
    return await createContainer(engine, spec);
  } catch (error) {
    if (statusOf(error) !== 409) throw error;
    const before = engine.docker.getContainer(spec.name);
    const looking = engine.call(`look at ${spec.name}`, (abortSignal) => before.inspect({ abortSignal }));
    const found = await ifThere(looking);
    const [mine, its] = [spec.Labels, found?.Config.Labels].map((each) => each?.[labels.instance]);
    if (found !== undefined && its !== mine) throw error;
    await removeContainer(engine, before);
    return await createContainer(engine, spec);
  }
}

/** Creates a container and starts nothing. */
export function createContainer(engine: Engine, spec: Spec): Promise<Dockerode.Container> {
  // A copy: the library takes the signal out of what it is given.
  return engine.call(`create ${spec.name} from ${spec.Image}`, (abortSignal) =>
    engine.docker.createContainer({ ...spec, abortSignal }),
  );
}

/** Kills and removes a container; one that is gone is fine, and one that another removes is waited for: it holds its volume until then. */
export async function removeContainer(engine: Engine, container: Dockerode.Container): Promise<void> {
  const removing = engine.call(`remove the container ${container.id}`, (abortSignal) =>
    container.remove({ force: true, v: false, abortSignal }),
  );
  await ifThere(removing).catch(async (error: unknown) => {
    if (statusOf(error) !== 409) throw error;
    const gone = engine.call(`see ${container.id} removed`, (abortSignal) =>
      container.wait({ condition: 'removed', abortSignal }),
    );
    await ifThere(gone);
  });
}
