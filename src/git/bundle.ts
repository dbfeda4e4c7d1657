import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { parseSha, type Sha } from '../task/ids.ts';

/** A bundle is not what the export container writes; the message says how. */
export class BadBundle extends Error {
  override readonly name = 'BadBundle';
}

export interface Bundle extends AsyncDisposable {
  readonly head: Sha;
  readonly prerequisites: readonly Sha[];
  /** How many objects the pack declares; git refuses a pack that holds another number. */
  readonly objects: number;
  /** The pack alone, from its first byte. */
  readonly pack: () => Readable;
}

const maxHeaderBytes = 64 * 1024;
const signature = '# v2 git bundle\n';

/**
 * Opens a bundle that hostile ground wrote: a regular file of at most `capBytes`, one reference called `HEAD`, then a pack. Git's own
 * reading of bundles is not used, since it lets bad trees in. Throws `BadBundle`.
 */
export async function openBundle(path: string, capBytes: number): Promise<Bundle> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const status = await file.stat();
    if (!status.isFile()) throw new BadBundle('it is not a regular file');
    if (status.size > capBytes) throw new BadBundle(`it has ${status.size} bytes, and ${capBytes} are allowed`);
    const { head, prerequisites, end } = parseHeader(await read(file, 0, maxHeaderBytes));
    const start = await read(file, end, 12);
    if (start.length < 12 || start.toString('latin1', 0, 4) !== 'PACK') throw new BadBundle('it has no pack');
    return {
      head,
      prerequisites,
      objects: start.readUInt32BE(8),
      pack: () => file.createReadStream({ start: end, end: status.size - 1, autoClose: false }),
      [Symbol.asyncDispose]: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function read(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
}

function parseHeader(bytes: Buffer): { head: Sha; prerequisites: readonly Sha[]; end: number } {
  const end = bytes.indexOf('\n\n');
  if (!bytes.toString('latin1', 0, signature.length).startsWith(signature)) throw new BadBundle('it is no bundle');
  if (end === -1) throw new BadBundle('its header has no end');
  const lines = bytes.toString('utf8', signature.length, end).split('\n');
  const prerequisites: Sha[] = [];
  const references: { sha: Sha; name: string }[] = [];
  for (const line of lines) {
    const isPrerequisite = line.startsWith('-');
    const text = isPrerequisite ? line.slice(1) : line;
    const sha = parseSha(text.slice(0, 40));
    if (sha === undefined) throw new BadBundle('its header has a line that names no commit');
    if (isPrerequisite) prerequisites.push(sha);
    else references.push({ sha, name: text.slice(41) });
  }
  const [only, ...others] = references;
  if (only === undefined || others.length > 0 || only.name !== 'HEAD') {
    const names = references.map(({ name }) => JSON.stringify(name.slice(0, 60))).slice(0, 5);
    throw new BadBundle(`it carries ${names.length === 0 ? 'no reference' : names.join(', ')} instead of HEAD alone`);
  }
  return { head: only.sha, prerequisites, end: end + 2 };
}
