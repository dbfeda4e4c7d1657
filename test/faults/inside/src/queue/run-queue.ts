import { z } from 'zod';
import * as real from '../../../../../src/queue/run-queue.ts';
import { detour } from '../../armed.ts';
import { pointed, problem } from '../../pointed.ts';
import { reach } from '../../reach.ts';

export * from '../../../../../src/queue/run-queue.ts';

const job = z.object({ type: z.string() });
const away = problem('redis_down', 'Errand could not reach its queue (Redis), which the suite took away.');

type Queue = ReturnType<typeof real.createRunQueue>;

/** Handing a job over is a boundary as well: before its worker does anything, and after all, when the queue does not know yet. */
export function createRunQueue(options: real.RunQueueOptions): Queue {
  const queue = real.createRunQueue({ ...options, url: detour(options.url) });
  const handing: Queue = {
    ...queue,
    work: (...[type, handle, options]: Parameters<Queue['work']>) =>
      queue.work(
        type,
        async (taken, signal) => {
          await reach(`queue.job (${type})`, 'before', taken, away);
          await handle(taken, signal);
          await reach(`queue.job (${type})`, 'after', taken, away);
        },
        options,
      ),
  };
  return pointed('queue', handing, {
    away,
    except: ['work'],
    detail: (method, args) => (method === 'wake' ? job.parse(args[0]).type : undefined),
  });
}
