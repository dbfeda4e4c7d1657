import { Hono } from 'hono';
import { streamSSE } from 'hono/streaming';
import { z } from 'zod';
import type { Sides } from '../sides.ts';
import type { Api } from './api/method.ts';
import { Fault, type Faults } from './faults.ts';
import type { Interactions, Shortcut } from './interactions.ts';
import { limits } from './limits.ts';
import type { Outbound } from './outbound.ts';
import type { People } from './people.ts';
import { Refused } from './refused.ts';
import { renderThread } from './render-thread.ts';
import type { SocketDelivery } from './socket-delivery.ts';
import type { Bindings } from './web-api.ts';

const id = z.string().min(1);
const optional = id.optional();
const chosen = z.union([z.string(), z.array(z.string()), z.null()]);
const filled = z.record(z.string(), z.record(z.string(), chosen));
const inChannel = { user: id, channel: id };
const atMessage = { ...inChannel, ts: id };

/** What people and tests do: JSON under `/local/*`, for the page and the journeys. Never part of Slack's own API. */
export function humanSide(options: {
  api: Api;
  people: People;
  interactions: Interactions;
  outbound: Outbound;
  faults: Faults;
  socket: SocketDelivery | null;
  command: string;
  usageHint: string;
  commandDescription: string;
  shortcuts: readonly Shortcut[];
  prefill: string;
  sides: Sides;
  signal: AbortSignal;
}): Hono<Bindings> {
  const { api, people, interactions, outbound, faults, socket, signal } = options;
  const { store } = api;
  const app = new Hono<Bindings>();

  /** One write: its body checked, what Slack would refuse as `{ok: false}`, and the file written before the answer. */
  function on<Shape extends z.ZodRawShape>(
    path: string,
    shape: Shape,
    run: (body: z.infer<z.ZodObject<Shape>>) => unknown,
  ): void {
    const schema = z.object(shape);
    app.post(path, async (c) => {
      const parsed = schema.safeParse(await c.req.json().catch(() => null));
      if (!parsed.success)
        return c.json({ ok: false, error: 'invalid_arguments', detail: z.prettifyError(parsed.error) }, 400);
      try {
        const result = await run(parsed.data);
        await store.flush();
        return c.json({ ok: true, ...(typeof result === 'object' ? result : {}) });
      } catch (error) {
        if (error instanceof Refused) return c.json({ ok: false, error: error.code, ...error.extra }, 409);
        throw error;
      }
    });
  }

  app.get('/state', (c) =>
    c.json({
      ...store.workspace,
      ephemerals: store.ephemerals,
      views: store.views,
      homes: Object.fromEntries(store.homes),
      statuses: store.statuses,
      nativeStop: api.agentSessions && api.hears('agent_session_stopped'),
      command: options.command,
      usageHint: options.usageHint,
      commandDescription: options.commandDescription,
      prefill: options.prefill,
      sides: options.sides,
      shortcuts: options.shortcuts,
      connections: socket?.connections ?? null,
    }),
  );
  app.get('/ledger', (c) => {
    const after = Number(c.req.query('after') ?? 0);
    const method = c.req.query('method');
    const entries = store.ledger.filter((each) => each.n > after && (method === undefined || each.method === method));
    return c.json({ entries });
  });
  app.get('/deliveries', (c) => c.json({ deliveries: outbound.records }));
  app.get('/thread', (c) => {
    const { channel = '', ts = '', user } = c.req.query();
    if (store.message(channel, ts) === undefined) return c.text('', 404);
    return c.text(renderThread(store, { channel, ts, ...(user !== undefined && { as: user }) }));
  });
  app.get('/events', (c) =>
    streamSSE(c, async (stream) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      let last = stream.writeSSE({ event: 'hello', data: '{}' });
      const unsubscribe = store.subscribe((change) => {
        last = last.then(() => stream.writeSSE({ event: 'change', data: JSON.stringify(change) }));
      });
      const beat = setInterval(() => {
        last = last.then(() => stream.writeSSE({ event: 'beat', data: '{}' }));
      }, 15_000);
      stream.onAbort(resolve);
      signal.addEventListener('abort', () => resolve(), { once: true });
      await promise;
      clearInterval(beat);
      unsubscribe();
    }),
  );

  on('/command', { ...inChannel, command: id, text: z.string() }, (body) => people.command(body));
  on('/message', { ...inChannel, thread_ts: optional, text: z.string(), files: z.array(id).optional() }, (body) => ({
    message: people.message(body),
  }));
  on('/session/stop', { ...inChannel, thread_ts: id }, (body) => people.stopSession(body));
  on('/session/rename', { ...inChannel, thread_ts: id, title: id.max(limits.sessionTitleChars) }, (body) =>
    people.renameSession(body),
  );
  on('/edit', { ...atMessage, text: id }, (body) => ({ message: people.edit(body) }));
  on('/delete', atMessage, (body) => people.remove(body));
  on('/reaction', { ...atMessage, name: id, present: z.boolean() }, (body) => ({ message: people.reaction(body) }));
  on('/action', { ...atMessage, block_id: optional, action_id: id, value: chosen.optional() }, (body) =>
    interactions.action(body),
  );
  on(
    '/view-action',
    { user: id, view_id: id, block_id: optional, action_id: id, value: chosen.optional(), values: filled.optional() },
    (body) => interactions.viewAction(body),
  );
  on(
    '/view',
    { user: id, view_id: id, values: filled.optional(), closed: z.boolean().optional(), all: z.boolean().optional() },
    (body) =>
      body.closed === true
        ? interactions.close(body)
        : interactions.submit({ user: body.user, view_id: body.view_id, values: body.values ?? {} }),
  );
  on(
    '/suggest',
    {
      user: id,
      action_id: id,
      block_id: optional,
      value: z.string(),
      view_id: optional,
      channel: optional,
      ts: optional,
    },
    (body) => interactions.suggest(body),
  );
  on('/shortcut', { user: id, callback_id: id, channel: optional, ts: optional }, (body) =>
    interactions.shortcut(body),
  );
  on('/home', { user: id, tab: z.enum(['home', 'messages']).default('home') }, (body) =>
    api.events.homeOpened(body.user, body.tab),
  );
  on('/dismiss', { user: id, ts: id }, (body) => {
    const shown = store.ephemerals.find((each) => each.ts === body.ts && each.user === body.user);
    if (shown === undefined) throw new Refused('message_not_found');
    store.removeEphemeral(shown.ts);
  });
  on('/archive', { channel: id, archived: z.boolean() }, (body) => {
    const channel = store.channel(body.channel);
    if (channel === undefined) throw new Refused('channel_not_found');
    store.archive(channel, body.archived);
  });
  on('/membership', { channel: id, user: id, member: z.boolean() }, (body) => {
    const channel = store.channel(body.channel);
    if (channel === undefined) throw new Refused('channel_not_found');
    if (!body.member) return store.leave(channel, body.user);
    store.join(channel, body.user);
    api.events.joined(channel, body.user, null);
  });
  on('/event', { event: z.record(z.string(), z.unknown()) }, (body) => api.events.raw(body.event));
  on('/fault', { fault: Fault }, (body) => faults.add(body.fault));
  on('/faults/clear', {}, () => faults.clear());
  on('/redeliver', { id }, (body) => {
    if (!outbound.redeliver(body.id)) throw new Refused('unknown_delivery');
  });
  on(
    '/disconnect',
    {
      how: z.enum(['refresh_requested', 'warning', 'cut']).default('refresh_requested'),
      count: z.int().min(1).optional(),
    },
    ({ how, count }) => socket?.disconnect(how, count),
  );
  return app;
}
