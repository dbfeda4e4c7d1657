import {
  closeSync,
  constants,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import type { ContentBlock } from '@agentclientprotocol/sdk';
import type { Control } from './protocol.ts';

type Piece = Extract<Control, { type: 'file' }>;

/** A model's own limit for a picture, before base64 makes it a third longer. */
const maxPictureBytes = 3.5 * 1024 * 1024;
/** Of many pictures the newest are shown; all of them lie in the folder. */
const maxPictures = 10;

/** Kinds that models see, by their first bytes: what a file is called says nothing of what it is. */
const pictures: readonly { readonly mimeType: string; readonly starts: (bytes: Buffer) => boolean }[] = [
  { mimeType: 'image/png', starts: (bytes) => bytes.subarray(0, 8).toString('latin1') === '\x89PNG\r\n\x1a\n' },
  { mimeType: 'image/jpeg', starts: (bytes) => bytes.subarray(0, 3).toString('latin1') === '\xff\xd8\xff' },
  { mimeType: 'image/gif', starts: (bytes) => /^GIF8[79]a/.test(bytes.subarray(0, 6).toString('latin1')) },
  {
    mimeType: 'image/webp',
    starts: (bytes) => /^RIFF.{4}WEBP$/s.test(bytes.subarray(0, 12).toString('latin1')),
  },
];

/** Files that came with messages: written beside the checkout, and shown to agents that see pictures. */
export class Files {
  readonly #directory: string;
  readonly #refused: (reason: string) => void;

  constructor(options: { directory: string; refused: (reason: string) => void }) {
    this.#directory = options.directory;
    this.#refused = options.refused;
  }

  /** Takes one piece; the file appears whole with its last. The same again replaces it. A piece that can't be written is told and left out. */
  take({ name, offset, data, end }: Piece): void {
    const part = join(this.#directory, `.${name}.part`);
    try {
      mkdirSync(this.#directory, { recursive: true });
      const bytes = Buffer.from(data, 'base64');
      const file = openSync(part, constants.O_WRONLY | constants.O_CREAT | constants.O_NOFOLLOW, 0o644);
      try {
        ftruncateSync(file, offset);
        for (let done = 0; done < bytes.length; )
          done += writeSync(file, bytes, done, bytes.length - done, offset + done);
      } finally {
        closeSync(file);
      }
      if (end) renameSync(part, join(this.#directory, name));
    } catch (error) {
      this.#refused(`The attached file ${name} could not be written: ${String(error)}`);
    }
  }

  /** The pictures among these files, as an agent that sees pictures takes them. */
  pictures(names: readonly string[]): ContentBlock[] {
    return names.slice(-maxPictures).flatMap((name) => {
      const bytes = this.#read(name);
      const kind = pictures.find(({ starts }) => starts(bytes));
      return kind === undefined ? [] : [{ type: 'image', mimeType: kind.mimeType, data: bytes.toString('base64') }];
    });
  }

  /** Empty for what is not there, is no file, or is too large to show. */
  #read(name: string): Buffer {
    const path = join(this.#directory, name);
    try {
      const status = lstatSync(path);
      return status.isFile() && status.size <= maxPictureBytes ? readFileSync(path) : Buffer.alloc(0);
    } catch {
      return Buffer.alloc(0);
    }
  }
}
