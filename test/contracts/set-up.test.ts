import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SandboxOptions } from '../../src/sandbox/options.ts';
import { formsOf } from '../../src/sandbox/secret-forms.ts';
import { type BranchName, parseRepositoryName, parseSha, type Sha, toRunId } from '../../src/task/ids.ts';
import type { SetUpOrder, SetUpPart } from '../../src/task/ports/sandbox.ts';
import { must } from '../sandbox/example.ts';
import { docker, firstRecord, type Ground, logOf, makeGround, makeOrder, record } from '../sandbox/ground.ts';

const secret = 'a canary of a set-up, in no format';
const repository = must(parseRepositoryName('acme/Shop'));
let ground: Ground;
let mirror: string;
let base: Sha;
let further: Sha;

function git(directory: string, ...args: string[]): string {
  const env = { PATH: '/usr/bin:/bin', GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' };
  const who = ['-c', 'user.name=Test', '-c', 'user.email=test@example.org'];
  return execFileSync('git', [...who, '-C', directory, ...args], { env, encoding: 'utf8' }).trim();
}

beforeAll(async () => {
  ground = await makeGround();
  const seed = join(ground.root, 'seed');
  await mkdir(seed);
  git(seed, 'init', '-q', '-b', 'main');
  await writeFile(join(seed, 'README'), 'reviewed\n');
  await writeFile(join(seed, '.gitignore'), 'node_modules\n');
  git(seed, 'add', '-A');
  git(seed, 'commit', '-qm', 'First');
  base = must(parseSha(git(seed, 'rev-parse', 'HEAD')));
  await writeFile(join(seed, 'README'), 'by an agent\n');
  git(seed, 'commit', '-qam', 'Second');
  further = must(parseSha(git(seed, 'rev-parse', 'HEAD')));
  mirror = join(ground.repositories, 'm.git');
  git(seed, 'clone', '-q', '--bare', '.', mirror);
});
afterAll(async () => {
  await ground[Symbol.asyncDispose]();
});

const rules: SandboxOptions['setup'] = { 'acme/shop': { secrets: { TOKEN: secret }, allow: [], timeoutMs: 60_000 } };

/** A broker whose set-ups get one secret, and whose agents are a script. */
const open = (script = 'true', setup: SandboxOptions['setup'] = rules) =>
  ground.open({ setup, command: ['sh', '-c', `${record} ${script}`] });

function makeSetUp(change: Partial<SetUpPart>, of = makeOrder()): SetUpOrder {
  const { policy: _, ...order } = of;
  const part = {
    ...{ repository, folder: 'repo', from: mirror, branch: 'errand/x' as BranchName, base, start: base },
    ...{ setup: null, maintenance: null },
    ...change,
  };
  return { ...order, repositories: [mirror], parts: [part] };
}

const setup = (script: string, secrets: readonly string[] = ['TOKEN']) => ({ setup: { script, secrets } });
const workspaceOf = ({ task }: SetUpOrder) => join(ground.root, 'data', 'workspaces', task);
const inWorkspace = (order: SetUpOrder, path: string) => readFile(join(workspaceOf(order), 'mount', path), 'utf8');
const containersOf = async ({ task }: SetUpOrder) =>
  await docker.listContainers({ all: true, filters: { label: [`errand.task=${task}`] } });

/** Waits until a set-up has written this file in its checkout. */
async function untilThere(order: SetUpOrder, path: string): Promise<void> {
  while (!existsSync(join(workspaceOf(order), 'mount/repo', path))) await new Promise((go) => setTimeout(go, 20));
}

describe('a set-up', () => {
  test('leaves its work to the agent, and nothing of its secret, its processes or its gateway', async () => {
    const agent = `record "{}"; cat /workspace/repo/node_modules/tool; env; cat /proc/[0-9]*/environ; ps ax; ls /run/errand`;
    const sandbox = open(agent);
    const order = makeSetUp(
      setup(
        'test "$TOKEN" = "a canary of a set-up, in no format"; mkdir node_modules; echo made > node_modules/tool; sleep 1000 &',
      ),
    );
    const [done] = await sandbox.setUp(order);
    expect(done).toMatchObject({ repository, kind: 'setup', changed: [] });
    expect(await containersOf(order)).toEqual([]);
    expect(existsSync(join(ground.root, 'run/s', order.task))).toBe(false);

    const run = makeOrder({ task: order.task, repositories: [mirror] });
    await sandbox.start(run);
    await docker.getContainer(`errand-${ground.instance}-${run.run}`).wait();
    const seen = await logOf(ground.instance, run);
    expect(seen).toContain('made');
    expect(seen).not.toContain('sleep 1000');
    expect(seen).not.toContain('TOKEN');
    expect(seen).not.toContain(secret);
  });

  test('shows its secret to nobody who asks Docker', async () => {
    const sandbox = open();
    const order = makeSetUp(setup('touch here; while [ ! -e go ]; do sleep 0.05; done; rm go'));
    const under = sandbox.setUp(order);
    await untilThere(order, 'here');
    const [listed] = await containersOf(order);
    const container = docker.getContainer(must(listed).Id);
    const shown = JSON.stringify(await container.inspect());
    const top = JSON.stringify(await container.top());
    execFileSync('docker', ['exec', must(listed).Id, 'touch', '/workspace/repo/go']);
    await under;
    expect(shown).toContain('set-up.ts');
    for (const form of formsOf(secret)) expect(`${shown}${top}`).not.toContain(form);
  });

  test('that takes more than its workspace may have, where that is only measured, is ended with a sentence', async () => {
    const sandbox = ground.open({ setup: rules, mountable: false });
    const fills = setup('head -c 64M /dev/urandom > big; sleep 100', []);
    const order = makeSetUp(fills, makeOrder({ limits: { workspaceBytes: 32 * 2 ** 20 } }));
    await expect(sandbox.setUp(order)).rejects.toMatchObject({
      failure: { code: 'out_of_disk', sentence: expect.stringContaining('acme/Shop filled more than its 0 GiB') },
    });
  });

  test('says which tracked files it changed, and has new ones kept out of everybody’s work', async () => {
    const order = makeSetUp(
      setup('echo more >> README; mkdir -p made/by; echo x > made/by/us; echo y > "odd [name]"', []),
    );
    const [done] = await open().setUp(order);
    expect(done?.changed).toEqual(['README']);
    expect(await inWorkspace(order, 'set-up/repo.exclude')).toBe('/made/\n/odd \\[name\\]\n');
  });

  test('is done once, whoever asks again', async () => {
    const sandbox = open();
    const order = makeSetUp(setup('mkdir node_modules; echo once >> node_modules/times'));
    const [first, second] = await Promise.all([sandbox.setUp(order), sandbox.setUp(order)]);
    expect(second).toEqual(first);
    expect(await open().setUp(order)).toEqual(first);
    expect(await inWorkspace(order, 'repo/node_modules/times')).toBe('once\n');
  });

  test('of one of two repositories has its secrets before the other’s code ran, which gets none and has none of its own', async () => {
    const both = {
      ...rules,
      'acme/web': { secrets: { WEB: 'another canary of a set-up' }, allow: [], timeoutMs: 60_000 },
    };
    const show = (name: string) =>
      `ls "$HOME" > "$HOME/${name}"; env | cut -d= -f1 | grep -E "TOKEN|WEB" >> "$HOME/${name}"; true`;
    const {
      parts: [api],
      ...order
    } = makeSetUp({ ...setup(show('api'), []), folder: 'repos/shop' });
    const web = {
      ...must(api),
      repository: must(parseRepositoryName('acme/web')),
      folder: 'repos/web',
      ...setup(show('web'), ['WEB']),
    };
    const done = await open('true', both).setUp({ ...order, parts: [must(api), web] });
    expect(done.map(({ repository: of }) => of)).toEqual(['acme/web', 'acme/Shop']);
    expect(await inWorkspace({ ...order, parts: [] }, 'home/web')).toBe('web\nWEB\n');
    expect(await inWorkspace({ ...order, parts: [] }, 'home/api')).not.toContain('WEB');
    const asks = { ...web, ...setup('true', ['TOKEN']) };
    await expect(open('true', both).setUp({ ...makeSetUp({}), parts: [asks] })).rejects.toMatchObject({
      failure: { code: 'setup_secret_missing' },
    });
    const two = [{ ...must(api), ...setup('true') }, web];
    await expect(open('true', both).setUp({ ...makeSetUp({}), parts: two })).rejects.toMatchObject({
      failure: { code: 'setup_secrets_together' },
    });
  });

  test('runs on what people have looked at, and never with a secret where an agent has been', async () => {
    const sandbox = open('record "{}"');
    const of = makeOrder();
    const scripts = {
      ...setup('cp README "$HOME/set-up"'),
      maintenance: 'cp README "$HOME/kept"; env | grep -c TOKEN >> "$HOME/kept"; true',
      start: further,
    };
    const first = makeSetUp(scripts, of);
    expect((await sandbox.setUp(first)).map(({ kind }) => kind)).toEqual(['setup', 'maintenance']);
    expect(await inWorkspace(first, 'home/set-up')).toBe('reviewed\n');
    expect(await inWorkspace(first, 'home/kept')).toBe('by an agent\n0\n');
    await sandbox.start(of);
    await firstRecord(sandbox, of);
    await sandbox.stop(of.run, 0);
    const next = makeSetUp(scripts, { ...of, run: toRunId(of.task, 2) });
    expect((await sandbox.setUp(next)).map(({ kind }) => kind)).toEqual(['maintenance']);
  });
});

describe('a set-up that does not end well', () => {
  test('fails its run with the last of what it printed, without the secret', async () => {
    const order = makeSetUp(setup('seq 1 100; echo "token $TOKEN"; echo "$TOKEN" | base64 >&2; exit 3'));
    await expect(open().setUp(order)).rejects.toMatchObject({
      failure: {
        code: 'setup_failed',
        sentence: 'The set-up script of acme/Shop ended with exit code 3.',
        printed: expect.stringMatching(/^88\n(.*\n)+token \[secret\]\n\[secret\].*$/),
      },
      retry: false,
    });
    expect(existsSync(workspaceOf(order))).toBe(false);
  });

  test('is ended after its time', async () => {
    const quick = { 'acme/shop': { ...must(rules['acme/shop']), timeoutMs: 1_500 } };
    await expect(open('true', quick).setUp(makeSetUp(setup('sleep 1000')))).rejects.toMatchObject({
      failure: { code: 'setup_timed_out' },
    });
  });

  test('is refused where it asks for a secret that the operator did not name', async () => {
    const order = makeSetUp(setup('true', ['TOKEN', 'OTHER']));
    await expect(open().setUp(order)).rejects.toMatchObject({
      failure: { code: 'setup_secret_missing', sentence: expect.stringContaining('asks for OTHER') },
    });
  });

  test.each([
    ['in a file', 'echo "//r/:_authToken=$TOKEN" > "$HOME/.npmrc"', 'home/.npmrc'],
    [
      'behind closed doors',
      'mkdir shut; printf "u:%s" "$TOKEN" | base64 > shut/in; chmod 0 shut/in shut',
      'repo/shut/in',
    ],
  ])('ends the run where it leaves its secret %s', async (_how, script, path) => {
    const order = makeSetUp(setup(script));
    const problem = await open()
      .setUp(order)
      .catch((error: unknown) => error);
    expect(problem).toMatchObject({
      failure: { code: 'setup_left_secret', sentence: expect.stringContaining(`in ${path}.`) },
    });
    expect(JSON.stringify(problem)).not.toContain(secret);
    expect(existsSync(workspaceOf(order))).toBe(false);
  });

  test('is cancelled by a stop, and its workspace is gone', async () => {
    const sandbox = open();
    const order = makeSetUp(setup('touch here; sleep 1000'));
    const under = sandbox.setUp(order).catch((error: unknown) => error);
    await untilThere(order, 'here');
    await sandbox.stop(order.run, 0);
    expect(await under).toMatchObject({ failure: { code: 'setup_ended' } });
    expect(await containersOf(order)).toEqual([]);
    expect(existsSync(workspaceOf(order))).toBe(false);
  });

  test('begins anew on a fresh workspace after its broker died, and no agent ever sees the half of it', async () => {
    const order = makeSetUp(setup('mkdir node_modules; echo "$TOKEN" >> node_modules/half; touch here; sleep 1000'));
    const first = open();
    const under = first.setUp(order).catch((error: unknown) => error);
    await untilThere(order, 'here');
    await first[Symbol.asyncDispose]();
    expect(await under).toMatchObject({ failure: { code: 'broker_down' }, retry: true });
    // As a crash in the middle leaves it.
    const second = open('record "{}"; ls /workspace/repo /workspace/home');
    await mkdir(workspaceOf(order), { recursive: true });
    await writeFile(join(workspaceOf(order), 'set-up.json'), '{"type":"begun"}');
    const again = makeSetUp(setup('echo whole >> "$HOME/times"'), makeOrder({ task: order.task }));
    expect(await second.setUp(again)).toMatchObject([{ kind: 'setup' }]);
    await writeFile(join(workspaceOf(order), 'set-up.json'), '{"type":"begun"}');
    expect(await second.setUp(again)).toMatchObject([{ kind: 'setup' }]);
    expect(await inWorkspace(again, 'home/times')).toBe('whole\n');

    await writeFile(join(workspaceOf(order), 'set-up.json'), '{"type":"begun"}');
    const run = makeOrder({ task: order.task, run: toRunId(order.task, 2), repositories: [mirror] });
    await second.start(run);
    await docker.getContainer(`errand-${ground.instance}-${run.run}`).wait();
    expect(await logOf(ground.instance, run)).not.toContain('times');
  });
});
