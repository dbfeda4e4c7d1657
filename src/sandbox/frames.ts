const headerBytes = 8;

/** Takes apart Docker's multiplexed stream of a container without a terminal: a type, a length, the bytes. */
export async function* frames(
  stream: AsyncIterable<string | Buffer>,
): AsyncGenerator<{ readonly stream: 'stdout' | 'stderr'; readonly bytes: Buffer }> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const piece of stream) {
    const chunk = typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece;
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    while (rest.length >= headerBytes) {
      const end = headerBytes + rest.readUInt32BE(4);
      if (rest.length < end) break;
      yield { stream: rest[0] === 2 ? 'stderr' : 'stdout', bytes: rest.subarray(headerBytes, end) };
      rest = rest.subarray(end);
    }
  }
}
