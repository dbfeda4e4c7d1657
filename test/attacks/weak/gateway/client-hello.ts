import { type Hello, readClientHello as read } from '../../../../src/gateway/client-hello.ts';
import { asked, weakness } from './which.ts';

export * from '../../../../src/gateway/client-hello.ts';

/** Where nobody looks, whatever comes first is what was announced. */
export function readClientHello(bytes: Buffer): Hello {
  const unseen = weakness === 'no-hello' || weakness === 'any-port' || weakness === 'addresses';
  if (!unseen) return read(bytes);
  return bytes.length === 0 ? { type: 'incomplete' } : { type: 'hello', serverName: asked.host };
}
