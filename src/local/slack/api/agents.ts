import { z } from 'zod';
import { limits } from '../limits.ts';
import { Refused } from '../refused.ts';
import type { AgentSession } from '../workspace.ts';
import { type Api, joinedChannel, type Method, method, text } from './method.ts';

const title = z.string().max(limits.sessionTitleChars);
const thread = { channel_id: text, thread_ts: text };
const noThread = { thread_ts: 'thread_ts_required', channel_id: 'channel_not_found' };

/** The root of a thread that the bot can write in. Throws what Slack says otherwise. */
function threadOf(api: Api, args: { channel_id: string; thread_ts: string }) {
  if (!api.agentSessions) throw new Refused('feature_disabled');
  const channel = joinedChannel(api, args.channel_id);
  const root = api.store.message(channel.id, args.thread_ts);
  if (root === undefined) throw new Refused('thread_not_found');
  return { channel, root };
}

export const agents: Readonly<Record<string, Method>> = {
  'assistant.threads.setStatus': method({
    writes: true,
    args: {
      ...thread,
      status: z.string(),
      loading_messages: z.array(z.string()).max(limits.loadingMessages).optional(),
    },
    missing: { channel_id: 'channel_not_found', thread_ts: 'invalid_thread_ts' },
    run(api, args) {
      const channel = joinedChannel(api, args.channel_id);
      if (api.store.message(channel.id, args.thread_ts) === undefined) throw new Refused('invalid_thread_ts');
      api.store.setStatus(channel.id, args.thread_ts, args.status);
      return {};
    },
  }),
  'agents.sessions.setStatus': method({
    writes: true,
    args: {
      ...thread,
      status: z.enum(['processing', 'active', 'suspended', 'closed']),
      title: title.optional(),
      initiator_user_id: text.optional(),
    },
    missing: { ...noThread, status: 'invalid_status' },
    run(api, args) {
      const { channel, root } = threadOf(api, args);
      const { initiator_user_id: initiator } = args;
      if (initiator !== undefined && !channel.members.includes(initiator)) throw new Refused('user_not_in_channel');
      const known = api.store.session(channel.id, root.ts);
      const session: AgentSession = {
        channel: channel.id,
        thread_ts: root.ts,
        status: args.status,
        // Both hold from the session's first call on; a title changes by `rename` alone.
        title: known?.title ?? args.title ?? '',
        initiator: known?.initiator ?? initiator ?? null,
        since: api.store.clock.now(),
      };
      api.store.putSession(session);
      const deaf = args.status === 'processing' && !api.hears('agent_session_stopped');
      const warning = 'missing_agent_session_stopped_event_subscription';
      return {
        status: session.status,
        agent_status: session.status,
        title: session.title,
        ...(deaf && { warning, response_metadata: { warnings: [warning] } }),
      };
    },
  }),
  'agents.sessions.rename': method({
    writes: true,
    args: { ...thread, title: title.min(1) },
    missing: { ...noThread, title: 'invalid_title' },
    run(api, args) {
      const { channel, root } = threadOf(api, args);
      const known = api.store.session(channel.id, root.ts);
      if (known === undefined) throw new Refused('session_not_found');
      api.store.putSession({ ...known, title: args.title });
      return { title: args.title };
    },
  }),
  'apps.connections.open': method({
    token: 'app',
    args: {},
    run(api) {
      const url = api.openSocket();
      if (url === null) throw new Refused('socket_mode_disabled');
      return { url };
    },
  }),
};
