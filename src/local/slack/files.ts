import { randomUUID } from 'node:crypto';
import type { FileShelf } from './file-shelf.ts';
import { pictureSize, snippetOf, typeOf } from './file-types.ts';
import { limits } from './limits.ts';
import { Refused } from './refused.ts';
import type { WorkspaceStore } from './store.ts';
import type { StoredFile } from './workspace.ts';

/** Uploaded files: put down first, shared in a message afterwards, as Slack's two steps are. */
export interface Files {
  /** Takes a file in. Throws `Refused` for one that is empty or larger than the workspace takes. */
  add(upload: { user: string; name: string; bytes: Uint8Array; title?: string | undefined }): Promise<StoredFile>;
  /** A place for bytes that come later, and the address to send them to. */
  reserve(upload: { user: string; name: string; length: number }): { id: string; ticket: string };
  /** Fills a reserved place. Throws `Refused` for an unknown ticket or another length than was said. */
  fill(ticket: string, bytes: Uint8Array): Promise<void>;
  /** The file, once its bytes are there and nobody has taken it yet. */
  filled(id: string): StoredFile | undefined;
  bytes(id: string): Promise<Uint8Array<ArrayBuffer> | null>;
  remove(id: string): Promise<void>;
}

const newId = () => `F${randomUUID().replaceAll('-', '').slice(0, 10).toUpperCase()}`;

export function createFiles(store: WorkspaceStore, shelf: FileShelf): Files {
  const reserved = new Map<string, { id: string; user: string; name: string; length: number }>();
  const uploaded = new Map<string, StoredFile>();

  async function take(
    id: string,
    upload: { user: string; name: string; bytes: Uint8Array; title?: string | undefined },
  ) {
    const { user, bytes } = upload;
    const name = upload.name.replaceAll(/[/\\\p{Cc}]/gu, '_').slice(0, limits.idChars);
    if (bytes.length === 0) throw new Refused('no_file_data');
    if (bytes.length > limits.fileBytes) throw new Refused('file_too_large');
    const type = typeOf(name);
    const picture = type.mimetype.startsWith('image/') ? pictureSize(bytes) : undefined;
    const snippet = snippetOf(type.mimetype, bytes);
    await shelf.put(id, bytes);
    return {
      id,
      created: Math.floor(store.clock.now() / 1000),
      name,
      title: upload.title ?? name,
      user,
      size: bytes.length,
      ...type,
      ...(picture && { picture }),
      ...(snippet && { snippet }),
    } satisfies StoredFile;
  }

  return {
    async add(upload) {
      const file = await take(newId(), upload);
      store.putFile(file);
      return file;
    },
    reserve(upload) {
      if (upload.length > limits.fileBytes) throw new Refused('file_too_large');
      const ticket = randomUUID().replaceAll('-', '');
      const id = newId();
      reserved.set(ticket, { id, ...upload });
      return { id, ticket };
    },
    async fill(ticket, bytes) {
      const place = reserved.get(ticket);
      if (place === undefined) throw new Refused('invalid_upload_url');
      if (place.length !== bytes.length) throw new Refused('length_mismatch');
      reserved.delete(ticket);
      uploaded.set(place.id, await take(place.id, { ...place, bytes }));
    },
    filled: (id) => (store.file(id) === undefined ? uploaded.get(id) : undefined),
    bytes: (id) => shelf.get(id),
    async remove(id) {
      store.removeFile(id);
      await shelf.remove(id);
    },
  };
}
