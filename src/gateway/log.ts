import type { Redactor } from './redact.ts';

const levels = { info: 30, warn: 40, error: 50 } as const;

export type Log = (level: keyof typeof levels, message: string, fields?: Readonly<Record<string, unknown>>) => void;

/** Writes pino's line format; loading pino itself would double the time until a task has its network. */
export function makeLog(write: (line: string) => void, redactor: Redactor, task: string): Log {
  return (level, message, fields = {}) => {
    const line = { level: levels[level], time: Date.now(), name: 'gateway', task, ...fields, msg: message };
    write(`${redactor.text(JSON.stringify(line))}\n`);
  };
}
