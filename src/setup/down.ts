import { existsSync, globSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import Docker from 'dockerode';
import { Problem } from '../task/problem.ts';
import { stopRecorded } from './daemon.ts';
import { engineAnswers } from './engine.ts';
import { openJournal } from './journal.ts';
import { mountsBelow } from './mounts.ts';
import { makePlaces, type Places, places } from './places.ts';

/**
 * Stops what this Errand started, in the order in which nothing starts anew, and keeps all data. Processes are known by
 * what was recorded of them, containers by this instance's label; everything else on the machine stays as it is.
 */
async function down(at: Places, say: (line: string) => void): Promise<void> {
  const journal = openJournal(join(at.logsDir, 'setup.log'), say);
  let stopped = 0;
  const stop = async (pidFile: string, what: string, graceMs: number) => {
    if (!(await stopRecorded(pidFile, graceMs))) return;
    stopped += 1;
    journal.say(`Stopped ${what}.`);
  };
  await stop(at.supervisorPidFile, '`npm start`', 20_000);
  const docker = new Docker();
  const engine = await engineAnswers(docker);
  if (engine) {
    const own = await docker.listContainers({ all: true, filters: { label: [`errand.instance=${at.instance}`] } });
    for (const { Id } of own) await docker.getContainer(Id).remove({ force: true, v: false });
    if (own.length > 0) journal.say(`Removed ${counted(own.length, 'container')}.`);
    stopped += own.length;
  }
  for (const dir of [at.gatewaysDir, at.setUpGatewaysDir]) {
    for (const pidFile of globSync(join(dir, '*/gateway.pid'))) await stop(pidFile, 'a gateway', 5_000);
  }
  const mounted = mountsBelow(at.workspacesDir);
  for (const path of mounted) await journal.run('umount', [path]);
  if (mounted.length > 0) journal.say(`Unmounted ${counted(mounted.length, 'workspace')}.`);
  stopped += mounted.length;
  await stop(at.redisPidFile, 'the private Redis', 20_000);
  const others = engine && existsSync(at.enginePidFile) ? await docker.listContainers() : [];
  if (others.length > 0) {
    journal.say(`Left the Docker engine running: ${counted(others.length, 'container')} of others use it.`);
  } else {
    await stop(at.enginePidFile, 'the Docker engine', 30_000);
    for (const path of mountsBelow(join(at.dataDir, 'docker'))) await journal.run('umount', [path]);
  }
  // Sockets that nobody listens on any more, and compiled code that the next start makes again.
  rmSync(at.runDir, { recursive: true, force: true });
  if (stopped === 0) journal.say('Nothing of this Errand was running.');
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

try {
  const at = places(process.env);
  makePlaces(at);
  await down(at, console.log);
} catch (error) {
  if (!(error instanceof Problem)) throw error;
  console.error(`${error.failure.sentence}\n${error.failure.next}`);
  process.exitCode = 1;
}
