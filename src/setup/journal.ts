import { spawn } from 'node:child_process';
import { existsSync, openSync, readFileSync, writeSync } from 'node:fs';
import { Problem } from '../task/problem.ts';

/** Tells the person a line a step, and keeps every detail in a file. */
export interface Journal {
  readonly file: string;
  say(line: string): void;
  note(text: string): void;
  /** Runs a command to its end with its output in the file; throws a `Problem` that shows the output's end. */
  run(command: string, args: readonly string[], options?: RunOptions): Promise<void>;
  /** Runs a command and takes what it prints; its errors go to the file. */
  read(command: string, args: readonly string[], options?: RunOptions): Promise<string>;
}

export interface RunOptions {
  readonly env?: Record<string, string>;
  readonly cwd?: string;
}

/** Appends to `file`, whose folder exists. */
export function openJournal(file: string, say: (line: string) => void): Journal {
  const fd = openSync(file, 'a', 0o600);
  const note = (text: string) => void writeSync(fd, text.endsWith('\n') ? text : `${text}\n`);
  async function run(command: string, args: readonly string[], options: RunOptions, out: number | 'pipe') {
    const shown = [command, ...args].join(' ');
    note(`$ ${shown}  # ${new Date().toISOString()}`);
    const child = spawn(command, args, {
      stdio: ['ignore', out, fd],
      env: { ...process.env, ...options.env },
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    const printed: Buffer[] = [];
    child.stdout?.on('data', (chunk: Buffer) => printed.push(chunk));
    const ended = await new Promise<string | number | null>((done) => {
      child.once('error', (error) => done(error.message));
      child.once('close', (code, signal) => done(code ?? signal));
    });
    if (ended === 0) return Buffer.concat(printed).toString();
    throw new Problem({
      code: 'command',
      sentence: `\`${shortened(shown)}\` ended with ${ended}:\n${lastLines(file, 12)}`,
      next: `All of its output is in ${file}.`,
    });
  }
  return {
    file,
    note,
    say(line) {
      note(`== ${new Date().toISOString()} ${line}`);
      say(line);
    },
    run: async (command, args, options = {}) => void (await run(command, args, options, fd)),
    read: (command, args, options = {}) => run(command, args, options, 'pipe'),
  };
}

/** The end of a log, indented for showing below a sentence; empty when there is no log. */
export function lastLines(file: string, count: number): string {
  if (!existsSync(file)) return '';
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n').slice(-count);
  return lines.map((line) => `  ${line.slice(0, 300)}`).join('\n');
}

function shortened(text: string): string {
  return text.length > 160 ? `${text.slice(0, 160)}…` : text;
}
