import { z } from 'zod';
import { type Engine, statusOf } from './docker.ts';
import type { Log } from './options.ts';

/** How long an image that nobody has said to need stays: another Errand on this engine may be switched off for a while. */
const keptMs = 14 * 24 * 60 * 60_000;
/** What set-up puts on each image that it builds. */
const imageLabel = 'errand.image';
const ownName = /^errand-(?:base|tools|sandbox):/;

const imageSchema = z.object({
  Id: z.string(),
  RepoTags: z.array(z.string()).nullish(),
  Created: z.string(),
  RootFS: z.object({ Layers: z.array(z.string()).nullish() }).nullish(),
  Metadata: z.object({ LastTagTime: z.string().nullish() }).nullish(),
  Config: z.object({ Labels: z.record(z.string(), z.string()).nullish() }).nullish(),
});
type Image = z.output<typeof imageSchema>;

/**
 * Removes the images that older versions of Errand built on this engine: gigabytes each. What `needed` names, and what those are built on,
 * is given its names anew, which the engine notes the time of; an image of Errand's that nobody gave its name for two weeks, and
 * no container is made from, goes. Returns what it removed. Nothing else is ever touched.
 */
export async function removeOldImages(
  engine: Engine,
  { needed, now, log }: { needed: readonly string[]; now: number; log: Log },
): Promise<readonly string[]> {
  const all = await listImages(engine);
  const inUse = all.filter(({ Id, RepoTags }) => needed.includes(Id) || RepoTags?.some((tag) => needed.includes(tag)));
  const kept = all.filter((image) => inUse.some((user) => image === user || isGroundOf(image, user)));
  for (const { Id, RepoTags } of kept) {
    for (const name of (RepoTags ?? []).filter(isOwnName)) await nameAnew(engine, Id, name);
  }
  const containers = await engine.call('list containers', (abortSignal) =>
    engine.docker.listContainers({ all: true, abortSignal }),
  );
  const used = new Set(containers.map(({ ImageID }) => ImageID));
  const old = all.filter(
    (image) => isOwn(image) && !kept.includes(image) && !used.has(image.Id) && now - lastNamedAt(image) > keptMs,
  );
  const removed: string[] = [];
  for (const { Id, RepoTags } of old) {
    const names = RepoTags ?? [];
    for (const name of names.length === 0 ? [Id] : names) {
      if (await removeImage(engine, name)) removed.push(name);
    }
  }
  if (removed.length > 0) log('info', { removed }, 'images of older versions were removed');
  return removed;
}

/** Built by Errand, and named by nobody else since. */
function isOwn({ RepoTags, Config }: Image): boolean {
  const names = RepoTags ?? [];
  const built = Config?.Labels?.[imageLabel] !== undefined || names.length > 0;
  return built && names.every(isOwnName);
}

function isOwnName(name: string): boolean {
  return ownName.test(name);
}

async function listImages(engine: Engine): Promise<readonly Image[]> {
  const listed = await engine.call('list images', (abortSignal) => engine.docker.listImages({ abortSignal }));
  const images: Image[] = [];
  for (const { Id } of listed) {
    // One that went meanwhile is nobody's concern.
    const found = await engine.call(`look at an image`, () => engine.docker.getImage(Id).inspect()).catch(gone);
    const parsed = imageSchema.safeParse(found);
    if (parsed.success) images.push(parsed.data);
  }
  return images;
}

/** Whether another image begins with all the layers of this one. */
function isGroundOf({ RootFS: ground }: Image, { RootFS: whole }: Image): boolean {
  const layers = ground?.Layers ?? [];
  return layers.length > 0 && layers.every((layer, index) => whole?.Layers?.[index] === layer);
}

function lastNamedAt({ Created, Metadata }: Image): number {
  return Math.max(Date.parse(Created) || 0, Date.parse(Metadata?.LastTagTime ?? '') || 0);
}

async function nameAnew(engine: Engine, id: string, name: string): Promise<void> {
  const cut = name.lastIndexOf(':');
  const [repo, tag] = [name.slice(0, cut), name.slice(cut + 1)];
  const naming = engine.call(`name the image ${name}`, () => engine.docker.getImage(id).tag({ repo, tag }));
  await naming.catch(gone);
}

/** False where it is in use after all, or went by itself. */
async function removeImage(engine: Engine, name: string): Promise<boolean> {
  const removing = engine.call(`remove the image ${name}`, (abortSignal) =>
    engine.docker.getImage(name).remove({ abortSignal }),
  );
  return await removing.then(
    () => true,
    (error: unknown) => {
      if (statusOf(error) === 409 || statusOf(error) === 404) return false;
      throw error;
    },
  );
}

function gone(error: unknown): undefined {
  if (statusOf(error) !== 404) throw error;
}
