import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import type { Registry } from '../task/network.ts';
import { Problem } from '../task/problem.ts';
import { askSpec } from './ask-spec.ts';
import type { Engine } from './docker.ts';
import { readJson, writeJson } from './files.ts';
import type { Images } from './images.ts';
import type { SandboxOptions } from './options.ts';
import { runOnce } from './run-once.ts';
import { chooseRuntime } from './runtime.ts';

/** What an image's package managers are set to. */
export interface PackageManagers {
  readonly registries: readonly Registry[];
  /** apt's own lists of sources, by their file's name. */
  readonly sources: Readonly<Record<string, string>>;
}

export const noPackageManagers: PackageManagers = { registries: [], sources: {} };

/** The package managers of the operator's images, each image asked once. */
export interface Registries {
  /** Throws `Problem` where the image can't be asked. */
  of(image: string): Promise<PackageManagers>;
}

const askMs = 60_000;
const maxAnswerBytes = 256 * 1024;
/** Grows when an answer of an older Errand would be read otherwise by this one. */
const version = 2;
const registrySchema = z.strictObject({
  name: z.string(),
  kind: z.enum(['npm', 'pip', 'apt', 'cargo']),
  url: z.string(),
});
const noteSchema = z.strictObject({
  version: z.literal(version),
  registries: z.array(registrySchema),
  sources: z.record(z.string(), z.string()),
});

export function openRegistries(
  engine: Engine,
  options: SandboxOptions,
  run: { images: Images; closing: AbortSignal },
): Registries {
  const known = new Map<string, Promise<PackageManagers>>();

  async function look(image: string): Promise<PackageManagers> {
    const id = await run.images.pin(image);
    const path = join(options.dataDir, 'registries', `${id.replace(/^sha256:/, '')}.json`);
    const note = noteSchema.safeParse(await readJson(path));
    if (note.success) return note.data;
    const found = readPackageManagers(await ask(id));
    await mkdir(dirname(path), { recursive: true });
    await writeJson(path, { version, ...found });
    return found;
  }

  async function ask(image: string): Promise<string> {
    const script = await readFile(join(import.meta.dirname, 'package-managers.sh'), 'utf8');
    const facts = await engine.facts();
    const { instance } = options;
    const runtime = chooseRuntime(options.runtime, facts.runtimes);
    const spec = askSpec({ instance, engine: facts, runtime, image, command: ['sh', '-c', script] });
    const said: Buffer[] = [];
    const ended = await runOnce(engine, spec, {
      timeoutMs: askMs,
      capBytes: maxAnswerBytes,
      write: async (bytes) => void said.push(bytes),
      // Runs that hold every place at the gate may wait for this very answer.
      gate: (work) => work(),
      signal: run.closing,
    });
    if (ended.exitCode === 0 && ended.end === 'exited') return Buffer.concat(said).toString('utf8');
    throw new Problem(
      {
        code: 'registries_unknown',
        sentence: `Errand asked the image ${image} which package registries it is set to, and that ended with ${ended.exitCode}.`,
        next: 'Start a shell in the image and see what its package managers say; or take `registries` out of `network`.',
      },
      { cause: ended.stderr },
    );
  }

  return {
    of(image) {
      const before = known.get(image);
      if (before !== undefined) return before;
      const looking = look(image);
      known.set(image, looking);
      // Asked again by the next run.
      looking.catch(() => known.delete(image));
      return looking;
    },
  };
}

/**
 * Reads what the image said: a word for whose it is, then the address. What is no address of a registry is left out, and so is Go's:
 * a module's name begins with a host, which a module proxy asks, so that a read there leads to whatever host a task names.
 */
export function readPackageManagers(text: string): PackageManagers {
  const lines = text.split('\n').map((line) => line.trim().split(' '));
  const urls = (who: string) => lines.flatMap(([word, ...rest]) => (word === who ? toUrls(rest.join(' ')) : []));
  const one = (kind: Registry['kind']) =>
    urls(kind)
      .slice(0, 1)
      .map((url): Registry => ({ name: kind, kind, url }));
  const sources = lines.flatMap(([word, file = '', content = '']) =>
    word === 'source' && /^[\w.-]+$/.test(file)
      ? [[file, Buffer.from(content, 'base64').toString('utf8')] as const]
      : [],
  );
  const mirrors = new Set(sources.flatMap(([, text]) => toUrls(mirrorsOf(text))));
  const apt = Array.from(mirrors, (url, index): Registry => ({ name: `apt-${index + 1}`, kind: 'apt', url }));
  return {
    registries: [...one('npm'), ...one('pip'), ...one('cargo'), ...apt],
    sources: Object.fromEntries(sources),
  };
}

/** apt's two ways to write a source: a line `deb [options] URI …`, or a paragraph with `URIs: …`. */
function mirrorsOf(text: string): string {
  const lines = text.matchAll(/^\s*deb(?:-src)?\s+(?:\[[^\]]*\]\s*)?(\S+)|^URIs:[ \t]*(.+(?:\n[ \t]+.+)*)/gim);
  return Array.from(lines, ([, line, field]) => line ?? field ?? '').join(' ');
}

/** Of a list, those that are web addresses: without a login, which no task may use, and with a final slash. */
function toUrls(written: string): string[] {
  return written.split(/[,|\s]+/).flatMap((each) => {
    const url = URL.parse(each.replace(/^sparse\+/, ''));
    if (url === null || !/^https?:$/.test(url.protocol)) return [];
    url.username = '';
    url.password = '';
    url.search = '';
    url.hash = '';
    return url.href.endsWith('/') ? url.href : `${url.href}/`;
  });
}
