import { readFile } from 'node:fs/promises';

/** Linux tells times of processes in hundredths of a second, whatever its own clock ticks at. */
const ticksPerSecond = 100;

/**
 * How long a container has run, in milliseconds. The kernel's own count, which nobody sets, where this machine sees the container's process;
 * else the wall clock's.
 */
export async function ranForMs(
  container: { readonly id: string; readonly pid: number; readonly startedAt: string },
  { proc = '/proc', now = Date.now() }: { proc?: string; now?: number } = {},
): Promise<number> {
  const read = (name: string) => readFile(`${proc}/${name}`, 'utf8').catch(() => '');
  const [groups, facts, uptime] = await Promise.all([
    read(`${container.pid}/cgroup`),
    read(`${container.pid}/stat`),
    read('uptime'),
  ]);
  // The name, in brackets, may hold anything; the start is the twentieth field after it.
  const startedTicks = Number(facts.slice(facts.lastIndexOf(')') + 2).split(' ')[19]);
  const upSeconds = Number(uptime.split(' ')[0]);
  // Its number may be another process's on another machine.
  const isSeen = container.pid > 0 && groups.includes(container.id) && startedTicks > 0 && upSeconds > 0;
  return isSeen ? upSeconds * 1_000 - (startedTicks * 1_000) / ticksPerSecond : now - Date.parse(container.startedAt);
}
