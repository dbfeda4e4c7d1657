import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type Docker from 'dockerode';
import { z } from 'zod';
import { Problem } from '../task/problem.ts';
import { baseImage } from './base.ts';
import { hostCertificates } from './certificates.ts';
import { followImage } from './follow.ts';
import type { Journal } from './journal.ts';
import type { Places } from './places.ts';

export interface SandboxImage {
  readonly id: string;
  readonly tag: string;
  readonly hash: string;
}

export interface ImageInputs {
  /** Base, packages, Node and the agents: minutes to build, rarely changed. */
  readonly toolsTag: string;
  readonly tag: string;
  readonly hash: string;
}

const sandbox = resolve(import.meta.dirname, '../../sandbox');
const toolFiles = ['tools.Dockerfile', 'gitconfig', 'qwen-settings.json', 'package.json', 'package-lock.json'];

/** The image that these very inputs make, if the engine has it. */
export async function findImage(docker: Docker, certificates = hostCertificates()): Promise<SandboxImage | undefined> {
  const { tag, hash } = imageInputs(sandbox, certificates);
  const id = await imageId(docker, tag);
  return id === undefined ? undefined : { id, tag, hash };
}

/** Builds what is missing of base, tools and runner, each cached under a name made of its inputs. */
export async function buildImage(docker: Docker, places: Places, journal: Journal): Promise<SandboxImage> {
  const certificates = hostCertificates();
  const { toolsTag, tag, hash } = imageInputs(sandbox, certificates);
  const build = join(places.dataDir, 'build');
  const context = join(build, 'image');
  // An interrupted build may have left half of one.
  rmSync(context, { recursive: true, force: true });
  // Whoever a task runs as owns nothing in the image and reads all of it, also where a careful shell cloned and started Errand.
  const umask = process.umask(0o022);
  mkdirSync(context, { recursive: true });
  try {
    if ((await imageId(docker, toolsTag)) === undefined) {
      journal.say('Building the sandbox image: once, some minutes …');
      const tools = join(context, 'tools');
      mkdirSync(tools);
      copyText(join(sandbox, 'tools.Dockerfile'), join(tools, 'Dockerfile'));
      for (const file of ['gitconfig', 'qwen-settings.json']) copyText(join(sandbox, file), join(tools, file));
      writeFileSync(join(tools, 'ca.crt'), certificates);
      journal.say('  1 of 3: a Debian to build on, and the agents …');
      const [base] = await Promise.all([
        baseImage(docker, build, journal),
        installAgents(join(tools, 'agents'), journal),
      ]);
      journal.say('  2 of 3: git, compilers, Python, Node …');
      await buildFrom(docker, tools, toolsTag, { BASE: base, ...proxies() }, journal);
      rmSync(tools, { recursive: true });
      journal.say('  3 of 3: Errand’s own part …');
    } else {
      journal.say('Putting the changed runner into the sandbox image …');
    }
    const runner = join(context, 'runner');
    mkdirSync(runner);
    for (const file of ['Dockerfile', ...runnerFiles(sandbox)]) copyText(join(sandbox, file), join(runner, file));
    await buildFrom(docker, runner, tag, { TOOLS: toolsTag }, journal);
  } finally {
    process.umask(umask);
    rmSync(context, { recursive: true, force: true });
  }
  const id = await imageId(docker, tag);
  if (id !== undefined) return { id, tag, hash };
  throw new Problem({
    code: 'image',
    sentence: `The Docker engine built the sandbox image ${tag}, and then didn't have it.`,
    next: 'Start again; if it stays so, something removes images from this engine.',
  });
}

/** Copies what a file says and not who may read it: that is the umask's. */
export function copyText(from: string, to: string): void {
  writeFileSync(to, readFileSync(from));
}

/** Puts the agents' packages into `dir` with the host's own npm, so that its registry, proxy and credentials hold. */
async function installAgents(dir: string, journal: Journal): Promise<void> {
  mkdirSync(dir);
  for (const file of ['package.json', 'package-lock.json']) copyText(join(sandbox, file), join(dir, file));
  const cpu = process.arch;
  await journal.run('npm', ['ci', '--ignore-scripts', '--os=linux', `--cpu=${cpu}`, '--libc=glibc'], { cwd: dir });
  leaveOut(dir);
  const registry = await journal.read('npm', ['config', 'get', 'registry'], { cwd: dir });
  const url = URL.parse(registry.trim());
  if (url === null) return;
  url.username = '';
  url.password = '';
  // npm's own built-in configuration: the sandbox asks the registry that the host asks.
  writeFileSync(join(dir, 'node_modules/npm/npmrc'), `registry=${url.href}\n`);
}

/** Takes away what `leftOut` of the packages' manifest names: parts of agents that no task can use, hundreds of megabytes in all. */
export function leaveOut(dir: string): void {
  const manifest = readFileSync(join(dir, 'package.json'), 'utf8');
  const { leftOut } = z.object({ leftOut: z.array(z.string()) }).parse(JSON.parse(manifest));
  const modules = join(dir, 'node_modules');
  for (const path of globSync(leftOut, { cwd: modules })) rmSync(join(modules, path), { recursive: true });
}

async function buildFrom(
  docker: Docker,
  context: string,
  tag: string,
  buildargs: Record<string, string>,
  journal: Journal,
): Promise<void> {
  const stream = await docker.buildImage(
    { context, src: readdirSync(context) },
    // A default bridge can't be assumed, and a company's proxy may listen on the host's loopback.
    { t: tag, buildargs, networkmode: 'host', rm: true, forcerm: true, labels: { 'errand.image': tag } },
  );
  await followImage(docker, stream, journal);
}

function proxies(): Record<string, string> {
  const names = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'no_proxy'];
  return Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
}

/** Names the images after all that goes into them, so that an unchanged one is found again and a changed one is not. */
export function imageInputs(folder: string, certificates: string): ImageInputs {
  const hashOf = (start: readonly string[], names: readonly string[]) => {
    const hash = createHash('sha256').update(JSON.stringify(start));
    for (const name of names) hash.update(`\0${name}\0`).update(readFileSync(join(folder, name)));
    return hash.digest('hex').slice(0, 16);
  };
  const tools = hashOf([process.arch, certificates], toolFiles);
  const hash = hashOf([tools], ['Dockerfile', ...runnerFiles(folder)]);
  return { toolsTag: `errand-tools:${tools}`, tag: `errand-sandbox:${hash}`, hash };
}

function runnerFiles(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.ts'))
    .sort();
}

async function imageId(docker: Docker, name: string): Promise<string | undefined> {
  try {
    return (await docker.getImage(name).inspect()).Id;
  } catch (error) {
    if (error instanceof Error && 'statusCode' in error && error.statusCode === 404) return undefined;
    throw error;
  }
}

/** Leaves the image's name where the broker reads it. */
export function recordImage(places: Places, image: SandboxImage): void {
  const text = `${JSON.stringify(image, null, 2)}\n`;
  if (existsSync(places.imageFile) && readFileSync(places.imageFile, 'utf8') === text) return;
  writeFileSync(places.imageFile, text);
}
