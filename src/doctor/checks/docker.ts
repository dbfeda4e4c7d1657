import { existsSync } from 'node:fs';
import { access, constants } from 'node:fs/promises';
import type { Config } from '../../config.ts';
import type { Engine } from '../../sandbox/docker.ts';
import { findImage } from '../../setup/image.ts';
import { Problem } from '../../task/problem.ts';
import { checked, type Finding, fail, ok, skip, toFinding } from '../finding.ts';
import { checkIsolation, infoSchema, versionSchema } from './isolation.ts';

export interface EngineReport {
  readonly rows: readonly Finding[];
  /** Null when no engine answers: then nothing that needs one can be tried. */
  readonly rootDir: string | null;
}

/** The engine itself, and what stands between a sandbox and the machine besides Errand's own settings. */
export async function checkEngine(config: Config, engine: Engine): Promise<EngineReport> {
  let rootDir: string | null = null;
  const rows = await checked('Docker', 15_000, async () => {
    try {
      const { id } = await engine.facts();
      const info = infoSchema.parse(await engine.call('ask Docker what it is', () => engine.docker.info(), 10_000));
      const version = versionSchema.parse(await engine.call('ask its version', () => engine.docker.version(), 10_000));
      rootDir = info.DockerRootDir;
      const found = `Docker ${info.ServerVersion} on ${info.OperatingSystem}, engine ${id.slice(0, 14)}…`;
      const lasting = info.LiveRestoreEnabled
        ? null
        : 'Containers end when dockerd restarts: set "live-restore": true in /etc/docker/daemon.json.';
      return [ok('Docker', found, lasting), ...checkIsolation(info, version.Components)];
    } catch (error) {
      return await unanswered(config, engine, error);
    }
  });
  return { rows, rootDir };
}

async function unanswered(config: Config, engine: Engine, error: unknown): Promise<Finding> {
  if (!(error instanceof Problem) || error.failure.code !== 'docker_down') return toFinding('Docker', error);
  if (config.docker.host !== null)
    return fail('Docker', error.failure.sentence, 'Start that engine, or unset DOCKER_HOST.');
  const socket = engine.host.replace('unix://', '');
  const root = process.getuid?.() === 0;
  if (!existsSync(socket)) {
    return root && process.platform === 'linux'
      ? skip('Docker', 'No engine runs yet.', 'npm start installs and starts one.')
      : fail('Docker', `No engine listens on ${socket}.`, 'Install Docker, and start it: sudo systemctl start docker');
  }
  const allowed = await access(socket, constants.R_OK | constants.W_OK).then(
    () => true,
    () => false,
  );
  return allowed
    ? fail('Docker', error.failure.sentence, 'Start Docker: sudo systemctl start docker')
    : fail('Docker', `This user may not talk to ${socket}.`, 'sudo usermod -aG docker $USER, then log in again.');
}

/** The image that set-up makes from the files of this folder, and those of the configuration. */
export async function checkImages(config: Config, engine: Engine): Promise<readonly Finding[]> {
  const own = checked('Sandbox image', 20_000, async () => {
    const image = await findImage(engine.docker);
    if (image === undefined) {
      return skip(
        'Sandbox image',
        'Not built for the files of this folder.',
        'npm start builds it, once, in about 3 min.',
      );
    }
    const { Size } = await engine.docker.getImage(image.id).inspect();
    return ok('Sandbox image', `${image.tag}, ${(Size / 1e9).toFixed(1)} GB, made of the files of this folder.`);
  });
  const others = Array.from(config.environments, ([name, image]) =>
    checked(`Image ${name}`, 20_000, async () => {
      const there = await engine.docker
        .getImage(image)
        .inspect()
        .then(
          () => true,
          () => false,
        );
      return there
        ? ok(`Image ${name}`, `${image} is here.`)
        : fail(`Image ${name}`, `The engine does not have ${image}.`, `docker pull ${image}, or docker load it.`);
    }),
  );
  return (await Promise.all([own, ...others])).flat();
}
