import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** A system call that a process made, as a tracer outside of its container saw it. */
export interface Call {
  readonly name: string;
  /** Its arguments as strace writes them, names of constants included. */
  readonly args: string;
  /** `0`, `3`, `-1 EPERM`; `killed` for the call that ended its process. */
  readonly result: string;
}

export interface Tracing {
  /** All calls until the traced process and its children ended. */
  readonly calls: Promise<readonly Call[]>;
}

/**
 * Watches a process and the children it will have from outside, until they end. Settles once the tracer holds it. Nothing inside can
 * hide from it or make it lie; seccomp and capabilities of the container don't bind it.
 */
export async function trace(pid: number): Promise<Tracing> {
  const tracer = spawn('strace', ['-f', '-qq', '-v', '-s', '64', '-p', String(pid)], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' },
  });
  const calls: Call[] = [];
  const lastOf = new Map<string, number>();
  /** A call that another process's line came between, by process. */
  const begun = new Map<string, { name: string; args: string }>();
  const attached = Promise.withResolvers<void>();
  const lines = createInterface({ input: tracer.stderr });
  lines.on('line', (line) => {
    // Its first word is that it holds the process, or a call of it.
    attached.resolve();
    const [, own = '', text = ''] = /^(?:\[pid +(\d+)\] )?(.*)$/.exec(line) ?? [];
    const whole = /^(\w+)\((.*)\) += (.*)$/.exec(text);
    const resumed = /^<\.\.\. (\w+) resumed>(.*)\) += (.*)$/.exec(text);
    const opened = /^(\w+)\((.*?)(?: <unfinished \.\.\.>)$/.exec(text);
    const add = (call: Call) => lastOf.set(own, calls.push(call) - 1);
    if (whole !== null) add({ name: whole[1] ?? '', args: whole[2] ?? '', result: resultOf(whole[3] ?? '') });
    else if (resumed !== null) {
      const args = `${begun.get(own)?.args ?? ''}${resumed[2] ?? ''}`;
      add({ name: resumed[1] ?? '', args, result: resultOf(resumed[3] ?? '') });
      begun.delete(own);
    } else if (opened !== null) begun.set(own, { name: opened[1] ?? '', args: opened[2] ?? '' });
    else if (/^\+\+\+ killed by SIGSYS/.test(text)) {
      // The kernel looked at the call's number and at nothing else of it; what stands for its result is a left-over.
      const last = calls[lastOf.get(own) ?? -1];
      if (last !== undefined) calls[lastOf.get(own) ?? -1] = { ...last, result: 'killed' };
    }
  });
  tracer.once('error', attached.reject);
  const ended = once(tracer, 'close').then(() => {
    attached.reject(new Error(`strace could not watch process ${pid}`));
    return calls;
  });
  ended.catch(() => undefined);
  await attached.promise;
  return { calls: ended };
}

/** `-1 EPERM (Operation not permitted)` without the words. */
function resultOf(said: string): string {
  return said.replace(/ \(.*\)$/, '').trim();
}
