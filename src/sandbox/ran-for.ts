import { readFile } from 'node:fs/promises';

/** Linux tells times of processes in hundredths of a second, whatever its own clock ticks at. */
const ticksPerSecond = 100;

/** The kernel's word on this very process may differ from its own by that. */
const toleranceSeconds = 5;

/**
 * How long a container has run, in milliseconds. The kernel's own count, which nobody sets, where this machine sees the container's process
 * and counts from its own start; else the wall clock's.
 */
export async function ranForMs(
  container: { readonly id: string; readonly pid: number; readonly startedAt: string },
  { proc = '/proc', now = Date.now() }: { proc?: string; now?: number } = {},
): Promise<number> {
  const read = (name: string) => readFile(`${proc}/${name}`, 'utf8').catch(() => '');
  const [groups, facts, uptime, self] = await Promise.all([
    read(`${container.pid}/cgroup`),
    read(`${container.pid}/stat`),
    read('uptime'),
    read('self/stat'),
  ]);
  const startedTicks = startOf(facts);
  const upSeconds = Number(uptime.split(' ')[0]);
  // Its number may be another process's on another machine.
  const isSeen = container.pid > 0 && groups.includes(container.id) && startedTicks > 0 && upSeconds > 0;
  // LXC tells how long it is up itself, while processes' starts are counted from the machine's: by that, this one would be younger than it is.
  const isVirtual = upSeconds - startOf(self) / ticksPerSecond < process.uptime() - toleranceSeconds;
  const ranMs = upSeconds * 1_000 - (startedTicks * 1_000) / ticksPerSecond;
  return isSeen && !isVirtual && ranMs >= 0 ? ranMs : now - Date.parse(container.startedAt);
}

/** When a process started, in ticks: its name, in brackets, may hold anything; the start is the twentieth field after it. */
function startOf(facts: string): number {
  return Number(facts.slice(facts.lastIndexOf(')') + 2).split(' ')[19]);
}
