import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { places } from '../../src/setup/places.ts';
import { type User, usersOf } from '../../src/setup/users.ts';
import { type ErrandUnderTest, secrets, startErrand } from '../support/errand.ts';

const run = promisify(execFile);
const root = process.getuid?.() === 0;
let errand: ErrandUnderTest;

beforeAll(async () => {
  errand = await startErrand({ mode: 'socket', repositories: ['acme/own-processes'] });
});
afterAll(async () => {
  await errand?.[Symbol.asyncDispose]();
});

/** The process that the supervisor started under this name. */
async function pidOf(name: string): Promise<number> {
  const { stdout } = await run('ps', ['-o', 'pid=,args=', '--ppid', String(errand.process.pid)]);
  const line = stdout.split('\n').find((each) => each.includes(name));
  return Number(line?.trim().split(/\s+/)[0]);
}

/** Which secrets stand in a file of this process's. */
async function secretsIn(name: string, file: 'environ' | 'cmdline'): Promise<string[]> {
  const text = await readFile(`/proc/${await pidOf(name)}/${file}`, 'utf8');
  return Object.entries(secrets).flatMap(([secret, value]) => (text.includes(value) ? [secret] : []));
}

describe('each process of a running Errand', () => {
  test.each([
    ['main.ts bot', ['SLACK_BOT_TOKEN', 'SLACK_APP_TOKEN', 'GITHUB_WEBHOOK_SECRET']],
    ['main.ts worker', ['GITHUB_TOKEN']],
    ['broker-main.ts', []],
  ])('holds no secrets but its own: %s', async (name, own) => {
    expect(await secretsIn(name, 'environ')).toEqual(own);
    expect(await secretsIn(name, 'cmdline')).toEqual([]);
  });
});

describe.runIf(root)('each process of an Errand that root started', () => {
  const at = () => places({ ERRAND_DATA_DIR: errand.dataDir });
  const users = () => usersOf(at().instance);

  /** Whether this user can do that, as far as permissions go. */
  async function can({ uid, gid, groups }: User, test: string, path: string): Promise<boolean> {
    const who = [
      `--reuid=${uid}`,
      `--regid=${gid}`,
      groups.length > 0 ? `--groups=${groups.join()}` : '--clear-groups',
    ];
    return await run('setpriv', [...who, 'test', test, path]).then(
      () => true,
      () => false,
    );
  }

  const gateway: User = { uid: 50_001, gid: 50_001, groups: [] };
  const who = () => ({ bot: users().bot, worker: users().worker, local: users().local, gateway });
  const paths = () => ({
    'the Docker socket': ['-w', '/var/run/docker.sock'],
    'the broker’s socket': ['-w', at().brokerSocket],
    'the store’s socket': ['-w', at().redisSocket],
    'the store’s files': ['-r', join(at().redisDir, 'appendonlydir')],
    mirrors: ['-r', at().mirrorsDir],
    'repositories of tasks': ['-r', at().tasksDir],
    'a bundle that it knows by name': ['-x', at().bundlesDir],
    'the list of bundles': ['-r', at().bundlesDir],
    workspaces: ['-x', join(errand.dataDir, 'workspaces')],
    logs: ['-x', at().logsDir],
    'what the broker is told': ['-r', join(at().runDir, 'broker.json')],
  });

  test('is a user of its own, without a capability and with no way to get one', async () => {
    const found = await Promise.all(
      ['main.ts bot', 'main.ts worker'].map(async (name) => {
        const status = await readFile(`/proc/${await pidOf(name)}/status`, 'utf8');
        const field = (key: string) => new RegExp(`^${key}:[ \\t]*(.*)$`, 'm').exec(status)?.[1]?.trim();
        return {
          uid: field('Uid')?.split('\t')[0],
          groups: field('Groups'),
          capabilities: field('CapPrm'),
          noNewPrivileges: field('NoNewPrivs'),
        };
      }),
    );
    const { bot, worker, all } = users();
    const rest = { groups: `${all} ${all + 1}`, capabilities: '0000000000000000', noNewPrivileges: '1' };
    expect(found).toEqual([
      { uid: `${bot.uid}`, ...rest },
      { uid: `${worker.uid}`, ...rest },
    ]);
  });

  test.each([
    ['bot', ['the store’s socket', 'a bundle that it knows by name']],
    [
      'worker',
      [
        'the broker’s socket',
        'the store’s socket',
        'mirrors',
        'repositories of tasks',
        'a bundle that it knows by name',
      ],
    ],
    ['local', ['a bundle that it knows by name']],
    ['gateway', []],
  ] as const)('reaches what is for it and no more: %s', async (name, allowed) => {
    const reached = await Promise.all(
      Object.entries(paths()).map(async ([what, [test = '', path = '']]) =>
        (await can(who()[name], test, path)) ? what : [],
      ),
    );
    expect(reached.flat()).toEqual(allowed);
  });

  test('can neither read another’s environment and memory nor end it', async () => {
    const pids = {
      bot: await pidOf('main.ts bot'),
      worker: await pidOf('main.ts worker'),
      broker: await pidOf('broker-main.ts'),
    };
    for (const [name, user] of Object.entries({ bot: users().bot, worker: users().worker, gateway })) {
      for (const [other, pid] of Object.entries(pids)) {
        if (other === name) continue;
        const acting = [`--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups'];
        for (const file of ['environ', 'mem', 'maps']) {
          const read = run('setpriv', [...acting, 'head', '-c1', `/proc/${pid}/${file}`]);
          await expect(read, `${name} reads ${other}`).rejects.toThrow('Permission denied');
        }
        const kill = run('setpriv', [...acting, 'sh', '-c', `kill -0 ${pid}`]);
        await expect(kill, `${name} ends ${other}`).rejects.toThrow('not permitted');
      }
    }
  });
});
