import type Dockerode from 'dockerode';
import { ip } from '../netns.ts';
import { readImage } from '../support.ts';

/** A network that sandboxes without protection get into. It leads to this namespace, so to the canaries, and nowhere else. */
export interface Outside extends AsyncDisposable {
  /** The container whose network it is: `NetworkMode: container:<this>`. */
  readonly container: string;
}

/** This end of the wire, and the other one's address. */
export const outsideAddresses = { host: '10.99.0.1', guest: '10.99.0.2', host6: 'fd99::1', guest6: 'fd99::2' } as const;

/** Makes a container that only holds a network, and a wire from there to here. */
export async function openOutside(docker: Dockerode): Promise<Outside> {
  const holder = await docker.createContainer({
    Image: readImage(),
    Entrypoint: [],
    Cmd: ['sleep', 'infinity'],
    Labels: { 'errand.attacks': String(process.pid) },
    HostConfig: {
      NetworkMode: 'none',
      Init: true,
      AutoRemove: true,
      Sysctls: { 'net.ipv6.conf.all.disable_ipv6': '0', 'net.ipv6.conf.default.disable_ipv6': '0' },
    },
  });
  await holder.start();
  try {
    const { State } = await holder.inspect();
    const { host, guest, host6, guest6 } = outsideAddresses;
    const netns = `errand-holder-${process.pid}`;
    await ip('netns', 'attach', netns, String(State.Pid));
    try {
      await ip('link', 'add', 'outside', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', netns);
      await ip('addr', 'add', `${host}/24`, 'dev', 'outside');
      await ip('-6', 'addr', 'add', `${host6}/64`, 'dev', 'outside', 'nodad');
      await ip('link', 'set', 'outside', 'up');
      const there = (...args: string[]) => ip('-n', netns, ...args);
      await there('addr', 'add', `${guest}/24`, 'dev', 'eth0');
      await there('-6', 'addr', 'add', `${guest6}/64`, 'dev', 'eth0', 'nodad');
      await there('link', 'set', 'eth0', 'up');
      await there('route', 'add', 'default', 'via', host);
      await there('-6', 'route', 'add', 'default', 'via', host6);
    } finally {
      await ip('netns', 'del', netns);
    }
  } catch (error) {
    await holder.remove({ force: true });
    throw error;
  }
  return {
    container: holder.id,
    async [Symbol.asyncDispose]() {
      await holder.kill();
    },
  };
}
