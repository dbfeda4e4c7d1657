/** Stands in for a task's gateway: says over its socket with which policy, keys and environment it was started. */
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const { dir = '' } = parseArgs({ options: { dir: { type: 'string' }, uid: { type: 'string' } } }).values;
const { policy, keys } = JSON.parse(readFileSync(0, 'utf8'));
if (policy.dummyKey === 'refuse to start') throw new Error('this gateway refuses to start');
writeFileSync(join(dir, 'gateway.pid'), String(process.pid));
const socket = join(dir, 's', 'gateway.sock');
rmSync(socket, { force: true });
const server = createServer((connection) => {
  connection.on('error', () => {});
  connection.end(JSON.stringify({ policy, keys, pid: process.pid, env: Object.keys(process.env) }));
});
server.listen(socket, () => chmodSync(socket, 0o666));
