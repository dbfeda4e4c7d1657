import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { seed } from '../../src/local/slack/workspace.ts';
import { type ErrandOptions, type ErrandUnderTest, startErrand } from '../support/errand.ts';
import type { Armed } from './inside/armed.ts';

/** Slack's three retries (at once, after a minute, after five), sooner. */
const retryDelaysMs = [0, 3_000, 20_000];

/** An Errand with fail points in it, whose cases each have a repository and a channel of their own. */
export interface Ground extends AsyncDisposable {
  readonly errand: ErrandUnderTest;
  /** Makes the repository and the channel of a case. */
  place(name: string, files?: Readonly<Record<string, string>>): Promise<void>;
  /** Lets a point strike, from now on. */
  arm(armed: Armed): Promise<void>;
  disarm(name: string): Promise<void>;
  /** How often a case was struck. */
  struck(name: string): Promise<number>;
  /** Learns the points that a case's task passes, as long as `walk` runs. */
  walk(name: string, walk: () => Promise<void>): Promise<readonly Walked[]>;
  /** From its next start on the worker, and nobody else, reaches Redis by this socket. */
  detour(path: string): Promise<void>;
  /** What a preload needs to be loaded with by a second process. */
  readonly preload: string;
}

const walkedSchema = z.object({ point: z.string(), when: z.enum(['before', 'after']), own: z.boolean() });
export type Walked = z.infer<typeof walkedSchema>;

export function channelOf(name: string): string {
  return `C0F${name.toUpperCase().replaceAll(/[^A-Z0-9]/g, '')}`;
}

const open = new Set<Ground>();

/** Ends all that is up: for a run that is broken off. */
export async function closeAll(): Promise<void> {
  await Promise.allSettled([...open].map((ground) => ground[Symbol.asyncDispose]()));
}

/** Starts an Errand for these cases; `broken` is what it does wrong, for a control. */
export async function openGround(
  names: readonly string[],
  options: Partial<ErrandOptions> & { readonly broken?: string } = {},
): Promise<Ground> {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'errand-faults-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  // Errand's processes are other users, and leave word there.
  await chmod(folder, 0o711);
  for (const name of ['armed', 'struck', 'tasks']) {
    await mkdir(join(folder, name));
    await chmod(join(folder, name), 0o777);
  }
  await writeFile(join(folder, 'walked'), '');
  await chmod(join(folder, 'walked'), 0o666);
  const { broken, ...others } = options;
  if (broken !== undefined) await writeFile(join(folder, 'broken'), broken);
  const preload = pathToFileURL(join(import.meta.dirname, 'inside/preload.ts'));
  preload.searchParams.set('dir', folder);
  const errand = await startErrand({
    mode: 'socket',
    repositories: names.map((name) => `acme/${name}`),
    yaml: 'limits:\n  runMinutes: 3\n  memory: 512MiB\n  workspace: 64MiB\n',
    retryDelaysMs,
    ...others,
    env: { ERRAND_CONCURRENCY: '8', ...others.env },
    preloads: [preload.href],
  });
  stack.use(errand);
  const owned = stack.move();
  const ground: Ground = {
    errand,
    preload: preload.href,
    async place(name, files = {}) {
      const own = { 'README.md': '# Faults\n', ...files };
      await errand.forge.control.createRepository({ repository: `acme/${name}`, files: own });
      const { channels } = errand.slack.store.workspace;
      if (channels.some(({ id }) => id === channelOf(name))) return;
      channels.push({
        id: channelOf(name),
        name: name.toLowerCase(),
        topic: '',
        created: 0,
        is_private: false,
        is_im: false,
        is_archived: false,
        is_ext_shared: false,
        members: [seed.ada, seed.grace, seed.max, seed.bot],
      });
    },
    arm: (armed) => writeFile(join(folder, 'armed', armed.name), JSON.stringify(armed), { mode: 0o644 }),
    disarm: (name) => rm(join(folder, 'armed', name), { force: true }),
    async struck(name) {
      return (await readdir(join(folder, 'struck'))).filter((file) => file.startsWith(`${name}.`)).length;
    },
    detour: (path) => writeFile(join(folder, 'detour'), path, { mode: 0o644 }),
    async walk(name, walk) {
      const walker = join(folder, 'walker');
      await writeFile(walker, JSON.stringify({ name, channel: channelOf(name) }), { mode: 0o644 });
      await walk();
      await rm(walker);
      const lines = (await readFile(join(folder, 'walked'), 'utf8')).trim().split('\n');
      return lines.map((line) => walkedSchema.parse(JSON.parse(line)));
    },
    async [Symbol.asyncDispose]() {
      open.delete(ground);
      await owned.disposeAsync();
    },
  };
  open.add(ground);
  return ground;
}
