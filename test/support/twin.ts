import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import Dockerode from 'dockerode';
import { z } from 'zod';

/** Another environment: the sandbox image after one more command, which by default makes `/etc/twin`. Disposing removes it. */
export async function makeTwin(name: string, command = 'echo twin > /etc/twin'): Promise<AsyncDisposable> {
  const docker = new Dockerode();
  const file = join(import.meta.dirname, '../../.errand/image.json');
  const { id } = z.object({ id: z.string() }).parse(JSON.parse(await readFile(file, 'utf8')));
  const container = await docker.createContainer({
    Image: id,
    Cmd: ['sh', '-c', command],
    HostConfig: { NetworkMode: 'none' },
  });
  const [repo, tag] = name.split(':');
  try {
    await container.start();
    await container.wait();
    await container.commit({ repo, tag });
  } finally {
    await container.remove({ force: true });
  }
  return { [Symbol.asyncDispose]: async () => void (await docker.getImage(name).remove({ force: true })) };
}
