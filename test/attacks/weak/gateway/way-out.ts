import { once } from 'node:events';
import { connect } from 'node:net';
import { makeOutside as make, type Outside } from '../../../../src/gateway/way-out.ts';
import { asked, weakness } from './which.ts';

export * from '../../../../src/gateway/way-out.ts';

export function makeOutside(...given: Parameters<typeof make>): Outside {
  const outside = make(...given);
  if (weakness !== 'any-port') return outside;
  return {
    ...outside,
    async dial(_host, [address = ''], signal) {
      const socket = connect({ host: address, port: asked.port, signal, allowHalfOpen: true });
      await once(socket, 'connect');
      return socket;
    },
  };
}
