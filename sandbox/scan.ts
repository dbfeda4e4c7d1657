/**
 * The main process of a container that looks for what must not be in a workspace: `node scan.ts`. Reads one line of stdin, a `ScanSpec`,
 * and writes a `ScanReport` to stdout: the files whose content, name or target has one of the patterns. Exits 0 when all was looked at.
 */
import type { Dirent } from 'node:fs';
import { chmod, lstat, open, readdir, readlink } from 'node:fs/promises';
import { relative } from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { inside, type ScanReport } from './protocol.ts';

const chunkBytes = 1024 * 1024;
const maxHits = 20;
const lanes = 8;

const specSchema = z.strictObject({
  secrets: z.array(z.strictObject({ name: z.string(), patterns: z.array(z.base64()) })),
});

interface Secret {
  readonly name: string;
  readonly patterns: readonly Buffer[];
}

/** Looks through everything below `root`. Throws where something can't be read: what was not looked at is not clean. */
export async function scan(root: string, secrets: readonly Secret[]): Promise<ScanReport> {
  const overlap = Math.max(1, ...secrets.flatMap(({ patterns }) => patterns.map(({ length }) => length))) - 1;
  const hits: { name: string; path: string }[] = [];
  const files: Buffer[] = [];
  const look = (bytes: Buffer, path: Buffer): boolean => {
    const found = secrets.find(({ patterns }) => patterns.some((pattern) => bytes.includes(pattern)));
    if (found !== undefined) hits.push({ name: found.name, path: relative(root, path.toString()) });
    return found !== undefined;
  };

  const folders = [Buffer.from(root)];
  for (let folder = folders.pop(); folder !== undefined && hits.length < maxHits; folder = folders.pop()) {
    for (const entry of await readFolder(folder)) {
      // Names are bytes, and need not be text.
      const path = Buffer.concat([folder, Buffer.from('/'), entry.name]);
      if (look(entry.name, path)) continue;
      if (entry.isDirectory()) folders.push(path);
      else if (entry.isFile()) files.push(path);
      else if (entry.isSymbolicLink()) look(await readlink(path, 'buffer'), path);
    }
  }
  const next = files.values();
  const read = async () => {
    const buffer = Buffer.alloc(chunkBytes + overlap);
    for (const path of next) {
      if (hits.length >= maxHits) return;
      await readPieces(path, buffer, overlap, (bytes) => look(bytes, path));
    }
  };
  await Promise.all(Array.from({ length: lanes }, read));
  return { hits: hits.slice(0, maxHits), files: files.length };
}

/** Hands over a file piece by piece, each beginning with the end of the one before, until `look` has seen enough. */
async function readPieces(
  path: Buffer,
  buffer: Buffer,
  overlap: number,
  look: (bytes: Buffer) => boolean,
): Promise<void> {
  const file = await withRights(path, 0o400, () => open(path, 'r'));
  if (file === undefined) return;
  try {
    let kept = 0;
    for (;;) {
      const { bytesRead } = await file.read(buffer, kept, buffer.length - kept, null);
      if (bytesRead === 0) return;
      const bytes = buffer.subarray(0, kept + bytesRead);
      if (look(bytes)) return;
      kept = Math.min(overlap, bytes.length);
      buffer.copy(buffer, 0, bytes.length - kept, bytes.length);
    }
  } finally {
    await file.close();
  }
}

async function readFolder(path: Buffer): Promise<readonly Dirent<Buffer>[]> {
  return (await withRights(path, 0o500, () => readdir(path, { withFileTypes: true, encoding: 'buffer' }))) ?? [];
}

/**
 * What its owner was shut out of is opened: the owner is who we run as, and it takes nothing from anybody that it stays so. Undefined for
 * what is another's and closed to us: whoever was in this workspace was as little able to write there.
 */
async function withRights<T>(path: Buffer, mode: number, act: () => Promise<T>): Promise<T | undefined> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EACCES')) throw error;
    const found = await lstat(path);
    if (found.uid !== process.getuid?.()) return undefined;
    await chmod(path, (found.mode & 0o777) | mode);
    return await act();
  }
}

async function main(): Promise<void> {
  for await (const line of createInterface({ input: process.stdin })) {
    const { secrets } = specSchema.parse(JSON.parse(line));
    const decoded = secrets.map(({ name, patterns }) => ({
      name,
      patterns: patterns.map((pattern) => Buffer.from(pattern, 'base64')),
    }));
    process.stdout.write(JSON.stringify(await scan(inside.workspace, decoded)), () => process.exit(0));
    return;
  }
  process.exit(64);
}

if (import.meta.main) await main();
