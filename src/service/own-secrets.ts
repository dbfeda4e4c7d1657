import { text } from 'node:stream/consumers';
import { type Config, secretsOf } from '../config.ts';
import { createMarkFinder, secretMarks, toSecretMarks } from '../git/secret-marks.ts';

/**
 * What the worker is told on stdin. The supervisor knows every secret; the worker, who holds few of them, keeps all of them from being
 * pushed by these marks, which tell it none.
 */
export function toMarks(config: Config): string {
  return JSON.stringify(toSecretMarks(secretsOf(config)));
}

/** Whether a text holds one of them. Throws where the marks are missing: nothing is pushed unseen. */
export async function readMarks(input: NodeJS.ReadableStream): Promise<(text: string) => boolean> {
  return createMarkFinder(secretMarks.parse(JSON.parse(await text(input))));
}
