import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { ip } from '../netns.ts';

const linkSchema = z.tuple([z.object({ ifindex: z.number() })]);

/**
 * Puts a network card into a container that has none: a wire to the namespace that this process is in, where every address is the
 * canaries', and from where nothing leaves. The other end is its way to everywhere.
 */
export async function plug(pid: number): Promise<void> {
  const there = `errand-plug-${pid}`;
  const name = `plug${randomBytes(5).toString('hex')}`;
  await ip('netns', 'attach', there, String(pid));
  try {
    // Docker switches it off where there is no network.
    await ip(
      'netns',
      'exec',
      there,
      'sysctl',
      '-qw',
      'net.ipv6.conf.all.disable_ipv6=0',
      'net.ipv6.conf.default.disable_ipv6=0',
    );
    await ip('link', 'add', name, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', there);
    const [{ ifindex }] = linkSchema.parse(JSON.parse(await ip('-j', 'link', 'show', name)));
    // No two wires of a namespace have one number.
    const four = (host: number) => `10.99.${ifindex >> 6}.${((ifindex & 63) << 2) + host}`;
    const six = (host: number) => `fd99:${ifindex.toString(16)}::${host}`;
    await ip('addr', 'add', `${four(1)}/30`, 'dev', name);
    await ip('-6', 'addr', 'add', `${six(1)}/64`, 'dev', name, 'nodad');
    await ip('link', 'set', name, 'up');
    const inside = (...args: string[]) => ip('-n', there, ...args);
    await inside('addr', 'add', `${four(2)}/30`, 'dev', 'eth0');
    await inside('-6', 'addr', 'add', `${six(2)}/64`, 'dev', 'eth0', 'nodad');
    await inside('link', 'set', 'eth0', 'up');
    await inside('route', 'add', 'default', 'via', four(1));
    await inside('-6', 'route', 'add', 'default', 'via', six(1));
  } finally {
    await ip('netns', 'del', there);
  }
}
