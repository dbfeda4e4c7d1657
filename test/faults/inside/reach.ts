import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { basename } from 'node:path';
import { type Armed, armedAt, claim, concerns, noteWalked, walker } from './armed.ts';

/** Longer than the locks on jobs and lanes last, and than whoever calls waits for Redis. */
export const hangSeconds = 20;

const hourMs = 3_600_000;

const me = nameOfProcess();
const passed = new Map<string, number>();

/** A step boundary: the calling process is about to do `point`, or has just done it. Strikes where the suite armed it. */
export async function reach(point: string, when: Armed['when'], facts: unknown, away: () => Error): Promise<void> {
  const name = `${me} ${point}`;
  let words: string | undefined;
  const said = () => {
    words ??= toWords(facts);
    return words;
  };
  const walking = walker();
  if (walking !== undefined) noteWalked(name, when, concerns(walking, said()));
  for (const armed of armedAt(name, when)) {
    if (!armed.anybody && !concerns(armed, said())) continue;
    const before = passed.get(armed.name) ?? 0;
    passed.set(armed.name, before + 1);
    if (before < armed.skip || !claim(armed)) continue;
    await strike(armed, away);
  }
}

async function strike({ kind }: Armed, away: () => Error): Promise<void> {
  switch (kind) {
    case 'throw':
      throw away();
    case 'exit':
      process.exit(1);
      break;
    case 'kill':
      process.kill(process.pid, 'SIGKILL');
      break;
    case 'hang': {
      // The whole process stops, its timers and its locks' renewal with it, and later goes on where it stood.
      const waker = spawn('sh', ['-c', `sleep ${hangSeconds}; kill -CONT ${process.pid}`], {
        stdio: 'ignore',
        detached: true,
      });
      await once(waker, 'spawn');
      waker.unref();
      process.kill(process.pid, 'SIGSTOP');
      break;
    }
    case 'an-hour-later':
    case 'an-hour-earlier': {
      const now = Date.now;
      Date.now = () => now() + (kind === 'an-hour-later' ? hourMs : -hourMs);
      break;
    }
    default:
      kind satisfies never;
  }
}

/** All that a call was told and answered, as far as it can be put into words. */
function toWords(facts: unknown): string {
  const seen = new Set<unknown>();
  const plain = (_key: string, value: unknown): unknown => {
    if (typeof value === 'bigint') return String(value);
    if (typeof value !== 'object' || value === null) return value;
    if (seen.has(value)) return undefined;
    seen.add(value);
    if (value instanceof AbortSignal) return undefined;
    if (value instanceof URLSearchParams) return Object.fromEntries(value);
    if (value instanceof Map || value instanceof Set) return [...value];
    return value;
  };
  try {
    return JSON.stringify(facts, plain) ?? '';
  } catch {
    return '';
  }
}

function nameOfProcess(): string {
  const [, program = '', role = 'errand'] = process.argv;
  return basename(program) === 'broker-main.ts' ? 'broker' : role;
}
