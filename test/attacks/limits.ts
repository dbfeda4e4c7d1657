/** What a sandbox may take in both Errands: room for attacks to fill up, and no more. */
export const limits = { pids: 128, cpus: 1, memoryMebibytes: 1536, workspaceMebibytes: 128 } as const;

/** The same as the configuration says it. */
export const limitsSection = {
  concurrency: 6,
  runMinutes: 3,
  pids: limits.pids,
  cpus: limits.cpus,
  memory: `${limits.memoryMebibytes}MiB`,
  workspace: `${limits.workspaceMebibytes}MiB`,
};
