import { join } from 'node:path';
import Docker from 'dockerode';
import { Problem } from '../task/problem.ts';
import { tellApart } from './apart.ts';
import { installMissing, type Need, program } from './debian.ts';
import { engineAnswers, startEngine } from './engine.ts';
import { buildImage, findImage, recordImage } from './image.ts';
import { type Journal, openJournal } from './journal.ts';
import { makePlaces, type Places, places } from './places.ts';
import { redisServes, startRedis } from './redis.ts';
import { testNeeds } from './test-needs.ts';

/**
 * Makes a machine ready for `npm start` or `npm test`: installs, starts and builds what is missing, and is through in
 * well under two seconds when nothing is. `prepare.sh` runs it once the packages are there.
 */
async function prepare(purpose: 'start' | 'test', at: Places, journal: Journal): Promise<void> {
  const docker = new Docker();
  // A bot has no engine: its workers do.
  const works = process.env.ERRAND_ROLE !== 'bot';
  const needsEngine = works && !(await engineAnswers(docker));
  const ownRedis = !process.env.REDIS_URL;
  const needs: Need[] = [program('git', 'git')];
  // Workspaces get a size limit from a file system of their own, which only root can mount.
  if (process.getuid?.() === 0) needs.push(program('mkfs.ext4', 'e2fsprogs'), program('mount', 'mount'));
  if (ownRedis) needs.push(program('redis-server', 'redis-server'));
  if (needsEngine && !process.env.DOCKER_HOST) needs.push(program('dockerd', 'docker.io', 'iptables', 'iproute2'));
  if (purpose === 'test') needs.push(...testNeeds());
  await installMissing(needs, journal);
  if (needsEngine) await startEngine(docker, at, journal);
  if (ownRedis) {
    const apart = await tellApart(at);
    if (!(await redisServes(at, apart))) {
      journal.say('Starting a private Redis …');
      await startRedis(at, apart);
    }
  }
  if (works) recordImage(at, (await findImage(docker)) ?? (await buildImage(docker, at, journal)));
}

async function main(): Promise<void> {
  const started = performance.now();
  let said = 0;
  const at = places(process.env);
  makePlaces(at);
  const journal = openJournal(join(at.logsDir, 'setup.log'), (line) => {
    said += 1;
    console.log(line);
  });
  await prepare(process.argv[2] === 'test' ? 'test' : 'start', at, journal);
  if (said > 0) journal.say(`Ready after ${Math.ceil((performance.now() - started) / 1000)} s.`);
}

try {
  await main();
} catch (error) {
  if (!(error instanceof Problem)) throw error;
  console.error(`\n${error.failure.sentence}\n${error.failure.next}`);
  process.exitCode = 1;
}
