import type Docker from 'dockerode';
import { Problem } from '../task/problem.ts';
import { type Journal, lastLines } from './journal.ts';

/** Reads an engine's build, pull or import to its end; a `Problem` with the last output when it says that it failed. */
export async function followImage(docker: Docker, stream: NodeJS.ReadableStream, journal: Journal): Promise<void> {
  const error = await new Promise<string | undefined>((done) => {
    let failed: string | undefined;
    docker.modem.followProgress(
      stream,
      (ended) => done(failed ?? ended?.message),
      (event: { stream?: string; status?: string; error?: string; progressDetail?: object }) => {
        failed ??= event.error;
        const text = event.stream ?? event.error ?? event.status ?? '';
        // Progress bars say the same line over and over.
        if (text.trim() !== '' && Object.keys(event.progressDetail ?? {}).length === 0) journal.note(text);
      },
    );
  });
  if (error === undefined) return;
  throw new Problem({
    code: 'image',
    sentence: `The sandbox image could not be made (${error.trim()}):\n${lastLines(journal.file, 12)}`,
    next: `All of the output is in ${journal.file}. Start again once the cause is gone; what was built is kept.`,
  });
}
