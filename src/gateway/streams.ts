import type { IncomingMessage, ServerResponse } from 'node:http';

/** A whole body, up to a limit. */
export async function readBody(request: IncomingMessage, limit: number): Promise<Buffer | 'too_large'> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of readChunks(request)) {
    size += chunk.length;
    if (size > limit) return 'too_large';
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** A whole body as text; '' when it is longer than the limit. */
export async function readText(answer: IncomingMessage, limit: number): Promise<string> {
  const body = await readBody(answer, limit);
  if (body !== 'too_large') return body.toString('utf8');
  answer.destroy();
  return '';
}

export async function* readChunks(stream: IncomingMessage): AsyncGenerator<Buffer> {
  // Left open on an early end: the connection may still have to carry the refusal.
  for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
    yield Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
  }
}

/** Waits while the task reads slower than the provider writes; gives up waiting when the task is gone. */
export async function write(response: ServerResponse, bytes: Buffer): Promise<void> {
  if (bytes.length === 0 || response.destroyed || response.write(bytes)) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  response.once('drain', resolve);
  response.once('close', resolve);
  await promise;
  response.off('drain', resolve);
  response.off('close', resolve);
}
