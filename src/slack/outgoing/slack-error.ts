import { WebAPIHTTPError, WebAPIPlatformError, WebAPIRateLimitedError, WebAPIRequestError } from '@slack/web-api';
import { Problem } from '../../task/problem.ts';

/** What an error of a call means for whoever wants to deliver something. */
export type SlackFailure =
  | { readonly type: 'rate_limited'; readonly afterMs: number }
  /** Nobody knows whether it happened, or Slack is unwell: try again later, and not before the time that Slack gave. */
  | { readonly type: 'transient'; readonly code: string; readonly afterMs?: number }
  /** Slack takes the message, but not these blocks. */
  | { readonly type: 'blocks'; readonly code: string }
  /** The bot is no member here; somebody can invite it. */
  | { readonly type: 'not_a_member'; readonly code: string }
  /** The message to change was deleted. */
  | { readonly type: 'message_gone'; readonly code: string }
  /** The message stands, and may not be changed any more. */
  | { readonly type: 'message_closed'; readonly code: string }
  /** The message to answer was deleted, or takes no answers. */
  | { readonly type: 'thread_gone'; readonly code: string }
  /** It is as wanted already. */
  | { readonly type: 'already'; readonly code: string }
  /** The app may not do this at all until whoever runs it has changed something: no fault of what is to be said. */
  | { readonly type: 'forbidden'; readonly code: string }
  /** The token is no good any more: nothing can be delivered. */
  | { readonly type: 'signed_out'; readonly code: string }
  /** It can never be delivered. */
  | { readonly type: 'hopeless'; readonly code: string };

const kinds: Readonly<Record<Exclude<SlackFailure['type'], 'rate_limited' | 'hopeless'>, readonly string[]>> = {
  blocks: ['invalid_blocks', 'invalid_blocks_format', 'msg_blocks_too_long', 'invalid_attachments', 'block_mismatch'],
  not_a_member: ['not_in_channel', 'channel_not_found', 'user_not_in_channel'],
  message_gone: ['message_not_found'],
  message_closed: ['edit_window_closed', 'cant_update_message', 'is_inactive'],
  thread_gone: ['thread_not_found', 'invalid_thread_ts', 'cannot_reply_to_message', 'restricted_action_thread_locked'],
  forbidden: [
    'missing_scope',
    'no_permission',
    'not_allowed_token_type',
    'access_denied',
    'ekm_access_denied',
    'enterprise_is_restricted',
    'team_access_not_granted',
    'two_factor_setup_required',
    'method_deprecated',
    'deprecated_endpoint',
  ],
  already: ['already_reacted', 'no_reaction', 'already_in_channel'],
  signed_out: [
    'account_inactive',
    'token_revoked',
    'token_expired',
    'invalid_auth',
    'not_authed',
    'org_login_required',
  ],
  transient: [
    'fatal_error',
    'internal_error',
    'service_unavailable',
    'request_timeout',
    'ratelimited',
    'rate_limited',
    'message_limit_exceeded',
    'team_added_to_org',
    'accesslimited',
    'streaming_state_conflict',
  ],
};

const kindNames = [
  'blocks',
  'not_a_member',
  'message_gone',
  'message_closed',
  'thread_gone',
  'already',
  'forbidden',
  'signed_out',
  'transient',
] as const satisfies readonly (keyof typeof kinds)[];

/** An outage may come with its expected end. */
function after({ headers }: WebAPIHTTPError): { afterMs?: number } {
  const seconds = Number(headers['retry-after'] ?? 0);
  return seconds > 0 ? { afterMs: seconds * 1_000 } : {};
}

export function toSlackFailure(error: unknown): SlackFailure {
  if (error instanceof WebAPIRateLimitedError) return { type: 'rate_limited', afterMs: error.retryAfter * 1000 };
  if (error instanceof WebAPIRequestError) return { type: 'transient', code: error.original.message };
  if (error instanceof WebAPIHTTPError) return { type: 'transient', code: `HTTP ${error.statusCode}`, ...after(error) };
  if (error instanceof Problem) {
    return { type: error.retry ? 'transient' : 'hopeless', code: error.failure.code };
  }
  if (error instanceof WebAPIPlatformError) {
    const code = error.data.error;
    const found = kindNames.find((type) => kinds[type].includes(code));
    return { type: found ?? 'hopeless', code };
  }
  throw error;
}
