import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, startProgram } from './program.ts';

/** The whole program with a Slack and a forge of its own, as `npm start` without any credential runs it. */
export interface LocalErrand extends AsyncDisposable {
  /** Where the page is. */
  readonly url: string;
  log(): Promise<string>;
}

/** Prepares and starts `main.ts` in a data folder of its own, with no configuration but what is given. */
export async function startLocal(variables: Readonly<Record<string, string>> = {}): Promise<LocalErrand> {
  const dataDir = await mkdtemp(join(tmpdir(), 'errand-local-'));
  const port = await freePort();
  const program = await startProgram(dataDir, { PORT: String(port), ERRAND_POLL_SECONDS: '1', ...variables });
  return {
    url: `http://127.0.0.1:${port}`,
    log: program.log,
    async [Symbol.asyncDispose]() {
      await program[Symbol.asyncDispose]();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
