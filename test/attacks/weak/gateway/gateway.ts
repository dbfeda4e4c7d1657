import { chmod, mkdir, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { gatewayFiles } from '../../../../src/gateway/files.ts';
import { type Gateway, type GatewayOptions, startGateway as start } from '../../../../src/gateway/gateway.ts';
import { weakness } from './which.ts';

export * from '../../../../src/gateway/gateway.ts';

export function startGateway(options: GatewayOptions): Promise<Gateway> {
  return weakness === 'raw-model' ? startRaw(options) : start(options);
}

/** Looks at nothing but where a connection begins: then all its bytes go to the provider as they come. */
async function startRaw({ dir, keys }: GatewayOptions): Promise<Gateway> {
  const { socket, socketDir } = gatewayFiles(dir);
  const server = createServer((client) => {
    client.on('error', () => client.destroy());
    client.once('data', (first) => {
      const text = first.toString('latin1');
      const name = /^[A-Z]+ \/([a-z0-9-]+)\//.exec(text)?.[1] ?? '';
      const provider = keys.providers.get(name);
      if (provider === undefined) return client.destroy();
      const to = new URL(provider.baseUrl);
      const upstream = connect(Number(to.port || 80), to.hostname);
      upstream.on('error', () => client.destroy());
      upstream.write(text.replace(`/${name}/`, '/'), 'latin1');
      return client.pipe(upstream).pipe(client);
    });
  });
  await mkdir(socketDir, { recursive: true });
  await rm(socket, { force: true });
  await new Promise<void>((listening) => server.listen(socket, listening));
  await chmod(socket, 0o666);
  const close = async () => void server.close();
  return { socket, close, [Symbol.asyncDispose]: close };
}
