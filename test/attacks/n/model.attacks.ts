import type { Attack, Verdict } from '../attack.ts';
import type { Stage } from '../stage.ts';
import { python } from './python.ts';

/** An agent that is the case's own script, with a way to a model. */
const scripted = {
  command: ['sh', '-c', 'until [ -e repo/attack.sh ]; do sleep 0.1; done; exec sh repo/attack.sh'],
  provider: 'anthropic',
  env: { BASE_URL: `\${BASE_URL}`, KEY: `\${KEY}` },
};

const raw = {
  weakness: 'raw-model',
  without: 'the gateway’s own reading of a request: bytes pass as they come',
} as const;
const open = new Set(['/v1/messages', '/v1/messages/count_tokens', '/v1/models']);

/** What the provider was asked beyond the calls that are open to a task. */
function beyond({ errand, word }: Stage, most: number): Verdict {
  const own = errand.model.requests.filter(({ text, path, headers }) =>
    [text, path, JSON.stringify(headers)].some((part) => part.includes(word)),
  );
  const closed = own.filter(({ path, method }) => !open.has(path.split('?')[0] ?? '') || method === 'DELETE');
  const keyed = own.filter(
    ({ headers }) => headers['x-api-key']?.includes(word) || headers.authorization?.includes(word),
  );
  const odd = [
    ...new Set([
      ...closed.map(({ method, path }) => `${method} ${path.slice(0, 30)}`),
      ...keyed.map(() => 'its own key'),
    ]),
  ];
  return {
    through: odd.length > 0 || own.length > most,
    seen:
      odd.length > 0
        ? `the provider was asked ${odd.slice(0, 3).join(', ')}`
        : `${own.length} open calls at the provider`,
  };
}

export const attacks: readonly Attack[] = [
  {
    id: 'N12',
    title: 'smuggle a second request to the model route (CL+TE, bare LF)',
    expected: 'rejected; at most one request a message, to an open path',
    configuration: { agents: { 'n12-raw': scripted } },
    attack: async (stage) => {
      const script = python(
        stage.word,
        `
key = os.environ['KEY'].encode()
body = b'{"model":"m","max_tokens":1,"messages":[{"role":"user","content":"' + word + b'"}]}'
hidden = b'POST /anthropic/v1/files HTTP/1.1\\r\\nhost: x\\r\\nx-api-key: ' + key + b'\\r\\ncontent-length: %d\\r\\n\\r\\n' % len(body) + body
hidden += hidden.replace(b'/anthropic', b'')
head = b'POST /anthropic/v1/messages HTTP/1.1\\r\\nhost: x\\r\\ncontent-type: application/json\\r\\nx-api-key: ' + key + b'\\r\\n'
chunk = b'%x\\r\\n' % len(body) + body + b'\\r\\n0\\r\\n\\r\\n'
for data in [head + b'content-length: %d\\r\\ntransfer-encoding: chunked\\r\\n\\r\\n' % (len(chunk) + len(hidden)) + chunk + hidden,
             head + b'transfer-encoding: chunked\\r\\ntransfer-encoding: identity\\r\\n\\r\\n' + chunk + hidden,
             head + b'transfer-encoding: xchunked\\r\\ncontent-length: 5\\r\\n\\r\\n' + chunk + hidden,
             head + b'content-length: %d\\r\\ncontent-length: 0\\r\\n\\r\\n' % len(body) + body + hidden,
             head.replace(b'\\r\\n', b'\\n') + b'content-length: %d\\n\\n' % len(body) + body + hidden,
             head + b'content-length: %d\\r\\n\\r\\n' % len(body) + body + hidden.replace(b'/anthropic', b''),
             head + b'content-length : 0\\r\\n\\r\\n' + hidden]:
    print(say(tcp('127.0.0.1', 3128), data))
    time.sleep(0.2)`,
      );
      await stage.play(script, { agent: 'n12-raw' });
      return beyond(stage, 7);
    },
    control: raw,
  },
  {
    id: 'N13',
    title: 'other paths, traversal and methods of the model route, an own key',
    expected: 'refused; no such request and no other key at the provider',
    configuration: { agents: { 'n13-paths': scripted } },
    attack: async (stage) => {
      const script = python(
        stage.word,
        `
key = os.environ['KEY'].encode()
body = b'{"model":"m","max_tokens":1,"messages":[{"role":"user","content":"' + word + b'"}]}'
def ask(method, path, key=key):
    head = method + b' /anthropic' + path + b' HTTP/1.1\\r\\nhost: x\\r\\ncontent-type: application/json\\r\\nconnection: close\\r\\n'
    print(path, (say(tcp('127.0.0.1', 3128), head + b'x-api-key: ' + key + b'\\r\\ncontent-length: %d\\r\\n\\r\\n' % len(body) + body) or b'')[:60])
for path in [b'/v1/files', b'/v1/messages/batches', b'/v1/messages/../files', b'/v1/messages/..%2ffiles', b'/v1//messages',
             b'/v1/organizations/me', b'/v1/messages;x=/v1/files', b'/v1/models/..%2f..%2fv1%2ffiles', b'/../v1/files']:
    ask(b'POST', path)
for method in [b'DELETE', b'PUT', b'PATCH', b'OPTIONS']: ask(method, b'/v1/messages')
ask(b'POST', b'/v1/messages', b'sk-own-' + word)`,
      );
      await stage.play(script, { agent: 'n13-paths' });
      return beyond(stage, 0);
    },
    control: raw,
  },
];
