/**
 * Stands in for a task's gateway: says over its socket with which policy, keys and environment it was started. A self-test's it refuses, as
 * the real one does.
 */
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';

const told = readFileSync(0, 'utf8');
if (told === '') process.exit(0);
const { dir, policy, keys } = JSON.parse(told);
process.chdir(dir);
if (policy.dummyKey === 'refuse to start') throw new Error('this gateway refuses to start');
writeFileSync(join(dir, 'gateway.pid'), String(process.pid));
const socket = join(dir, 's', 'gateway.sock');
rmSync(socket, { force: true });
const server = createServer((connection) => {
  connection.on('error', () => {});
  if (policy.dummyKey === 'errand-self-test')
    return void connection.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n');
  connection.end(JSON.stringify({ policy, keys, pid: process.pid, env: Object.keys(process.env) }));
});
server.listen(socket, () => chmodSync(socket, 0o666));
