import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';

/** A process that will be a gateway. Told nothing, it ends. */
export interface GatewayChild {
  readonly process: ChildProcess;
  tell(orders: string): void;
}

export interface GatewayChildrenOptions {
  /** The program: does nothing until it read its orders from stdin, and ends when there are none. */
  readonly entry: string;
  readonly directory: string;
  /** The only environment a gateway gets. */
  readonly env: Readonly<Record<string, string>>;
  /** Whether one is kept ready: loading the program takes half the time of a container's start. */
  readonly spare: boolean;
  readonly closing: AbortSignal;
}

/** While a run starts, it needs the machine for itself. */
const refillMs = 300;

/** Processes that will be a gateway and don't know yet whose: they hold no key and no policy, and end with this process. */
export function gatewayChildren({ entry, directory, env, spare, closing }: GatewayChildrenOptions) {
  let ready: GatewayChild | undefined;
  let refill: NodeJS.Timeout | undefined;

  async function make(): Promise<GatewayChild> {
    await mkdir(directory, { recursive: true, mode: 0o711 });
    // What it says before it has a log of its own.
    const log = await open(join(directory, 'gateways.log'), 'a', 0o600);
    try {
      const child = spawn(process.execPath, [entry], {
        ...{ detached: true, cwd: directory, env: { ...env } },
        stdio: ['pipe', log.fd, log.fd],
      });
      // One that ends before it has read all says why in its log.
      child.stdin?.on('error', () => undefined);
      child.on('error', () => undefined);
      child.unref();
      return { process: child, tell: (orders) => void child.stdin?.end(orders) };
    } finally {
      await log.close();
    }
  }

  async function keepOne(): Promise<void> {
    if (closing.aborted || ready !== undefined) return;
    const child = await make();
    if (closing.aborted || ready !== undefined) child.tell('');
    else ready = child;
  }

  closing.addEventListener('abort', () => {
    clearTimeout(refill);
    ready?.tell('');
    ready = undefined;
  });

  return {
    /** One that was kept ready, or a new one. Whoever takes it tells it what to do. */
    async take(): Promise<GatewayChild> {
      const kept = ready;
      ready = undefined;
      if (spare) {
        clearTimeout(refill);
        // Without one the next gateway only takes longer.
        refill = setTimeout(() => keepOne().catch(() => undefined), refillMs).unref();
      }
      return kept !== undefined && lives(kept) ? kept : await make();
    },
  };
}

function lives({ process: { exitCode, signalCode } }: GatewayChild): boolean {
  return exitCode === null && signalCode === null;
}
