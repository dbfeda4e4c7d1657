import { setTimeout as wait } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { freePort } from './program.ts';
import { startRedis } from './redis.ts';

export interface TestCluster extends AsyncDisposable {
  /** The address of one of its nodes, as `REDIS_URL` takes it. */
  readonly url: string;
}

const slots = 16_384;

/** Three redis-servers that share the slots, each as durable as Errand wants it. */
export async function startCluster(): Promise<TestCluster> {
  await using started = new AsyncDisposableStack();
  const ports = [await freePort(), await freePort(), await freePort()];
  const nodes: Redis[] = [];
  for (const port of ports) {
    const settings = {
      port: String(port),
      bind: '127.0.0.1',
      'cluster-enabled': 'yes',
      'cluster-port': String(await freePort()),
    };
    const server = started.use(await startRedis({ ...settings, 'cluster-node-timeout': '2000' }));
    const node = new Redis(server.url);
    nodes.push(node);
    started.defer(() => node.disconnect());
  }
  const [first, ...others] = nodes;
  if (first === undefined) throw new Error('there is no node');
  for (const [index, node] of nodes.entries()) {
    const share = (part: number) => Math.floor((slots * part) / nodes.length);
    await node.cluster('ADDSLOTSRANGE', share(index), share(index + 1) - 1);
    await node.call('CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1));
  }
  for (const node of others) {
    const busPort = /\d+@(\d+)/.exec(String(await node.cluster('NODES')))?.[1] ?? '';
    await first.call('CLUSTER', 'MEET', '127.0.0.1', String(await portOf(node)), busPort);
  }
  for (const node of nodes) {
    while (!/cluster_state:ok[\s\S]*cluster_known_nodes:3/.test(String(await node.cluster('INFO')))) await wait(20);
  }
  const servers = started.move();
  return { url: `redis://127.0.0.1:${ports[0]}`, [Symbol.asyncDispose]: () => servers.disposeAsync() };
}

async function portOf(node: Redis): Promise<number> {
  const [, port] = await node.config('GET', 'port');
  return Number(port);
}
