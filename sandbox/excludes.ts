import { lstat, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Where it is kept which new files a checkout has from its set-up; beside the checkout, for that is made anew with each run. */
export function excludeFile(workspace: string, folder: string): string {
  return join(workspace, 'set-up', `${folder.replaceAll('/', '-')}.exclude`);
}

/** A path as a line of git's `info/exclude`; nothing for one that no such line can name. */
export function excludeLine(path: string): string {
  if (path.includes('\n')) return '';
  return `/${path.replaceAll(/[\\*?[\]]/g, '\\$&').replace(/ (?=\/?$)/, '\\ ')}\n`;
}

const maxBytes = 1024 * 1024;

/** What was noted for a checkout; nothing where no set-up was, or where an agent has put something else in its place. */
export async function readExcludes(workspace: string, folder: string): Promise<string> {
  const file = excludeFile(workspace, folder);
  const found = await lstat(file).catch(() => undefined);
  return found?.isFile() === true && found.size <= maxBytes ? await readFile(file, 'utf8') : '';
}
