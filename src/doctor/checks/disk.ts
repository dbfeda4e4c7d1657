import { existsSync, statfsSync } from 'node:fs';
import type { Config } from '../../config.ts';
import { checked, type Finding, fail, ok, warn } from '../finding.ts';

const gibibyte = 2 ** 30;

/** Room for what tasks make, and for Docker's images where this machine can see them. */
export async function checkDisk(config: Config, rootDir: string | null): Promise<readonly Finding[]> {
  return await checked('Disk', 5_000, async () => {
    const places: (readonly [string, string])[] = [['the data folder', config.dataDir]];
    if (rootDir !== null && existsSync(rootDir)) places.push(['Docker', rootDir]);
    const free = places.map(([what, path]) => {
      const { bavail, bsize, ffree, files } = statfsSync(path);
      return { what, path, bytes: bavail * bsize, noNames: files > 0 && ffree < 10_000 };
    });
    const found = `${free.map(({ what, bytes }) => `${size(bytes)} free for ${what}`).join(', ')}.`;
    const least = Math.min(...free.map(({ bytes }) => bytes));
    const { minFreeBytes } = config.sandbox;
    if (least < minFreeBytes) {
      const where = free.map(({ path }) => path).join(' or ');
      return fail('Disk', found, `No run starts below ${size(minFreeBytes)}: make room below ${where}.`);
    }
    if (free.some(({ noNames }) => noNames))
      return warn('Disk', `${found} Hardly any inodes are left.`, 'Remove small files.');
    const wanted = config.limits.workspaceBytes;
    if (least < wanted) {
      return warn('Disk', found, `One task may take ${size(wanted)}: make room, or lower limits.workspace.`);
    }
    return ok('Disk', found);
  });
}

function size(bytes: number): string {
  return bytes < gibibyte ? `${Math.floor(bytes / 2 ** 20)} MiB` : `${Math.floor(bytes / gibibyte)} GiB`;
}
