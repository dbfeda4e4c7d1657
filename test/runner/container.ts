import { spawn } from 'node:child_process';
import { chown, readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import Docker from 'dockerode';
import { runSpec } from '../../src/sandbox/container-spec.ts';
import { type EngineId, parseTaskId, toRunId } from '../../src/task/ids.ts';
import { type Driven, drive, type Ground } from './drive.ts';

const root = join(import.meta.dirname, '../..');

/** Starts the runner in a container of the image with the settings of every run; what it runs are the files of this tree. */
export async function inContainer(ground: Ground, number = 1): Promise<Driven & AsyncDisposable> {
  const docker = new Docker();
  const image = JSON.parse(await readFile(join(root, '.errand/image.json'), 'utf8'));
  const task = parseTaskId('tabc123');
  if (task === undefined) throw new Error('not a task id');
  const own = process.getuid?.() ?? 0;
  const uid = own === 0 ? 20_000 : own;
  if (own === 0) await chown(ground.workspace, uid, uid);
  const { ID } = await docker.info();
  const spec = runSpec(
    {
      instance: basename(ground.folder),
      engine: { id: ID as EngineId, architecture: process.arch === 'arm64' ? 'aarch64' : 'x86_64', apparmor: false },
      task,
      run: toRunId(task, number),
      image: image.id,
      uid,
      workspace: { type: 'bind', source: ground.workspace },
      repositories: [ground.from, ground.mirror].map((path) => ({ source: path, target: path })),
      limits: { memoryBytes: 2 ** 31, cpus: 2, pids: 512, workspaceBytes: 2 ** 30, runMs: 600_000 },
      runtime: null,
    },
    { command: ['node', '/opt/errand/runner.ts'], gateway: join(ground.folder, 'gateway') },
  );
  const files = (await readdir(join(root, 'sandbox'))).filter((name) => name.endsWith('.ts'));
  spec.HostConfig?.Mounts?.push(
    ...files.map((name) => ({
      Type: 'bind' as const,
      Source: join(root, 'sandbox', name),
      Target: `/opt/errand/${name}`,
      ReadOnly: true,
    })),
  );
  const container = await docker.createContainer(spec);
  const driven = drive(spawn('docker', ['start', '-ai', container.id]));
  return { ...driven, [Symbol.asyncDispose]: async () => void (await container.remove({ force: true, v: true })) };
}
