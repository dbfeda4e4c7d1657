import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';

export const project = resolve(import.meta.dirname, '../..');

/** The sandbox image that set-up made. */
export function readImage(): string {
  return z.object({ id: z.string() }).parse(JSON.parse(readFileSync(join(project, '.errand/image.json'), 'utf8'))).id;
}
