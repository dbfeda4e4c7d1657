import { chmod, rm } from 'node:fs/promises';
import { createServer, request } from 'node:http';

/**
 * A stand-in for a task's gateway: `/<provider>/…` on a unix socket goes to the model server; null answers as if that were down.
 * `/mcp/<name>` goes to an MCP server where there is one.
 */
export async function startGateway(
  socket: string,
  upstream: () => string | null,
  mcpUrl: string | null = null,
): Promise<AsyncDisposable> {
  await rm(socket, { force: true });
  const server = createServer((incoming, outgoing) => {
    const target = upstream();
    if (target === null) {
      outgoing.writeHead(503, { 'content-type': 'application/json' });
      outgoing.end('{"error":{"type":"api_error","message":"upstream is down"}}');
      return;
    }
    const path = (incoming.url ?? '').replace(/^\/[a-z]+/, '');
    const { method, headers } = incoming;
    const toMcp = mcpUrl !== null && incoming.url?.startsWith('/mcp/');
    const forwarded = request(
      toMcp ? mcpUrl : `${target}${path}`,
      { method, headers: { ...headers, host: 'model' } },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      },
    );
    forwarded.on('error', () => outgoing.destroy());
    incoming.pipe(forwarded);
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  await chmod(socket, 0o777);
  return {
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
