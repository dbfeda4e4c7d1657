import { z } from 'zod';
import * as real from '../../../../../src/store/store.ts';
import { broken, noteTask } from '../../armed.ts';
import { pointed, problem } from '../../pointed.ts';

export * from '../../../../../src/store/store.ts';

const created = z.object({ id: z.string(), parts: z.tuple([z.object({ repository: z.string() })]).rest(z.unknown()) });
const event = z.object({ type: z.string() });
const row = z.object({ key: z.string() });

export function createStore(...given: Parameters<typeof real.createStore>): real.Store {
  const store = real.createStore(...given);
  const away = problem('redis_down', 'Errand could not reach its store (Redis), which the suite took away.');
  const { tasks } = store;
  const noting = new Proxy(tasks, {
    get: (of, name) =>
      name !== 'create'
        ? Reflect.get(of, name)
        : (...args: Parameters<typeof tasks.create>) => {
            const [task, rows] = args;
            const { id, parts } = created.parse(task);
            noteTask(id, parts[0].repository.replace('acme/', ''));
            const { origin } = task;
            // `no-natural-key`: nothing tells a request that came before.
            const key = broken() === 'no-natural-key' ? `${origin.key}:${id}` : origin.key;
            return tasks.create({ ...task, origin: { ...origin, key } }, rows);
          },
  });
  return {
    ...store,
    tasks: pointed('tasks', noting, {
      away,
      except: ['watch'],
      detail: (method, args) => (method === 'apply' ? event.parse(args[1]).type : undefined),
    }),
    inbox: pointed('inbox', store.inbox, { away }),
    outbox: pointed('outbox', store.outbox, {
      away,
      except: ['watch'],
      detail: (method, args) =>
        method === 'attempting' || method === 'delivered' ? row.parse(args[1]).key.split('-')[0] : undefined,
    }),
    ledger: pointed('ledger', store.ledger, { away }),
    files: pointed('files', store.files, { away }),
    turnstile: pointed('turnstile', store.turnstile, { away }),
    attestations: pointed('attestations', store.attestations, { away }),
  };
}
