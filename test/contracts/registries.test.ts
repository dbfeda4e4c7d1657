import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { allRecords, type Ground, logOf, makeGround, makeOrder } from '../sandbox/ground.ts';
import { type PackageRegistry, pointedAt, startPackageRegistry } from '../support/package-registry.ts';
import { makeTwin } from '../support/twin.ts';

const image = `errand-test-registries:${process.pid}`;
let ground: Ground;
let registry: PackageRegistry;
let twin: AsyncDisposable;

beforeAll(async () => {
  registry = await startPackageRegistry();
  [ground, twin] = await Promise.all([makeGround(), makeTwin(image, pointedAt(registry.url))]);
});
afterAll(async () => {
  await ground[Symbol.asyncDispose]();
  await twin[Symbol.asyncDispose]();
  await registry[Symbol.asyncDispose]();
});

const forwarder = `node -e "import('/opt/errand/forwarder.ts').then((m) => m.startForwarder({
  listen: { host: '127.0.0.1', port: 3128 }, gateway: '/run/errand/gateway.sock', answered() {} }))" & `;
const untilUp = 'until curl -so /dev/null --noproxy "*" http://127.0.0.1:3128/; do sleep 0.1; done; ';

/** Runs a script behind the real gateway and gives what it printed. */
async function play(script: string, registries = true): Promise<string> {
  const { sandbox, order } = ground.shell(`${forwarder}${untilUp}mkdir -p ~ /workspace/w; cd /workspace/w; ${script}`, {
    images: { default: image },
    gateway: {
      entry: resolve(import.meta.dirname, '../../src/gateway/main.ts'),
      keys: { providers: {}, mcp: {} },
      ownUsers: false,
      env: { PATH: '/usr/bin:/bin' },
      startMs: 10_000,
    },
  });
  await sandbox.start({ ...order, policy: { ...order.policy, registries, dummyKey: 'errand-dummy' } });
  await allRecords(sandbox, order);
  return logOf(ground.instance, order);
}

test('as many tasks as may start at once can be the first to ask an image, and none waits for another', async () => {
  const { sandbox } = ground.shell('true', { images: { default: image } });
  const orders = Array.from({ length: availableParallelism() + 1 }, () => makeOrder());
  await Promise.all(orders.map((order) => sandbox.start({ ...order, policy: { ...order.policy, registries: true } })));
  await Promise.all(orders.map((order) => allRecords(sandbox, order)));
  const states = await Promise.all(orders.map(({ run }) => sandbox.state(run)));
  expect(states.map((state) => state.type === 'exited' && state.code)).toEqual(orders.map(() => 0));
});

test('npm installs from the image’s own registry, and its lock file names that registry and not the route', async () => {
  const printed = await play(
    `echo '{"name":"w"}' > package.json; npm install left && cat package-lock.json && rm -rf node_modules ~/.npm &&
     npm ci && node -p "require('left').name + '-' + require('right').name"`,
  );
  expect(printed).toContain(`"resolved": "${registry.url}/npm/right/-/right-1.0.0.tgz"`);
  expect(printed).toContain('left-right');
});

test('pip installs a package whose files lie elsewhere than its index', async () => {
  const printed = await play(
    `python3 -m venv v && v/bin/pip install sunny && v/bin/python -c 'import sunny; print(sunny.word)'`,
  );
  expect(printed).toContain('sunshine');
});

test('apt reads its lists and fetches a package, as a user without rights', async () => {
  const printed = await play(
    `apt-get update && apt-get download hello-errand && dpkg -x *.deb . && cat usr/share/hello-errand`,
  );
  expect(printed).toMatch(/^hello$/m);
});

test('nothing that a task words reaches the registry: no body, no query, no login, no other method', async () => {
  const before = registry.requests.length;
  const at = 'curl -s --noproxy "*" -o /dev/null -w "%{http_code} "';
  const route = 'http://127.0.0.1:3128/registry/npm';
  const printed = await play(
    [
      `${at} -X PUT -d secret ${route}/left`,
      `${at} -d secret ${route}/left`,
      `${at} -X GET -d secret ${route}/left`,
      `${at} "${route}/left?secret"`,
      `${at} ${route}/-/whoami`,
      `${at} ${route}/moved`,
      `${at} -H "authorization: Bearer secret" -H "cookie: secret" -A secret -H "x-secret: secret" ${route}/left`,
    ].join('; '),
  );
  expect(printed.trim()).toBe('405 405 400 403 403 403 200');
  const asked = registry.requests.slice(before);
  expect(asked.map(({ method, url }) => `${method} ${url}`)).toEqual(['GET /npm/moved', 'GET /npm/left']);
  expect(JSON.stringify(asked)).not.toContain('secret');
});

test('without the grant there is no such route', async () => {
  const printed = await play(
    'curl -s --noproxy "*" http://127.0.0.1:3128/registry/npm/left; echo "[$NPM_CONFIG_REGISTRY]"',
    false,
  );
  expect(printed).toContain('may not read from such a registry');
  expect(printed).toContain('[]');
});
