import { WebAPIHTTPError, WebAPIPlatformError, WebAPIRateLimitedError, WebAPIRequestError } from '@slack/web-api';
import { Problem } from '../../task/problem.ts';

/** What an error of a call means for whoever wants to deliver something. */
export type SlackFailure =
  | { readonly type: 'rate_limited'; readonly afterMs: number }
  /** Nobody knows whether it happened, or Slack is unwell: try again later. */
  | { readonly type: 'transient'; readonly code: string }
  /** Slack takes the message, but not these blocks. */
  | { readonly type: 'blocks'; readonly code: string }
  /** The bot is no member here; somebody can invite it. */
  | { readonly type: 'not_a_member'; readonly code: string }
  /** The message to change is gone, or closed to changes. */
  | { readonly type: 'message_gone'; readonly code: string }
  /** It is as wanted already. */
  | { readonly type: 'already'; readonly code: string }
  /** The token is no good any more: nothing can be delivered. */
  | { readonly type: 'signed_out'; readonly code: string }
  /** It can never be delivered. */
  | { readonly type: 'hopeless'; readonly code: string };

const kinds: Readonly<Record<Exclude<SlackFailure['type'], 'rate_limited' | 'hopeless'>, readonly string[]>> = {
  blocks: ['invalid_blocks', 'invalid_blocks_format', 'msg_blocks_too_long', 'invalid_attachments', 'block_mismatch'],
  not_a_member: ['not_in_channel', 'channel_not_found', 'user_not_in_channel'],
  message_gone: ['message_not_found', 'edit_window_closed', 'cant_update_message', 'is_inactive'],
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

export function toSlackFailure(error: unknown): SlackFailure {
  if (error instanceof WebAPIRateLimitedError) return { type: 'rate_limited', afterMs: error.retryAfter * 1000 };
  if (error instanceof WebAPIRequestError) return { type: 'transient', code: error.original.message };
  if (error instanceof WebAPIHTTPError) return { type: 'transient', code: `HTTP ${error.statusCode}` };
  if (error instanceof Problem) {
    return { type: error.retry ? 'transient' : 'hopeless', code: error.failure.code };
  }
  if (error instanceof WebAPIPlatformError) {
    const code = error.data.error;
    for (const type of ['blocks', 'not_a_member', 'message_gone', 'already', 'signed_out', 'transient'] as const) {
      if (kinds[type].includes(code)) return { type, code };
    }
    return { type: 'hopeless', code };
  }
  throw error;
}
