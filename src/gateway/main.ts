import { readFile, rm, writeFile } from 'node:fs/promises';
import { enableCompileCache } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { parseArgs } from 'node:util';

/*
 * One task's gateway: `node main.ts --dir <task's gateway folder> --keys <keys file>`. Runs until SIGTERM, or until its folder is
 * gone or another gateway's.
 */

const { values } = parseArgs({ options: { dir: { type: 'string' }, keys: { type: 'string' } } });
const { dir, keys: keysPath } = values;
if (dir === undefined || keysPath === undefined) {
  process.stderr.write('usage: main.ts --dir <folder> --keys <file>\n');
  process.exit(2);
}
// Compiled once a machine instead of once a task; beside the keys, where no sandbox looks.
enableCompileCache(join(dirname(keysPath), 'gateway-compile-cache'));

const [{ startGateway }, { readKeys, readPolicy }, { gatewayFiles }, { makeLog }, { Redactor }] = await Promise.all([
  import('./gateway.ts'),
  import('./policy.ts'),
  import('./files.ts'),
  import('./log.ts'),
  import('./redact.ts'),
]);

const write = (line: string) => process.stdout.write(line);
const task = basename(dir);
try {
  const files = gatewayFiles(dir);
  const policy = await readPolicy(files.policy);
  const keys = await readKeys(keysPath, policy);
  const { proxy, caFile } = keys.wayOut;
  const password = proxy === undefined ? '' : decodeURIComponent(new URL(proxy).password);
  const held = [...keys.providers.values(), ...keys.mcp.values()];
  const secrets = [...held.map(({ key }) => key ?? ''), password];
  const log = makeLog(write, new Redactor(secrets), task);
  const ca = caFile === undefined ? {} : { ca: await trusted(caFile) };
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
