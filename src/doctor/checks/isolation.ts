import { z } from 'zod';
import { type Finding, fail, ok, warn } from '../finding.ts';
import { type Component, knownHoles } from '../holes.ts';

export const infoSchema = z.object({
  ServerVersion: z.string().default('?'),
  OperatingSystem: z.string().default(''),
  CgroupVersion: z.string().default('1'),
  LiveRestoreEnabled: z.boolean().default(false),
  DockerRootDir: z.string().default(''),
  SecurityOptions: z.array(z.string()).nullish(),
  Runtimes: z.record(z.string(), z.unknown()).default({}),
  MemoryLimit: z.boolean().default(false),
  SwapLimit: z.boolean().default(false),
  CpuCfsQuota: z.boolean().default(false),
  PidsLimit: z.boolean().default(false),
});
export const versionSchema = z.object({
  Components: z
    .array(
      z.object({
        Name: z.string(),
        Version: z.string(),
        Details: z.object({ GitCommit: z.string() }).partial().nullish(),
      }),
    )
    .default([]),
});

type Info = z.output<typeof infoSchema>;
type Components = z.output<typeof versionSchema>['Components'];

const components: Readonly<Record<Component, string>> = { engine: 'Engine', containerd: 'containerd', runc: 'runc' };

/** What stands between a sandbox and the machine besides Errand's own settings: versions, second walls, limits that hold. */
export function checkIsolation(info: Info, found: Components): readonly Finding[] {
  return [walls(info, found), limits(info)];
}

function walls(info: Info, found: Components): Finding {
  const options = (info.SecurityOptions ?? []).map((option) => /name=([^,]+)/.exec(option)?.[1] ?? option);
  const versions = Object.entries(components).flatMap(([component, name]) => {
    const version = versionOf(found, name);
    return version === undefined ? [] : [{ component: component as Component, version }];
  });
  const runc = versions.find(({ component }) => component === 'runc');
  const parts = [
    runc === undefined ? null : `runc ${runc.version}`,
    `cgroup v${info.CgroupVersion}`,
    ...(Object.hasOwn(info.Runtimes, 'runsc') ? ['gVisor (runsc)'] : []),
    options.join(', '),
  ].filter((part) => part !== null);
  const hints = [
    options.includes('apparmor') || options.includes('selinux') ? null : 'AppArmor (or SELinux) on this host',
    options.includes('userns') || options.includes('rootless')
      ? null
      : '"userns-remap" in daemon.json, or rootless Docker',
  ].filter((hint) => hint !== null);
  const more = hints.length === 0 ? '' : `A second wall would be ${hints.join(', and ')}.`;
  const open = versions.flatMap(({ component, version }) =>
    knownHoles(component, version).map(({ name, what }) => `${component} has ${name} (${what})`),
  );
  if (open.length === 0) return ok('Docker isolation', `${parts.join(', ')}.`, more || null);
  const update = [...new Set(open.map((each) => each.split(' ')[0]))].join(' and ');
  return warn(
    'Docker isolation',
    `${parts.join(', ')}. By its number, ${open.join('; ')}.`,
    `Update ${update}, or see in the package’s changelog that this is mended. ${more}`.trim(),
  );
}

/** Distributions put their own whole version where the commit belongs. */
function versionOf(found: Components, name: string): string | undefined {
  const component = found.find((each) => each.Name === name);
  const commit = component?.Details?.GitCommit ?? '';
  return /^\d+\.\d+/.test(commit) ? commit : component?.Version;
}

function limits(info: Info): Finding {
  const name = 'Docker limits';
  const missing = [info.MemoryLimit ? null : 'memory', info.PidsLimit ? null : 'processes'].filter(
    (each) => each !== null,
  );
  if (missing.length > 0) {
    const fix =
      'Mount those cgroup controllers, or delegate them to the user of a rootless engine (systemd: Delegate=).';
    return fail(name, `This engine holds no container to its limit of ${missing.join(' and ')}, so no task runs.`, fix);
  }
  if (!info.CpuCfsQuota) {
    return warn(name, 'This engine holds no container to its share of the processors.', 'Enable the cpu controller.');
  }
  if (!info.SwapLimit) {
    const fix = 'On cgroup v1 start the kernel with swapaccount=1, or turn swap off.';
    return warn(name, 'Memory and processes are held; a sandbox over its memory may flee into swap.', fix);
  }
  return ok(name, 'Memory, swap, processors and processes are held.');
}
