import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type Docker from 'dockerode';
import { Problem } from '../task/problem.ts';
import { installMissing, program, system } from './debian.ts';
import { followImage } from './follow.ts';
import type { Journal } from './journal.ts';
import { mountsBelow } from './mounts.ts';

const official = 'debian:bookworm-slim';
const registryProbeMs = 5_000;
/** What the official slim image leaves out too. */
const leftOut = ['var/cache/apt/archives/*.deb', 'usr/share/doc/*', 'usr/share/man/*', 'usr/share/locale/*'];

/** A Debian to build on: the official image where a registry is in reach, else one made with debootstrap; kept as an image. */
export async function baseImage(docker: Docker, workDir: string, journal: Journal): Promise<string> {
  if (await present(docker, official)) return official;
  if (await pulled(docker, journal)) return official;
  journal.note(`No image registry gives ${official}; making a base with debootstrap.`);
  await installMissing([program('debootstrap', 'debootstrap', 'debian-archive-keyring')], journal);
  if (process.getuid?.() !== 0) {
    throw new Problem({
      code: 'base_image',
      sentence: `The Docker engine reaches no registry that has ${official}, and only root can make a base image without one.`,
      next: `Load the image (\`docker load\`) or let the engine reach a registry, then start again; or start once as root.`,
    });
  }
  const sources = await aptSources(journal);
  const settings = await aptSettings(journal);
  const key = createHash('sha256')
    .update(JSON.stringify([sources, settings, process.arch, leftOut]))
    .digest('hex')
    .slice(0, 12);
  const tag = `errand-base:${key}`;
  if (await present(docker, tag)) return tag;
  const root = join(workDir, 'base');
  try {
    await removeTree(root, journal);
    const { mirror, suite, components } = sources.main;
    const args = ['--variant=minbase', `--components=${components.join(',')}`, suite, root, mirror];
    await journal.run('debootstrap', args);
    writeFileSync(join(root, 'etc/apt/sources.list'), `${sources.lines.join('\n')}\n`);
    writeFileSync(join(root, 'etc/apt/apt.conf.d/90host'), settings);
    const excluded = leftOut.map((path) => `--exclude=./${path}`);
    const tar = spawn('tar', ['-C', root, '--numeric-owner', ...excluded, '-c', '.'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [repo, version] = tag.split(':');
    await followImage(docker, await docker.importImage(tar.stdout, { repo, tag: version }), journal);
  } finally {
    await removeTree(root, journal);
  }
  return tag;
}

async function pulled(docker: Docker, journal: Journal): Promise<boolean> {
  const gaveUp = new AbortController();
  try {
    const pull = docker.pull(official, { abortSignal: gaveUp.signal });
    const stream = await Promise.race([pull, pause(registryProbeMs, undefined, { signal: gaveUp.signal })]);
    if (stream === undefined) {
      pull.catch((error: unknown) => journal.note(`Pull given up: ${error}`));
      return false;
    }
    await followImage(docker, stream, journal);
    return true;
  } catch (error) {
    journal.note(`Pulling ${official}: ${error}`);
    return false;
  } finally {
    gaveUp.abort();
  }
}

interface AptSources {
  readonly lines: readonly string[];
  readonly main: { readonly mirror: string; readonly suite: string; readonly components: readonly string[] };
}

/** Where this host gets its own distribution from, security updates included and third parties left out. */
async function aptSources(journal: Journal): Promise<AptSources> {
  const { ID: id = '', VERSION_CODENAME: codename = '' } = system();
  const format = '$(REPO_URI) $(RELEASE) $(COMPONENT) $(ORIGIN)';
  const targets = await journal.read('apt-get', ['indextargets', '--format', format, 'Identifier: Packages']);
  const suites = new Map<string, { mirror: string; suite: string; components: string[] }>();
  for (const target of new Set(targets.trim().split('\n'))) {
    const [mirror = '', suite = '', component = '', origin = ''] = target.split(' ');
    const ours = origin.toLowerCase() === id || origin.startsWith('$(');
    if (!ours || (suite !== codename && !suite.startsWith(`${codename}-`)) || suite.endsWith('-backports')) continue;
    const found = suites.get(`${mirror} ${suite}`) ?? { mirror: withoutCredentials(mirror), suite, components: [] };
    found.components.push(component);
    suites.set(`${mirror} ${suite}`, found);
  }
  const main = [...suites.values()].find(({ suite, components }) => suite === codename && components.includes('main'));
  if (main === undefined) {
    throw new Problem({
      code: 'base_image',
      sentence: `The Docker engine reaches no image registry, and apt's sources name no mirror of ${id} ${codename}.`,
      next: `Let the engine reach a registry that has ${official}, or add such a mirror to apt's sources, then start again.`,
    });
  }
  const lines = Array.from(suites.values(), (at) => `deb ${at.mirror} ${at.suite} ${at.components.join(' ')}`);
  return { lines, main };
}

/** What apt was told about reaching its mirrors: proxies, retries, clocks that are off. */
async function aptSettings(journal: Journal): Promise<string> {
  const dump = await journal.read('apt-config', ['dump']);
  const wanted = /^Acquire::(Check-|Retries|https?::(Proxy|Timeout|Verify))/;
  return dump
    .split('\n')
    .filter((line) => wanted.test(line) && !line.endsWith(' "";'))
    .map((line) => `${line}\n`)
    .join('');
}

/** The image's configuration is readable to every agent. */
function withoutCredentials(mirror: string): string {
  const url = new URL(mirror);
  url.username = '';
  url.password = '';
  return url.href;
}

/** debootstrap mounts `proc` inside and may die before it unmounts it; nothing is removed through a mount. */
async function removeTree(root: string, journal: Journal): Promise<void> {
  for (const path of mountsBelow(root)) await journal.run('umount', [path]);
  rmSync(root, { recursive: true, force: true });
}

async function present(docker: Docker, name: string): Promise<boolean> {
  const found = await docker.listImages({ filters: { reference: [name] } });
  return found.length > 0;
}
