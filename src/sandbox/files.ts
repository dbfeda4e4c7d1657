import { open, readFile, rename } from 'node:fs/promises';
import { z } from 'zod';

/** Reads a JSON file of our own; undefined when it isn't there. */
export async function readJson(path: string): Promise<unknown> {
  const text = await readFile(path, 'utf8').catch(absent);
  return text === undefined ? undefined : JSON.parse(text);
}

/** Replaces a file whole, so that no reader and no crash sees half of it. */
export async function writeJson(path: string, value: unknown): Promise<void> {
  const file = await open(`${path}.part`, 'w', 0o600);
  await file.writeFile(JSON.stringify(value));
  await file.sync();
  await file.close();
  await rename(`${path}.part`, path);
}

/** For `.catch`: what isn't there is undefined, every other error stays one. */
export function absent(error: unknown): undefined {
  if (z.object({ code: z.literal('ENOENT') }).safeParse(error).success) return undefined;
  throw error;
}
