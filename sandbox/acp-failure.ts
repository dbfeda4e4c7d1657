import { RequestError } from '@agentclientprotocol/sdk';
import { RunFailure } from './failure.ts';
import { oneLine } from './text.ts';
import type { ModelAnswer } from './wire.ts';

const authRequired = RequestError.authRequired().code;

/**
 * Says why an agent gave up. What the model endpoint last answered on the wire counts for more than the agent's words, which
 * lose status codes; the words are quoted, shortened.
 */
export function explain(error: unknown, context: { answer: ModelAnswer | null; words: string }): RunFailure {
  if (error instanceof RunFailure) return error;
  const { answer } = context;
  const said = [error instanceof Error ? error.message : String(error), dataOf(error), context.words].join(' ');
  const quoted = quote(context.words, error);
  const status = answer !== null && answer.status >= 400 ? answer.status : null;
  if (status === 401 || status === 403) {
    return new RunFailure('agent_auth', `The model endpoint refused the key (${status})${quoted}`, { cause: error });
  }
  if (status !== null && (status >= 500 || status === 429)) {
    return new RunFailure('model_down', `The model endpoint does not serve requests (${status})${quoted}`, {
      cause: error,
    });
  }
  if (error instanceof RequestError && error.code === authRequired) {
    return new RunFailure('agent_auth', `The agent asked to sign in${quoted}`, { cause: error });
  }
  if (/ECONNREFUSED|ECONNRESET|ENOTFOUND|fetch failed|stream disconnected|connection error/i.test(said)) {
    return new RunFailure('model_down', `The model endpoint could not be reached${quoted}`, { cause: error });
  }
  return new RunFailure('agent_error', `The agent stopped with an error${quoted}`, { cause: error });
}

function quote(words: string, error: unknown): string {
  const own = oneLine(words, 300) || oneLine(error instanceof Error ? error.message : String(error), 300);
  return own === '' ? '.' : `: ${own}`;
}

function dataOf(error: unknown): string {
  return error instanceof RequestError && error.data !== undefined ? JSON.stringify(error.data) : '';
}
