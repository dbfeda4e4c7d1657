import { WebAPIPlatformError } from '@slack/web-api';
import type { Log } from './log.ts';

interface OptionalCall {
  /** Slack's answers after which the call is not made again by this process. */
  readonly codes: readonly string[];
  /** What is missing without it, and what whoever runs Errand can do. */
  readonly without: string;
}

/** It does not exist here, or this app may not: nothing that another try would change. Refusals of one file or channel are others. */
const never = ['unknown_method', 'missing_scope', 'not_allowed_token_type'];
/** What Slack answers where an app was not declared as an agent, or a workspace's plan has none. */
const noAgents = ['feature_disabled', 'feature_not_enabled', 'not_agent_app', 'not_authorized', 'thread_ts_required'];

/** What Errand can do without, by method. Everything else that Slack refuses is somebody's business. */
export const optionalCalls = {
  'agents.sessions.setStatus': {
    codes: [...never, ...noAgents],
    without:
      "Slack's own list shows no states of tasks, and its Stop is missing; the threads show both. For it, take manifest.yml on a paid plan.",
  },
  'assistant.threads.setStatus': {
    codes: [...never, ...noAgents],
    without: 'Nothing shows in the seconds before a request is answered. For it, take manifest.yml on a paid plan.',
  },
  'reactions.add': {
    codes: never,
    without: 'A reply that an agent has read gets no mark. For it, give the app the scope reactions:write.',
  },
  'reactions.remove': {
    codes: never,
    without: 'Marks on replies stay. To have them taken off, give the app the scope reactions:write.',
  },
  'conversations.join': {
    codes: never,
    without:
      'Errand shows tasks only in channels that it was invited to. For more, give the app the scope channels:join.',
  },
  'conversations.open': {
    codes: never,
    without:
      'A direct message whose delivery Slack did not confirm is sent again without a look whether it arrived. For that look, give the app the scope im:write.',
  },
  'files.info': {
    codes: never,
    without: 'Attached files are not read. For it, give the app the scope files:read and install it again.',
  },
} as const satisfies Record<string, OptionalCall>;

export type OptionalCallName = keyof typeof optionalCalls;

/** Which optional calls this workspace has refused for good. One a process: the next start tries again. */
export class Latches {
  readonly #off = new Set<OptionalCallName>();
  readonly #log: Pick<Log, 'info'>;

  constructor(log: Pick<Log, 'info'>) {
    this.#log = log;
  }

  isOff(call: OptionalCallName): boolean {
    return this.#off.has(call);
  }

  /** True when the error says that this workspace lacks the call. The first time it is logged, and from then on the call is off. */
  refuse(call: OptionalCallName, error: unknown): boolean {
    if (!(error instanceof WebAPIPlatformError)) return false;
    const { codes, without }: OptionalCall = optionalCalls[call];
    const code = error.data.error;
    if (!codes.includes(code)) return false;
    if (!this.#off.has(call)) this.#log.info({ method: call, code }, `Slack has no ${call} here. ${without}`);
    this.#off.add(call);
    return true;
  }
}
