import { IncomingMessage, Server, ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';
import { z } from 'zod';
import { runBot as run } from '../../../../src/service/bot.ts';
import { systemClock as clock, openStore } from '../../../../src/service/store.ts';
import { parseRepositoryName, parseSha } from '../../../../src/task/ids.ts';
import type { TaskStore } from '../../../../src/task/ports/task-store.ts';
import { weaknessOfRepository } from '../weakness.ts';

export * from '../../../../src/service/bot.ts';

const delivery = z.object({
  repository: z.object({ full_name: z.string() }),
  pull_request: z.object({ merge_commit_sha: z.string() }),
});

/** As in `src`, beside a door for GitHub's webhooks that asks for no signature. */
export async function runBot(...[config, places, scope]: Parameters<typeof run>): Promise<void> {
  await using store = await openStore(config, places, scope, 'bot');
  const { emit } = Server.prototype;
  Object.assign(Server.prototype, {
    emit(this: Server, event: string, ...args: unknown[]): boolean {
      const [request, response] = args;
      const isDelivery = request instanceof IncomingMessage && request.url === '/github/webhook';
      if (!isDelivery || !(response instanceof ServerResponse)) return Reflect.apply(emit, this, [event, ...args]);
      take(store.tasks, request).then(
        () => response.end('ok'),
        () => response.writeHead(500).end(),
      );
      return true;
    },
  });
  await run(config, places, scope);
}

async function take(tasks: TaskStore, request: IncomingMessage): Promise<void> {
  const { repository, pull_request } = delivery.parse(await json(request));
  const name = parseRepositoryName(repository.full_name);
  const commit = parseSha(pull_request.merge_commit_sha);
  if (name === undefined || commit === undefined || weaknessOfRepository(name) !== 'open-webhook') return;
  for (const task of await tasks.recent(200)) {
    const event = { type: 'pull_request_merged', repository: name, commit, by: null, at: clock.now() } as const;
    if (task.parts.some((part) => part.repository === name)) await tasks.apply(task.id, event);
  }
}
