import { z } from 'zod';
import { limits } from '../limits.ts';
import { joinedChannel, type Method, method, Refused, text } from './method.ts';

export const agents: Readonly<Record<string, Method>> = {
  'assistant.threads.setStatus': method({
    writes: true,
    args: {
      channel_id: text,
      thread_ts: text,
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
      channel_id: text,
      thread_ts: text,
      status: z.enum(['processing', 'active', 'suspended', 'closed']),
      title: z.string().max(200).optional(),
      initiator_user_id: text.optional(),
    },
    missing: { thread_ts: 'thread_ts_required', channel_id: 'channel_not_found' },
    run(api, args) {
      if (!api.agentSessions) throw new Refused('feature_disabled');
      joinedChannel(api, args.channel_id);
      return {};
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
