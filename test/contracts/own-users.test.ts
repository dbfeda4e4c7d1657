import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, readFile, readlink, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { DockerSandbox } from '../../src/sandbox/docker-sandbox.ts';
import type { RunOrder } from '../../src/task/ports/sandbox.ts';
import { type Ground, makeGround, makeOrder } from '../sandbox/ground.ts';

const run = promisify(execFile);
const gateway = resolve(import.meta.dirname, '../../src/gateway/main.ts');

/** What a shell command says and does as this user, who is in no group; the exit code counts. */
async function as(uid: number, command: string): Promise<{ code: number; said: string }> {
  const args = ['--reuid', `${uid}`, '--regid', `${uid}`, '--clear-groups', 'sh', '-c', command];
  return await run('setpriv', args).then(
    ({ stdout, stderr }) => ({ code: 0, said: stdout + stderr }),
    (error: { code: number; stdout: string; stderr: string }) => ({
      code: error.code,
      said: error.stdout + error.stderr,
    }),
  );
}

describe.runIf(process.getuid?.() === 0)('two gateways, each with a user of its own,', () => {
  let ground: Ground;
  let sandbox: DockerSandbox;
  const orders: RunOrder[] = [];
  const home = (order: RunOrder | undefined) => join(ground.root, 'run', 'g', order?.task ?? '');
  const pidOf = async (order: RunOrder | undefined) => Number(await readFile(join(home(order), 'gateway.pid'), 'utf8'));
  /** A gateway serves a moment before it has noted down who it is. */
  const noted = (order: RunOrder) => vi.waitFor(async () => expect(await pidOf(order)).toBeGreaterThan(0));
  const uidOf = async (order: RunOrder | undefined) => {
    const status = await readFile(`/proc/${await pidOf(order)}/status`, 'utf8');
    return {
      uids: /^Uid:\s+(.*)$/m.exec(status)?.[1],
      groups: /^Groups:[ \t]*(.*)$/m.exec(status)?.[1]?.trim(),
      status,
    };
  };

  beforeAll(async () => {
    ground = await makeGround();
    // As the run folder is: to pass through, and no more.
    await chmod(ground.root, 0o711);
    const { env, keys } = ground.options().gateway;
    const [one, other] = ['one', 'other'].map((name) => ({
      kind: 'anthropic',
      baseUrl: 'http://127.0.0.1:9',
      key: `canary of ${name}`,
    }));
    sandbox = ground.open({
      gateway: { entry: gateway, env, keys: { ...keys, providers: { one, other } }, ownUsers: true, startMs: 10_000 },
    });
    for (const provider of ['one', 'other']) {
      const order = makeOrder({ policy: { ...makeOrder().policy, providers: [provider], dummyKey: 'a dummy key' } });
      await sandbox.start(order);
      await noted(order);
      orders.push(order);
    }
  });
  afterAll(async () => {
    await ground[Symbol.asyncDispose]();
  });

  test('are neither root nor each other, in no group but their own, and without a capability', async () => {
    const [one, other] = [await uidOf(orders[0]), await uidOf(orders[1])];
    expect(one.uids).toMatch(/^(\d{5})\t\1\t\1\t\1$/);
    expect(other.uids).toMatch(/^(\d{5})\t\1\t\1\t\1$/);
    expect(one.uids).not.toBe(other.uids);
    for (const { groups, status } of [one, other]) {
      expect(groups).toBe('');
      expect(status).toMatch(/^CapPrm:\s+0+$/m);
      expect(status).toMatch(/^CapEff:\s+0+$/m);
    }
  });

  test('can’t look into each other, nor end each other, and a gateway’s own memory is closed to its very user', async () => {
    const [mine, theirs] = [await pidOf(orders[0]), await pidOf(orders[1])];
    const uid = Number((await uidOf(orders[0])).uids?.split('\t')[0]);
    for (const pid of [mine, theirs]) {
      for (const file of ['environ', 'mem', 'maps']) {
        expect((await as(uid, `head -c1 /proc/${pid}/${file}`)).said).toContain('Permission denied');
      }
      expect((await as(uid, `ls /proc/${pid}/fd/`)).said).toContain('Permission denied');
    }
    expect((await as(uid, `kill ${theirs}`)).said).toContain('not permitted');
    expect(existsSync(`/proc/${theirs}`)).toBe(true);
  });

  test('hold no key in a file, an argument or their environment', async () => {
    for (const order of orders) {
      const pid = await pidOf(order);
      for (const file of ['cmdline', 'environ']) {
        expect(await readFile(`/proc/${pid}/${file}`, 'utf8')).not.toContain('canary');
      }
    }
    const { stdout } = await run('sh', ['-c', `grep -rl canary ${ground.root} || true`]);
    expect(stdout).toBe('');
  });

  test('can’t change what they may do, nor the folder that their containers mount', async () => {
    const uid = Number((await uidOf(orders[0])).uids?.split('\t')[0]);
    const folder = home(orders[0]);
    expect((await as(uid, `cat ${folder}.json ${folder}.log`)).said).toContain('Permission denied');
    expect((await as(uid, `rm -f ${folder}.json; ls ${folder}/..`)).said).toContain('Permission denied');
    expect((await as(uid, `mv ${folder}/s ${folder}/t`)).said).toContain('not permitted');
    expect((await as(uid, `ln -s /etc ${folder}/s/../e && mv -T ${folder}/e ${folder}/s`)).code).not.toBe(0);
    expect((await stat(join(folder, 's'))).uid).toBe(0);
    expect((await as(uid, `touch ${home(orders[1])}/x`)).said).toContain('Permission denied');
  });

  test('whose word leads elsewhere are not followed', async () => {
    const [order] = orders;
    const uid = Number((await uidOf(order)).uids?.split('\t')[0]);
    expect((await sandbox.usage(order?.task ?? ('' as never)))?.usd).toBe(0);
    expect((await as(uid, `ln -sf /etc/passwd ${home(order)}/meter.json`)).code).toBe(0);
    expect(await readlink(join(home(order), 'meter.json'))).toBe('/etc/passwd');
    expect(await sandbox.usage(order?.task ?? ('' as never))).toBeNull();
  });
});
