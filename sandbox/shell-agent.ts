import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { setTimeout as pause } from 'node:timers/promises';
import { endChild, startChild } from './children.ts';
import { RunFailure } from './failure.ts';
import type { Feed } from './feed.ts';
import type { RecordedStep } from './protocol.ts';
import { oneLine, scrub, tail } from './text.ts';

const claimChars = 8_000;
const lingerMs = 500;

/** Runs a script with `sh` in the checkout and resolves with its exit code and the end of its output; no model, no judgement. */
export async function runShell(
  script: string,
  options: { cwd: string; env: Readonly<Record<string, string>>; feed: Feed; signal: AbortSignal },
): Promise<{ exitCode: number; claim: string }> {
  const { feed, signal } = options;
  const folder = await mkdtemp(join(tmpdir(), 'errand-'));
  const file = join(folder, 'script.sh');
  await writeFile(file, script);
  let end = '';
  const show = (status: RecordedStep['status']) =>
    feed.plan([{ title: 'Run the script', status, detail: lastLine(end) }]);
  const child = await startChild(['sh', file], { cwd: options.cwd, env: options.env }).catch((error: unknown) => {
    throw new RunFailure('agent_start', 'The shell could not be started.', { cause: error });
  });
  const stop = () => void endChild(child, 2_000);
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  try {
    child.stdin.end();
    show('in_progress');
    const take = (text: string) => {
      feed.output(text);
      end = tail(end + text, claimChars * 2);
      show('in_progress');
    };
    read(child.stdout, take);
    read(child.stderr, take);
    const closed = once(child, 'close');
    const [code, by] = await once(child, 'exit');
    // What the script left running keeps its pipes open; it ends with the run.
    await endChild(child, 0);
    await Promise.race([closed, pause(lingerMs, undefined, { ref: false })]);
    signal.throwIfAborted();
    const exitCode = typeof code === 'number' ? code : 128;
    if (typeof by === 'string') take(`\nThe script was ended by ${by}.\n`);
    show(exitCode === 0 ? 'complete' : 'error');
    return { exitCode, claim: tail(scrub(end), claimChars).trim() };
  } finally {
    signal.removeEventListener('abort', stop);
    await rm(folder, { recursive: true, force: true });
  }
}

function read(stream: Readable, take: (text: string) => void): void {
  const decoder = new StringDecoder('utf8');
  stream.on('data', (chunk: Buffer) => take(decoder.write(chunk)));
}

function lastLine(text: string): string | null {
  const line = tail(scrub(text), 2_000).trimEnd().split('\n').at(-1)?.trim() ?? '';
  return line === '' ? null : oneLine(line, 200);
}
