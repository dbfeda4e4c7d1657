import { openSync, writeSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { flushCompileCache } from 'node:module';
import { basename } from 'node:path';
import { text } from 'node:stream/consumers';
import { become } from './become.ts';
import { gatewayFiles } from './files.ts';
import { startGateway } from './gateway.ts';
import { makeLog } from './log.ts';
import { readOrders, readTerms } from './policy.ts';
import { Redactor } from './redact.ts';

/*
 * One task's gateway. It waits for its orders, `{ dir, uid, log, policy, keys }` as JSON on stdin, so that no file and no list of processes
 * shows a key, and so that one can be kept ready. With a uid, it is that user from then on. Runs until SIGTERM, or until its folder is
 * gone or another gateway's.
 */

// What was compiled is kept for the next one, in a folder where no other user may write.
flushCompileCache();
const told = await text(process.stdin);
// Kept ready by a process that is gone, and wanted by nobody.
if (told === '') process.exit(0);

let write = (line: string): unknown => process.stdout.write(line);
let task = '';
try {
  const orders = readOrders(told);
  const { dir, uid } = orders;
  const files = gatewayFiles(dir);
  task = basename(dir);
  if (orders.log !== null) write = appendTo(orders.log);
  process.chdir(dir);
  const { policy, keys } = readTerms(orders);
  const { proxy, caFile } = keys.wayOut;
  const password = proxy === undefined ? '' : decodeURIComponent(new URL(proxy).password);
  const held = [...keys.providers.values(), ...keys.mcp.values()];
  const secrets = [...held.map(({ key }) => key ?? ''), password];
  const log = makeLog(write, new Redactor(secrets), task);
  const ca = caFile === undefined ? {} : { ca: await trusted(caFile) };
  if (uid !== null) become(uid);
  const gateway = await startGateway({ dir, policy, keys, log, ...ca });
  const pid = `${process.pid}\n`;

  const stop = async (reason: string) => {
    log('info', 'stopping', { reason });
    // Where its folder is gone, there is no place for what it metered.
    await gateway.close().catch((error: unknown) => log('warn', 'not all was kept', { cause: String(error) }));
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

/** Opened as the user that this process is by now; it may write there for as long as it lives. */
function appendTo(path: string): (line: string) => void {
  const file = openSync(path, 'a', 0o600);
  return (line) => writeSync(file, line);
}

/** Node's own authorities and those of the file. */
async function trusted(path: string): Promise<readonly string[]> {
  const { getCACertificates } = await import('node:tls');
  return [...getCACertificates('default'), await readFile(path, 'utf8')];
}
