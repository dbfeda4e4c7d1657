import type { Server } from 'node:http';
import { Problem } from '../task/problem.ts';

/** Opens the server and gives its port; 0 takes any free one. Throws `Problem` when the port is taken. */
export function listen(server: Server, host: string, port: number): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.once('error', (cause: NodeJS.ErrnoException) =>
    reject(
      new Problem(
        {
          code: 'local_port_taken',
          sentence: `Tried to open the local page on ${host}:${port}, and the system said ${cause.code ?? cause.message}.`,
          next: 'Free the port, or choose another.',
        },
        { cause },
      ),
    ),
  );
  server.listen(port, host, () => {
    const address = server.address();
    resolve(typeof address === 'object' && address !== null ? address.port : port);
  });
  return promise;
}
