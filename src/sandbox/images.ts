import { join } from 'node:path';
import { z } from 'zod';
import { turns } from '../task/turns.ts';
import type { Engine } from './docker.ts';
import { readJson, writeJson } from './files.ts';
import type { Log } from './options.ts';

/** The operator's images, each the one that its name meant when it was first asked for. */
export interface Images {
  /** The id behind a reference, the same one as long as this process lives; throws `Problem` where the engine doesn't have it. */
  pin(reference: string): Promise<string>;
}

const knownSchema = z.record(z.string(), z.string());

/**
 * Whoever moves a tag changes nothing here before the next start, and that start says so: `<directory>/images.json` keeps what each name
 * meant. A reference by digest or id can't be moved at all.
 */
export function pinImages({ engine, directory, log }: { engine: Engine; directory: string; log: Log }): Images {
  const file = join(directory, 'images.json');
  const pinned = new Map<string, Promise<string>>();
  const inTurn = turns<'file'>();

  async function look(reference: string): Promise<string> {
    const found = await engine.call(`find the image ${reference}`, () => engine.docker.getImage(reference).inspect());
    await inTurn('file', async () => {
      const known = knownSchema.safeParse(await readJson(file)).data ?? {};
      const before = known[reference];
      if (before === found.Id) return;
      if (before !== undefined) {
        log('warn', { reference, before, now: found.Id }, `the image ${reference} is another one than before`);
      }
      await writeJson(file, { ...known, [reference]: found.Id });
    });
    return found.Id;
  }

  return {
    pin(reference) {
      const known = pinned.get(reference);
      if (known !== undefined) return known;
      const looking = look(reference);
      pinned.set(reference, looking);
      looking.catch(() => pinned.delete(reference));
      return looking;
    },
  };
}
