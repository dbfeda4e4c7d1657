import { existsSync, readdirSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type Docker from 'dockerode';
import { Problem } from '../task/problem.ts';
import { startDaemon } from './daemon.ts';
import { which } from './debian.ts';
import { dataRoot, mountControlGroups } from './engine-ground.ts';
import type { Journal } from './journal.ts';
import type { Places } from './places.ts';

const socket = '/var/run/docker.sock';

/** Whether a Docker engine answers where `docker` points, within three seconds. */
export async function engineAnswers(docker: Docker): Promise<boolean> {
  const pinged = docker.ping().then(
    () => true,
    () => false,
  );
  return Promise.race([pinged, pause(3_000, false, { ref: false })]);
}

/**
 * Starts an engine where none answers, or throws a `Problem` that says why this can't be done here. An engine of somebody
 * else's (`DOCKER_HOST`, another user's, a Mac's) is not ours to start.
 */
export async function startEngine(docker: Docker, places: Places, journal: Journal): Promise<void> {
  if (process.env.DOCKER_HOST) {
    throw refused(
      `No Docker engine answers at ${process.env.DOCKER_HOST} (DOCKER_HOST).`,
      'Start that engine, or unset DOCKER_HOST to let Errand use or start one on this machine.',
    );
  }
  if (process.platform !== 'linux') {
    throw refused('No Docker engine answers.', 'Start Docker Desktop (or another engine), then start again.');
  }
  if (await forbidden()) {
    throw refused(
      `A Docker engine listens on ${socket}, and this user may not talk to it.`,
      'Type `sudo usermod -aG docker $USER`, log in again, then start again.',
    );
  }
  if (process.getuid?.() !== 0) {
    throw refused('No Docker engine answers.', 'Type `sudo systemctl start docker`, then start again.');
  }
  journal.say('Starting a Docker engine …');
  if (existsSync('/run/systemd/system')) {
    await journal.run('systemctl', ['start', 'docker']);
    if (await engineAnswers(docker)) return;
    throw refused('systemd started Docker, and no engine answers.', 'See `journalctl -u docker`, then start again.');
  }
  await mountControlGroups(journal);
  const options = await daemonOptions(places, journal);
  try {
    await startDockerd(docker, places, options);
  } catch (error) {
    if (!(error instanceof Problem) || !/iptables|bridge|nat table/i.test(error.failure.sentence)) throw error;
    // No task and no build uses a bridge, so an engine without one is as good.
    journal.note(`${error.failure.sentence}\nTrying without a bridge and without iptables.`);
    await startDockerd(docker, places, [...options, ...(await bridgeless(journal))]);
  }
}

async function startDockerd(docker: Docker, places: Places, options: readonly string[]): Promise<void> {
  const pidFile = join(places.runDir, 'docker.pid');
  // Left by one that was killed; a stranger may have its number by now, and dockerd would refuse to start.
  rmSync(pidFile, { force: true });
  await startDaemon({
    name: 'The Docker engine (dockerd)',
    command: which('dockerd') ?? 'dockerd',
    args: ['--pidfile', pidFile, '--log-level', 'warn', ...options],
    logFile: join(places.logsDir, 'dockerd.log'),
    pidFile: places.enginePidFile,
    deadlineMs: 60_000,
    answers: () => engineAnswers(docker),
  });
}

/** Options that this machine calls for; a `daemon.json` of the owner's wins, for dockerd refuses to be told a thing twice. */
async function daemonOptions(places: Places, journal: Journal): Promise<string[]> {
  if (existsSync('/etc/docker/daemon.json')) return [];
  const root = await dataRoot(places, journal);
  const options = ['--data-root', root, '--live-restore'];
  const used = existsSync(join(root, 'network'));
  const foreign = !used && readdirSync('/sys/class/net').includes('docker0');
  return foreign ? [...options, ...(await bridgeless(journal))] : options;
}

/**
 * Keeps away from iptables and from `docker0`. `--bridge=none` would delete another engine's bridge when the two share a
 * network, so where there is one this engine gets an empty bridge of its own.
 */
async function bridgeless(journal: Journal): Promise<string[]> {
  const quiet = ['--iptables=false', '--ip6tables=false', '--ip-forward=false', '--ip-masq=false'];
  const interfaces = readdirSync('/sys/class/net');
  if (!interfaces.includes('docker0')) return [...quiet, '--bridge=none'];
  if (!interfaces.includes('errand0')) {
    await journal.run('ip', ['link', 'add', 'errand0', 'type', 'bridge']);
    await journal.run('ip', ['address', 'add', '172.31.255.1/24', 'dev', 'errand0']);
  }
  return [...quiet, '--bridge=errand0'];
}

function forbidden(): Promise<boolean> {
  return new Promise((done) => {
    const connection = connect(socket);
    connection.once('connect', () => done(false));
    connection.once('error', (error) => done('code' in error && error.code === 'EACCES'));
    connection.once('close', () => done(false));
    connection.once('connect', () => connection.destroy());
  });
}

function refused(sentence: string, next: string): Problem {
  return new Problem({ code: 'engine', sentence, next });
}
