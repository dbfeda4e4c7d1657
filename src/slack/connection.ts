import { setTimeout } from 'node:timers/promises';
import { WebAPIPlatformError, WebClient, type WebClientOptions } from '@slack/web-api';
import { Problem } from '../task/problem.ts';
import { Latches } from './latches.ts';
import { type Log, toSlackLogger } from './log.ts';
import { toSlackFailure } from './outgoing/slack-error.ts';

export interface ConnectionOptions {
  readonly botToken: string;
  /** Slack's Web API, `https://slack.com/api/` unless it is GovSlack's or a test's. */
  readonly apiUrl: string;
  readonly log: Log;
  /** How long a Slack that is unwell, or asks to slow down, is waited for; 0 by default. */
  readonly patienceMs?: number;
  /** Every outward call goes through it: the place for a proxy and the host's certificates. */
  readonly fetch?: WebClientOptions['fetch'];
}

export interface Connection {
  /** Tries each call once: a repeated post would show twice, so whoever calls decides. */
  readonly client: WebClient;
  /** For calls that change nothing; tries three times. */
  readonly reader: WebClient;
  readonly userId: string;
  readonly botId: string | null;
  readonly teamId: string;
  /** `https://acme.slack.com/` */
  readonly url: string | null;
  /** What this workspace turned out to lack. */
  readonly latches: Latches;
}

/** Calls Slack's Web API as the bot. Throws `Problem` when Slack refuses the token or can't be reached. */
export async function connectSlack(options: ConnectionOptions): Promise<Connection> {
  const client = new WebClient(options.botToken, clientOptions(options, 0));
  const reader = new WebClient(options.botToken, clientOptions(options, 2));
  const self = await signIn(reader, options.patienceMs ?? 0).catch((error: unknown) => {
    throw refusedToken('SLACK_BOT_TOKEN', options.apiUrl, error);
  });
  if (self.user_id === undefined || self.team_id === undefined) {
    throw refusedToken('SLACK_BOT_TOKEN', options.apiUrl, new Error('the answer names no bot user'));
  }
  return {
    client,
    reader,
    userId: self.user_id,
    botId: self.bot_id ?? null,
    teamId: self.team_id,
    url: self.url ?? null,
    latches: new Latches(options.log),
  };
}

/** Nobody else tries again with this token, so a Slack that is unwell for a moment must not end the process that asks. */
async function signIn(reader: WebClient, patienceMs: number): ReturnType<WebClient['auth']['test']> {
  const giveUpAt = performance.now() + patienceMs;
  for (let pauseMs = 500; ; pauseMs *= 2) {
    try {
      return await reader.auth.test();
    } catch (error) {
      const failure = toSlackFailure(error);
      const waitMs = failure.type === 'rate_limited' ? failure.afterMs : pauseMs;
      const passes = failure.type === 'rate_limited' || failure.type === 'transient';
      if (!passes || performance.now() + waitMs > giveUpAt) throw error;
      await setTimeout(waitMs);
    }
  }
}

/** A new object each time: Slack's libraries write into the one they get. No `headers`: two clients would share a token. */
export function clientOptions(
  { apiUrl, log, fetch }: Omit<ConnectionOptions, 'botToken'>,
  retries: number,
): WebClientOptions {
  return {
    slackApiUrl: apiUrl.endsWith('/') ? apiUrl : `${apiUrl}/`,
    retryConfig: { retries, factor: 2, minTimeout: 300, maxTimeout: 2_000 },
    timeout: 10_000,
    rejectRateLimitedCalls: true,
    logger: toSlackLogger(log, 'web-api'),
    ...(fetch === undefined ? {} : { fetch }),
  };
}

export function refusedToken(name: string, apiUrl: string, cause: unknown): Problem {
  const refused = cause instanceof WebAPIPlatformError;
  const found = refused ? `Slack answered ${cause.data.error}` : `${apiUrl} can't be reached`;
  return new Problem(
    {
      code: refused ? 'slack_token' : 'slack_unreachable',
      sentence: `Errand could not sign in to Slack with ${name}: ${found}.`,
      next: refused
        ? `Copy ${name} again from the app's settings, install the app in the workspace, and start anew.`
        : 'Check the network, HTTPS_PROXY and SLACK_API_URL; npm run doctor tells more.',
    },
    { retry: !refused, cause },
  );
}
