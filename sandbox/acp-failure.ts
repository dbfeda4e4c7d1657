import { RequestError } from '@agentclientprotocol/sdk';
import { type FailureCode, RunFailure } from './failure.ts';
import { oneLine } from './text.ts';
import type { ModelAnswer } from './wire.ts';

const authRequired = RequestError.authRequired().code;

/**
 * Says why an agent gave up. What the model endpoint last answered on the wire counts for more than the agent's words, which
 * lose status codes; the words are quoted, shortened. `claim` is the agent's last message: some agents say an error as one.
 */
export function explain(error: unknown, context: { failure: ModelAnswer | null; claim: string }): RunFailure {
  if (error instanceof RunFailure) return error;
  const status = context.failure?.status ?? null;
  const words = oneLine(toWords(error) || (status === null ? '' : context.claim), 300);
  const quoted = words === '' ? '.' : `: ${words}`;
  const fail = (code: FailureCode, sentence: string) => new RunFailure(code, sentence + quoted, { cause: error });
  if (status === 401 || status === 403) return fail('agent_auth', `The model endpoint refused the key (${status})`);
  if (status !== null && (status >= 500 || status === 408 || status === 429)) {
    return fail('model_down', `The model endpoint does not serve requests (${status})`);
  }
  if (status !== null) return fail('agent_error', `The model endpoint refused the request (${status})`);
  if (error instanceof RequestError && error.code === authRequired)
    return fail('agent_auth', 'The agent asked to sign in');
  return fail('agent_error', 'The agent stopped with an error');
}

function toWords(error: unknown): string {
  if (error === null || (error instanceof RequestError && error.code === authRequired)) return '';
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/^Internal error(: |$)/, '');
}
