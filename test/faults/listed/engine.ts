import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import Dockerode from 'dockerode';
import { seed } from '../../../src/local/slack/workspace.ts';
import { UnixProxy } from '../../support/unix-proxy.ts';
import { channelOf, type Ground, openGround } from '../ground.ts';
import { begun, containerOf, letGo, taskOf, waiting } from '../hands.ts';
import { judge } from '../judge.ts';
import { ask, endingOf, said, until } from '../play.ts';
import { goOn, type Listed, unless } from './listed.ts';

const docker = new Dockerode();

/** The container of a running agent goes away in some way, once; the run is tried again and merges, or says why it ended. */
function containerGone(id: string, title: string, act: (container: Dockerode.Container) => Promise<unknown>): Listed {
  return {
    id,
    fault: 28,
    title,
    play: async (ground, name) => {
      await ask(ground, name, { script: `${waiting}; echo one > one.txt` });
      const task = await begun(ground, name);
      await act(await containerOf(ground, task));
      await letGo(ground, task);
      await until(ground, name, 'an ending', () =>
        said(ground, name).find(({ text }) => /^(Failed|Refused)|To merge/.test(text)),
      );
      const failed = endingOf(ground, name);
      if (failed === undefined) return goOn(ground, name);
      return judge(ground, name, failed, { endings: ['failed'] });
    },
  };
}

/** Docker refuses the next three creations or starts; the task is not blamed. */
function refused(id: string, title: string, point: string): Listed {
  return {
    id,
    fault: 30,
    title,
    play: async (ground, name) => {
      const common = {
        name,
        channel: channelOf(name),
        when: 'before',
        kind: 'throw',
        skip: 0,
        times: 3,
        anybody: false,
      } as const;
      await ground.arm({ ...common, point });
      await ask(ground, name);
      const wrong = await goOn(ground, name);
      await ground.disarm(name);
      return [...wrong, ...unless((await ground.struck(name)) > 0, 'Docker refused nothing')];
    },
  };
}

/** An Errand whose Docker socket can be cut off or hang. */
async function behindProxy(name: string): Promise<{ ground: Ground; proxy: UnixProxy; folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'errand-docker-'));
  const path = join(folder, 'docker.sock');
  const proxy = new UnixProxy(path, '/var/run/docker.sock');
  await proxy.up();
  const ground = await openGround([name], { env: { DOCKER_HOST: `unix://${path}` } });
  return { ground, proxy, folder };
}

export const engine: readonly Listed[] = [
  {
    id: 'f27-docker-away',
    fault: 27,
    title: 'the Docker socket is gone when a request comes: it waits, says so, and runs when Docker is back',
    alone: async (name) => {
      const { ground, proxy, folder } = await behindProxy(name);
      await using _ground = ground;
      await using _proxy = proxy;
      await proxy.down();
      await ask(ground, name);
      await until(ground, name, 'the reason', () => said(ground, name).some(({ text }) => text.includes('Docker')));
      await proxy.up();
      const wrong = await goOn(ground, name);
      await rm(folder, { recursive: true, force: true });
      return wrong;
    },
  },
  containerGone('f28-killed', 'the container is killed with SIGKILL (exit code 137)', (container) => container.kill()),
  containerGone('f28-removed', 'the container is removed with `docker rm -f`', (container) =>
    container.remove({ force: true }),
  ),
  {
    id: 'f28-out-of-memory',
    fault: 28,
    title: 'the script takes more memory than there is: named as the cause, told once',
    play: async (ground, name) => {
      await ask(ground, name, { script: 'echo one > one.txt; tail /dev/zero' });
      const ending = await until(ground, name, 'an ending', () => endingOf(ground, name));
      return judge(ground, name, ending, { endings: ['failed'] });
    },
  },
  {
    id: 'f29-ignores-sigterm',
    fault: 29,
    title: 'the agent ignores SIGTERM when it is stopped: ended all the same, its work stays on a branch',
    play: async (ground, name) => {
      const { errand } = ground;
      await ask(ground, name, { script: `trap '' TERM INT; echo kept > kept.txt; ${waiting}` });
      const task = await begun(ground, name);
      const root = await until(ground, name, 'a root', () => said(ground, name)[0]);
      errand.slack.people.reaction({
        user: seed.ada,
        channel: channelOf(name),
        ts: root.ts,
        name: 'octagonal_sign',
        present: true,
      });
      const ending = await until(ground, name, 'an ending', () => endingOf(ground, name));
      const over = performance.now() + 60_000;
      for (;;) {
        const { branches } = await errand.forge.control.viewRepository(`acme/${name}`);
        if (branches.some((branch) => branch.name === task.branch)) break;
        if (performance.now() > over) return ['its work is on no branch'];
        await delay(100);
      }
      return judge(ground, name, ending, { endings: ['stopped'] });
    },
  },
  refused('f30-create-refused', 'Docker fails three times to create the container', 'broker docker.create from'),
  refused('f30-start-refused', 'Docker fails three times to start it', 'broker docker.start'),
  {
    id: 'f33-workspace-full',
    fault: 33,
    title: 'the agent fills its disk: its run fails alone, and the space comes back',
    play: async (ground, name) => {
      await ask(ground, name, { script: 'set -e; echo one > one.txt; dd if=/dev/zero of=big bs=1M count=500' });
      const ending = await until(
        ground,
        name,
        'an ending',
        () => endingOf(ground, name) ?? (said(ground, name).some(({ text }) => text.includes('To merge')) && 'gate'),
      );
      return judge(ground, name, ending, { endings: ['failed', 'refused'] });
    },
  },
  {
    id: 'f34-foreign-containers',
    fault: 34,
    title: 'containers of others and of another Errand stand beside ours while ours is swept: none is touched',
    play: async (ground, name) => {
      await ask(ground, name);
      const task = await taskOf(ground, name);
      const { ImageID: image = '' } = (await docker.listContainers({ all: true }))[0] ?? {};
      if (image === '') return ['there is no image to make a foreign container of'];
      const make = (labels: Record<string, string>) =>
        docker.createContainer({ Image: image, Cmd: ['true'], Labels: labels, HostConfig: { NetworkMode: 'none' } });
      const foreign = [
        await make({}),
        await make({ 'errand.instance': 'deadbeef', 'errand.task': task.id, 'errand.run': `${task.id}-r1` }),
      ];
      const wrong = await goOn(ground, name);
      const gone: string[] = [];
      for (const container of foreign) {
        await container.inspect().catch(() => gone.push(container.id));
        await container.remove({ force: true }).catch(() => undefined);
      }
      return [...wrong, ...unless(gone.length === 0, `${gone.length} foreign containers are gone`)];
    },
  },
];
