import type { Readable } from 'node:stream';

export interface RefCommand {
  readonly before: string;
  readonly after: string;
  readonly ref: string;
}

export interface PushHead {
  readonly commands: readonly RefCommand[];
  readonly sideBand: boolean;
  /** The bytes that were read, to be passed on. */
  readonly bytes: Buffer;
  /** Where in them the commands end and the pack begins. */
  readonly end: number;
}

const maxHeadBytes = 1024 * 1024;

/** Reads the command list at the start of a `git-receive-pack` request: which references a push wants to move. */
export async function readPushHead(stream: Readable): Promise<PushHead> {
  const commands: RefCommand[] = [];
  let sideBand = false;
  let bytes: Buffer<ArrayBufferLike> = Buffer.alloc(0);
  let at = 0;
  const fill = async (length: number) => {
    while (bytes.length < length) {
      const chunk: unknown = stream.read();
      if (chunk instanceof Buffer) bytes = Buffer.concat([bytes, chunk]);
      else if (stream.readableEnded || !(await moreOf(stream))) throw new Error('The push ended within its commands');
      if (bytes.length > maxHeadBytes) throw new Error('The push names too many references');
    }
  };
  for (;;) {
    await fill(at + 4);
    const length = Number.parseInt(bytes.toString('latin1', at, at + 4), 16);
    if (Number.isNaN(length)) throw new Error('The push is not in packet lines');
    if (length === 0) return { commands, sideBand, bytes, end: at + 4 };
    await fill(at + length);
    const [line = '', capabilities = ''] = bytes.toString('utf8', at + 4, at + length).split('\0');
    sideBand ||= capabilities.includes('side-band-64k');
    const match = /^([0-9a-f]{40}) ([0-9a-f]{40}) (.+?)\n?$/.exec(line);
    if (match?.[1] !== undefined && match[2] !== undefined && match[3] !== undefined) {
      commands.push({ before: match[1], after: match[2], ref: match[3] });
    }
    at += length;
  }
}

function moreOf(stream: Readable): Promise<boolean> {
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  const settle = (more: boolean) => () => {
    stream.off('readable', readable).off('end', ended).off('error', reject);
    resolve(more);
  };
  const readable = settle(true);
  const ended = settle(false);
  stream.on('readable', readable).on('end', ended).on('error', reject);
  return promise;
}

/** The answer to a push of which nothing was taken, with a reason for each reference. */
export function refusePush(head: PushHead, reasons: ReadonlyMap<string, string>, remark: string): Buffer {
  const report = Buffer.concat([
    packet('unpack ok\n'),
    ...head.commands.map(({ ref }) => packet(`ng ${ref} ${reasons.get(ref) ?? 'push declined'}\n`)),
    Buffer.from('0000'),
  ]);
  if (!head.sideBand) return report;
  return Buffer.concat([
    packet(Buffer.from(`\x02${remark}\n`)),
    packet(Buffer.concat([Buffer.from([1]), report])),
    Buffer.from('0000'),
  ]);
}

function packet(content: string | Buffer): Buffer {
  const body = Buffer.from(content);
  return Buffer.concat([Buffer.from((body.length + 4).toString(16).padStart(4, '0')), body]);
}
