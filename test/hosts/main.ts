import { execFile } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import Docker from 'dockerode';
import { findImage } from '../../src/setup/image.ts';
import { Machine } from './machine.ts';
import { openSwitch, runInHub } from './network.ts';
import { openShared } from './shared.ts';
import { repositories, tell } from './story.ts';
import { writePage } from './table.ts';

const run = promisify(execFile);

const usage = `npm run hosts

Three machines, a Redis and a bot, for real: each machine is namespaces of its own for network, processes, mounts and name, with
its own Docker engine on its own bridge and one worker. One is cut off in the midst of its runs, one loses its power, one
gets a second worker; both come back. The ledgers of the local Slack and forge say what came of it. Writes docs/scale.md.

Takes about six minutes, root, and 8 GB in the folder for temporary files, which it gives back.
`;

if (process.argv.includes('--help')) process.stdout.write(usage);
else if (process.getuid?.() !== 0) {
  process.stderr.write('The machines are namespaces, which only root can make: sudo npm run hosts\n');
  process.exitCode = 1;
} else if (process.argv[2] === '--inside') process.exitCode = await play();
else process.exitCode = await runInHub(import.meta.filename, ['--inside']);

async function play(): Promise<number> {
  await using ending = new AsyncDisposableStack();
  const root = await mkdtemp(join(tmpdir(), 'errand-hosts-'));
  ending.defer(() => rm(root, { recursive: true, force: true }));
  await chmod(root, 0o755);
  await openSwitch();
  const IMAGE_FILE = join(root, 'image.tar');
  await run('docker', ['save', '--output', IMAGE_FILE, await imageTag()]);
  const shared = ending.use(await openShared(root, repositories));
  const machines = await Promise.all(
    [1, 2, 3].map((number) => Machine.make(number, root, { ...shared.workerEnv, IMAGE_FILE })),
  );
  for (const machine of machines) ending.defer(() => machine.sweep());
  try {
    const told = await Promise.race([tell(shared, machines), stopped()]);
    process.stdout.write(`\n${told.text}\n`);
    if (told.holds) await writePage(told.text);
    return told.holds ? 0 : 1;
  } catch (error) {
    const logs = await Promise.all([shared.log(), ...machines.map((machine) => machine.log())]);
    process.stdout.write(`${logs.map((log) => log.slice(-4_000)).join('\n\n---\n')}\n`);
    throw error;
  }
}

/** Rejects when somebody stops this, so that all is given back. */
function stopped(): Promise<never> {
  return new Promise((_, reject) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => reject(new Error(`Stopped by ${signal}`)));
    }
  });
}

/** The sandbox image, as this machine's own engine has it. */
async function imageTag(): Promise<string> {
  const image = await findImage(new Docker());
  if (image === undefined) throw new Error('This engine has no sandbox image: sh src/setup/prepare.sh test');
  return image.tag;
}
