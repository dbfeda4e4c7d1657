import { createHash } from 'node:crypto';
import { rebuilt } from './whole-answer.ts';

interface Kept {
  readonly etag: string;
  readonly body: ArrayBuffer;
  readonly headers: Headers;
}

const keptBytes = 16 * 2 ** 20;
const largestBytes = 2 ** 18;

/**
 * A fetch that asks GitHub for what has changed since it asked before: every GET goes out, with the mark of the answer that is known, and
 * a 304, which GitHub does not count, brings that answer again. An answer is known to the token that got it alone. 16 MiB are kept.
 */
export function revalidating(send: typeof fetch): typeof fetch {
  const kept = new Map<string, Kept>();
  let sum = 0;

  const drop = (key: string) => {
    sum -= kept.get(key)?.body.byteLength ?? 0;
    kept.delete(key);
  };
  const keep = (key: string, fresh: Kept) => {
    drop(key);
    kept.set(key, fresh);
    sum += fresh.body.byteLength;
    for (const oldest of kept.keys()) {
      if (sum <= keptBytes) return;
      drop(oldest);
    }
  };

  return async (input, init) => {
    const headers = new Headers(init?.headers);
    const isRead = (init?.method ?? 'GET').toUpperCase() === 'GET';
    if (!isRead || input instanceof Request || headers.has('if-none-match')) return send(input, init);
    const key = keyOf(String(input), headers);
    const known = kept.get(key);
    if (known !== undefined) headers.set('if-none-match', known.etag);
    const answer = await send(input, { ...init, headers });
    if (answer.status === 304 && known !== undefined) {
      keep(key, known);
      const newest = new Headers(known.headers);
      for (const [name, value] of answer.headers) newest.set(name, value);
      return rebuilt(answer, known.body, newest);
    }
    const etag = answer.headers.get('etag');
    if (answer.status !== 200 || etag === null) {
      drop(key);
      return answer;
    }
    const body = await answer.arrayBuffer();
    if (body.byteLength <= largestBytes) keep(key, { etag, body, headers: new Headers(answer.headers) });
    else drop(key);
    return rebuilt(answer, body);
  };
}

function keyOf(url: string, headers: Headers): string {
  const shown = `${headers.get('authorization') ?? ''}\n${headers.get('accept') ?? ''}\n${url}`;
  return createHash('sha256').update(shown).digest('base64url');
}
