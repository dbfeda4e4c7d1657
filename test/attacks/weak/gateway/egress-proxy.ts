import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { EgressProxy as Strict } from '../../../../src/gateway/egress-proxy.ts';
import { weakness } from './which.ts';

export * from '../../../../src/gateway/egress-proxy.ts';

export class EgressProxy extends Strict {
  override async refusePlain(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (weakness !== 'plain-http') return super.refusePlain(request, response);
    const { method = 'GET', url = '', headers } = request;
    const { promise, resolve } = Promise.withResolvers<void>();
    const onward = httpRequest(url, { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502);
      answer.pipe(response).once('close', resolve);
    });
    onward.once('error', () => {
      response.destroy();
      resolve();
    });
    request.pipe(onward);
    await promise;
  }
}
