import { createReadStream, createWriteStream } from 'node:fs';
import { chmod, mkdir, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { z } from 'zod';
import { Problem } from '../task/problem.ts';
import type { BackupRow } from './backup.ts';

const format = 1;

const header = z.object({
  errand: z.literal('backup'),
  format: z.literal(format),
  version: z.int(),
  madeAt: z.number(),
});
const row = z.tuple([z.string(), z.number(), z.base64()]);
const footer = z.object({ rows: z.int() });

export interface BackupFacts {
  /** The form of the store. */
  readonly version: number;
  /** Epoch milliseconds. */
  readonly madeAt: number;
}

/** Writes a backup that only this user may read; it has its name once it is whole. Returns the number of its rows. */
export async function writeBackup(file: string, facts: BackupFacts, rows: AsyncIterable<BackupRow>): Promise<number> {
  const draft = `${file}.part`;
  let count = 0;
  async function* lines() {
    yield `${JSON.stringify({ errand: 'backup', format, ...facts })}\n`;
    for await (const { name, expiresAt, dump } of rows) {
      count += 1;
      yield `${JSON.stringify([name, expiresAt, dump.toString('base64')])}\n`;
    }
    yield `${JSON.stringify({ rows: count })}\n`;
  }
  await mkdir(dirname(file), { recursive: true });
  try {
    await pipeline(Readable.from(lines()), createGzip(), createWriteStream(draft, { mode: 0o600, flush: true }));
    await chmod(draft, 0o600);
    await rename(draft, file);
  } finally {
    await rm(draft, { force: true });
  }
  return count;
}

/**
 * Reads a backup: its facts at once, its rows as they are asked for. Throws `backup_unreadable` for a file that is none, and at its end for
 * one that is cut off.
 */
export async function readBackup(file: string): Promise<BackupFacts & { rows: AsyncIterable<BackupRow> }> {
  const lines = linesOf(file);
  const first = header.safeParse(parsed((await lines.next()).value));
  if (!first.success) throw unreadable(file, 'it does not begin like a backup of Errand');
  return { ...first.data, rows: rowsOf(file, lines) };
}

/** Reads all of a backup once, so that one that is damaged is known before anything is removed for it. */
export async function proveBackup(file: string): Promise<void> {
  for await (const _ of (await readBackup(file)).rows);
}

async function* rowsOf(file: string, lines: AsyncGenerator<string>): AsyncGenerator<BackupRow> {
  let count = 0;
  for await (const line of lines) {
    const end = footer.safeParse(parsed(line));
    if (end.success) {
      if (end.data.rows !== count) throw unreadable(file, `it should have ${end.data.rows} rows, and has ${count}`);
      return;
    }
    const read = row.safeParse(parsed(line));
    if (!read.success) throw unreadable(file, `its row ${count + 1} can’t be read`);
    const [name, expiresAt, dump] = read.data;
    count += 1;
    yield { name, expiresAt, dump: Buffer.from(dump, 'base64') };
  }
  throw unreadable(file, `it is cut off after ${count} rows`);
}

async function* linesOf(file: string): AsyncGenerator<string> {
  const source = createReadStream(file);
  const unzipped = createGunzip();
  source.on('error', (error) => unzipped.destroy(error)).pipe(unzipped);
  let rest = '';
  try {
    for await (const text of unzipped.setEncoding('utf8')) {
      const lines = `${rest}${text}`.split('\n');
      rest = lines.pop() ?? '';
      yield* lines;
    }
  } catch (error) {
    throw unreadable(file, error instanceof Error ? error.message : String(error), error);
  } finally {
    source.destroy();
  }
}

function parsed(line: string | undefined): unknown {
  try {
    return JSON.parse(line ?? '');
  } catch {
    return undefined;
  }
}

function unreadable(file: string, found: string, cause?: unknown): Problem {
  return new Problem(
    {
      code: 'backup_unreadable',
      sentence: `${file} could not be restored: ${found}.`,
      next: 'Restore another backup; nothing was changed by this one.',
    },
    { cause },
  );
}
