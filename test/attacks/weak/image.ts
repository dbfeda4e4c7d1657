import type Dockerode from 'dockerode';
import { readImage } from '../support.ts';

/** The sandbox image with a `sudo` that obeys anybody: an image that no operator would list. Disposing removes it. */
export async function makeUnlisted(docker: Dockerode): Promise<AsyncDisposable & { readonly name: string }> {
  const repo = 'errand-attacks-unlisted';
  const tag = String(process.pid);
  const container = await docker.createContainer({
    Image: readImage(),
    Entrypoint: [],
    // `env` runs what it is given as whom it is itself.
    Cmd: ['sh', '-c', 'cp /usr/bin/env /usr/local/bin/sudo && chmod 4755 /usr/local/bin/sudo'],
    HostConfig: { NetworkMode: 'none' },
  });
  try {
    await container.start();
    await container.wait();
    await container.commit({ repo, tag });
  } finally {
    await container.remove({ force: true });
  }
  const name = `${repo}:${tag}`;
  return { name, [Symbol.asyncDispose]: async () => void (await docker.getImage(name).remove({ force: true })) };
}
