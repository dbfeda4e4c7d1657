import type { ProviderKind } from './policy.ts';

/** A model call that the gateway passes on, or answers itself (`hello`). */
export interface ModelRoute {
  readonly provider: string;
  readonly call: 'messages' | 'count_tokens' | 'responses' | 'chat' | 'models' | 'hello';
  /** The model that a path names, `/v1/models/<model>`; null for all others. */
  readonly model: string | null;
  readonly query: string | null;
}

export type Routing =
  | { readonly type: 'route'; readonly route: ModelRoute }
  | { readonly type: 'refused'; readonly status: 400 | 403 | 404 | 405; readonly sentence: string };

interface Rule {
  readonly method: 'GET' | 'POST' | 'HEAD';
  readonly path: RegExp;
  readonly call: ModelRoute['call'];
}

const model = '[A-Za-z0-9._:@-]{1,128}';

/** All that a task can ask of a provider. Files, batches, fine-tuning and the rest are ways out for data, and absent. */
const rules: Readonly<Record<ProviderKind, readonly Rule[]>> = {
  anthropic: [
    { method: 'POST', path: /^\/v1\/messages$/, call: 'messages' },
    { method: 'POST', path: /^\/v1\/messages\/count_tokens$/, call: 'count_tokens' },
    { method: 'GET', path: new RegExp(`^/v1/models(/${model})?$`), call: 'models' },
    // Claude Code asks this before anything else; the gateway answers it.
    { method: 'HEAD', path: /^\/api\/hello$/, call: 'hello' },
  ],
  openai: [
    { method: 'POST', path: /^\/v1\/responses$/, call: 'responses' },
    { method: 'POST', path: /^\/v1\/chat\/completions$/, call: 'chat' },
    { method: 'GET', path: new RegExp(`^/v1/models(/${model})?$`), call: 'models' },
  ],
};

/**
 * Finds the route of a request line, as it came on the wire: the path is compared, never normalised, so that nothing which
 * needs decoding to be dangerous can match.
 */
export function findRoute(
  method: string,
  target: string,
  kindOf: (provider: string) => ProviderKind | undefined,
): Routing {
  const parts = /^\/([a-z0-9-]{1,40})(\/[^?#]*)(?:\?([A-Za-z0-9_=&.,-]{0,512}))?$/.exec(target);
  if (parts === null) return refused(400, 'The path is not one that this gateway reads.');
  const [, provider = '', path = '', query] = parts;
  if (/\/\.|\.\/|\/\/|[\\%;]/.test(path)) return refused(400, 'The path is not one that this gateway reads.');
  const kind = kindOf(provider);
  if (kind === undefined) return refused(404, `This task has no model provider named ${provider}.`);
  const onPath = rules[kind].filter((rule) => rule.path.test(path));
  const rule = onPath.find((each) => each.method === method);
  if (rule === undefined) {
    return onPath.length > 0
      ? refused(405, `${method} is not open here.`)
      : refused(403, 'This path is not open to a task: only model calls are.');
  }
  const model = rule.call === 'models' ? (path.split('/')[3] ?? null) : null;
  return { type: 'route', route: { provider, call: rule.call, model, query: query ?? null } };
}

function refused(status: 400 | 403 | 404 | 405, sentence: string): Routing {
  return { type: 'refused', status, sentence };
}
