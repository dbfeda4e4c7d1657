import type Dockerode from 'dockerode';
import type { Engine } from './docker.ts';
import { frames } from './frames.ts';
import { NumberedLines } from './records.ts';

/**
 * Follows the records that the runner also wrote to stdout, where the workspace can't be read from here. Docker rotates
 * its log, so what was flooded out is lost. After a break it reads from the start again: the numbers tell what is new, and
 * Docker's own time stamps would be written into the middle of long lines.
 */
export async function* followLog(
  engine: Engine,
  container: Dockerode.Container,
  order: { after: number; stopped: Promise<unknown>; signal: AbortSignal },
): AsyncGenerator<unknown> {
  const { signal } = order;
  let ended = false;
  const end = () => {
    ended = true;
  };
  order.stopped.then(end, end);
  let after = order.after;
  while (!signal.aborted) {
    const last = ended;
    const lines = new NumberedLines(after);
    const stream = await engine.call('read the log of a container', () =>
      container.logs({ follow: true, stdout: true, stderr: false, abortSignal: signal }),
    );
    try {
      for await (const { bytes } of frames(stream)) {
        for (const record of lines.push(bytes)) {
          after = lines.last;
          yield record;
        }
      }
    } catch (error) {
      if (signal.aborted) return;
      // A daemon that restarts cuts the stream; the container may go on.
      if (last) throw error;
    }
    if (last) return;
    await Promise.race([order.stopped.catch(() => {}), new Promise((resolve) => setTimeout(resolve, 500))]);
  }
}
