import { type DestinationStream, type Logger, pino } from 'pino';
import { parseTaskId } from '../task/ids.ts';
import { fieldsWithin } from './log-context.ts';
import type { Metrics } from './metrics.ts';

export interface LogOptions {
  readonly level: string;
  /** Takes secrets out of each line. */
  readonly redact: (text: string) => string;
  readonly metrics: Pick<Metrics, 'logLines'>;
  /** This process's output where none is given. */
  readonly to?: DestinationStream;
}

/** A JSON object a line, each with the task and run that it is about, whichever part of the program writes it. */
export function openLog(name: string, { level, redact, metrics, to = pino.destination(1) }: LogOptions): Logger {
  return pino(
    {
      name,
      level,
      hooks: { streamWrite: redact },
      mixin: (_fields, written) => {
        metrics.logLines.inc({ level: pino.levels.labels[written] ?? 'other' });
        return fieldsWithin();
      },
      formatters: { log: withTask },
    },
    to,
  );
}

/** What is said of a task goes out in a lane of its name. */
function withTask(fields: Record<string, unknown>): Record<string, unknown> {
  const { task, lane } = fields;
  return task === undefined && typeof lane === 'string' && parseTaskId(lane) !== undefined
    ? { ...fields, task: lane }
    : fields;
}
