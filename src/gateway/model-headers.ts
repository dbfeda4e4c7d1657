import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import type { Provider } from './policy.ts';
import type { Redactor } from './redact.ts';

/** Named one by one: what isn't here, every kind of credential above all, never leaves. */
const toProvider =
  /^(accept|content-type|user-agent|anthropic-version|anthropic-beta|x-app|x-stainless-[a-z-]+|x-claude-code-[a-z-]+|openai-beta|originator|(session|thread|conversation)[-_]id|x-client-request-id|x-codex-[a-z-]+|x-openai-internal-codex-[a-z-]+)$/;

/** Without the names of the account and its organisation. */
const toTask =
  /^(content-type|request-id|x-request-id|retry-after|retry-after-ms|x-should-retry|anthropic-ratelimit-[a-z-]+|x-ratelimit-[a-z-]+|openai-(processing-ms|version|model))$/;

/** Whether a request shows the task's own key, and no other. */
export function holdsKey({ headers }: IncomingMessage, dummyKey: string): boolean {
  const shown = [headers['x-api-key'], headers.authorization?.replace(/^bearer +/i, '')].filter(
    (key) => key !== undefined,
  );
  return shown.length > 0 && shown.every((key) => key === dummyKey);
}

export function forwardedHeaders(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  const passed = Object.entries(headers).filter(([name]) => toProvider.test(name));
  // The answer is read as it passes, so it must come as it is.
  return { ...Object.fromEntries(passed), 'accept-encoding': 'identity' };
}

/** How the key is shown, and what the configuration adds to every call. */
export function authHeaders({
  kind,
  key,
  auth,
  headers,
}: Pick<Provider, 'kind' | 'key' | 'auth' | 'headers'>): OutgoingHttpHeaders {
  const standard = kind === 'anthropic' ? { header: 'x-api-key', scheme: null } : undefined;
  return { ...headers, ...showKey({ key, auth: auth ?? standard }) };
}

/** The one header that holds the key; none where none is needed. */
export function showKey({ key, auth }: Pick<Provider, 'key' | 'auth'>): OutgoingHttpHeaders {
  const { header, scheme } = auth ?? { header: 'authorization', scheme: 'Bearer' };
  return key === null ? {} : { [header]: scheme === null ? key : `${scheme} ${key}` };
}

export function answerHeaders(headers: IncomingHttpHeaders, redactor: Redactor): OutgoingHttpHeaders {
  const passed = Object.entries(headers).filter(([name, value]) => toTask.test(name) && value !== undefined);
  return Object.fromEntries(passed.map(([name, value]) => [name, redactor.text(String(value))]));
}
