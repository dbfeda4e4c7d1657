import {
  type AttachedFile,
  fileLimits,
  leftOutSentence,
  type OfferedFile,
  type RefusedFile,
  toFileName,
} from '../task/files.ts';
import type { SpecMessage } from '../task/task.ts';
import type { BotDeps } from './deps.ts';

/** Files of one message, by its key. */
export interface Offer {
  readonly key: string;
  readonly files: readonly OfferedFile[];
}

export interface TakenFiles {
  readonly files: ReadonlyMap<string, readonly AttachedFile[]>;
  /** One sentence of what was left out. */
  readonly leftOut: string | null;
}

const within = 25_000;

/**
 * Takes what was attached into the store, those of the first offers first, and says what could not be: beside what their task has
 * already, as much as fits. A file that fails holds up nothing but itself. Taking the same again changes nothing.
 */
export async function takeFiles(
  deps: BotDeps,
  offers: readonly Offer[],
  spec: readonly SpecMessage[] = [],
): Promise<TakenFiles> {
  const offered = offers.flatMap(({ key, files }) => files.map((file) => ({ key, file })));
  const signal = AbortSignal.timeout(within);
  const room = { bytes: fileLimits.bytesPerTask - bytesOf(spec) };
  const taken = await Promise.all(
    offered.map(async ({ key, file }, index) => ({ key, ...(await take(deps, file, { index, room, signal })) })),
  );
  const files = new Map<string, AttachedFile[]>();
  for (const each of taken) {
    if (each.file !== null) files.set(each.key, [...(files.get(each.key) ?? []), each.file]);
  }
  return { files, leftOut: leftOutSentence(taken.flatMap(({ refused }) => refused ?? [])) };
}

type Taken =
  | { readonly file: AttachedFile; readonly refused: null }
  | { readonly file: null; readonly refused: RefusedFile };

async function take(
  deps: BotDeps,
  offered: OfferedFile,
  { index, room, signal }: { index: number; room: { bytes: number }; signal: AbortSignal },
): Promise<Taken> {
  const refuse = (why: RefusedFile['why']): Taken => ({ file: null, refused: { name: offered.name, why } });
  if (index >= fileLimits.files) return refuse('too_many');
  if ((offered.bytes ?? 0) > fileLimits.bytesEach) return refuse('too_large');
  if ((offered.bytes ?? 0) > room.bytes) return refuse('task_full');
  const fetched = await deps.fileSource.fetch(offered, { maxBytes: fileLimits.bytesEach, signal });
  if (!fetched.ok) return refuse(fetched.why);
  if (fetched.bytes.length > room.bytes) return refuse('task_full');
  room.bytes -= fetched.bytes.length;
  if (!(await deps.files.put(offered.id, fetched.bytes))) return refuse('store_full');
  const file = { id: offered.id, name: toFileName(offered.id, offered.name), bytes: fetched.bytes.length };
  return { file, refused: null };
}

function bytesOf(spec: readonly SpecMessage[]): number {
  return spec.flatMap(({ files = [] }) => files).reduce((sum, { bytes }) => sum + bytes, 0);
}

/** Files of somebody who may not steer stay where they are. That is said once a task: later ones get no words. */
export function leaveFiles(spec: readonly SpecMessage[], files: readonly OfferedFile[]): TakenFiles {
  const said = spec.some(({ trust, leftOut }) => trust === 'context' && leftOut !== undefined);
  const refused = said ? [] : files.map(({ name }) => ({ name, why: 'not_steering' as const }));
  return { files: new Map(), leftOut: leftOutSentence(refused) };
}

/** What a message keeps of its files. */
export function attachments(taken: TakenFiles, key: string): Pick<SpecMessage, 'files'> {
  const files = taken.files.get(key);
  return files === undefined ? {} : { files };
}
