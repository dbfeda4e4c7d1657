import { type Logger, LogLevel } from '@slack/bolt';

/** Structured, as pino writes it. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Slack's libraries log lines; they become messages of ours. Their debug lines hold whole payloads, so those are dropped. */
export function toSlackLogger(log: Log, name: string): Logger {
  const line = (parts: unknown[]) => parts.map(String).join(' ');
  return {
    debug: () => undefined,
    info: (...parts) => log.debug({ from: name }, line(parts)),
    warn: (...parts) => log.warn({ from: name }, line(parts)),
    error: (...parts) => log.error({ from: name }, line(parts)),
    setLevel: () => undefined,
    getLevel: () => LogLevel.INFO,
    setName: () => undefined,
  };
}
