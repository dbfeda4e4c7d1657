import { readFile, rm, writeFile } from 'node:fs/promises';
import { flushCompileCache } from 'node:module';
import { basename } from 'node:path';
import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import { become } from './become.ts';
import { gatewayFiles } from './files.ts';
import { startGateway } from './gateway.ts';
import { makeLog } from './log.ts';
import { readOrders } from './policy.ts';
import { Redactor } from './redact.ts';

/*
 * One task's gateway: `node main.ts --dir <task's gateway folder> [--uid <number>]`, with `{ policy, keys }` as JSON on stdin, so that
 * no file and no list of processes shows a key. With a uid, it is that user from then on. Runs until SIGTERM, or until its folder is
 * gone or another gateway's.
 */

const { values } = parseArgs({ options: { dir: { type: 'string' }, uid: { type: 'string' } } });
const { dir, uid } = values;
if (dir === undefined) {
  process.stderr.write('usage: main.ts --dir <folder> [--uid <number>], and { policy, keys } on stdin\n');
  process.exit(2);
}

const write = (line: string) => process.stdout.write(line);
const task = basename(dir);
try {
  const files = gatewayFiles(dir);
  const { policy, keys } = readOrders(await text(process.stdin));
  const { proxy, caFile } = keys.wayOut;
  const password = proxy === undefined ? '' : decodeURIComponent(new URL(proxy).password);
  const held = [...keys.providers.values(), ...keys.mcp.values()];
  const secrets = [...held.map(({ key }) => key ?? ''), password];
  const log = makeLog(write, new Redactor(secrets), task);
  const ca = caFile === undefined ? {} : { ca: await trusted(caFile) };
  // What was compiled is kept for the next task's, in a folder where no other user may write.
  flushCompileCache();
  if (uid !== undefined) become(Number(uid));
  const gateway = await startGateway({ dir, policy, keys, log, ...ca });
  const pid = `${process.pid}\n`;

  const stop = async (reason: string) => {
    log('info', 'stopping', { reason });
    await gateway.close();
    if ((await readFile(files.pid, 'utf8').catch(() => '')) === pid) await rm(files.pid, { force: true });
    process.exit(0);
  };
  process.once('SIGTERM', () => void stop('SIGTERM'));
  process.once('SIGINT', () => void stop('SIGINT'));
  // Only what can be stopped says that it is there.
  await writeFile(files.pid, pid);
  log('info', 'listening', { socket: gateway.socket, readyMs: Math.round(performance.now()) });
  const watching = setInterval(async () => {
    const owner = await readFile(files.pid, 'utf8').catch(() => '');
    if (owner !== pid) await stop('the folder is gone or served by another gateway');
  }, 15_000);
  watching.unref();
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  makeLog(write, new Redactor([]), task)('error', message);
  process.exit(1);
}

/** Node's own authorities and those of the file. */
async function trusted(path: string): Promise<readonly string[]> {
  const { getCACertificates } = await import('node:tls');
  return [...getCACertificates('default'), await readFile(path, 'utf8')];
}
