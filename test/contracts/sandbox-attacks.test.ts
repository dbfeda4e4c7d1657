import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import {
  allRecords,
  docker,
  firstRecord,
  type Ground,
  image,
  logOf,
  makeGround,
  makeOrder,
  readLog,
} from '../sandbox/ground.ts';

const probe = readFileSync(join(import.meta.dirname, '../sandbox/probe.py'), 'utf8');

let ground: Ground;
let inside: Record<string, unknown>;
/** The same probe where nothing of ours holds it: what isn't allowed here can't be forbidden there. */
let control: Record<string, unknown>;

beforeAll(async () => {
  ground = await makeGround();
  const sandbox = ground.open({ command: ['python3', '-c', probe] });
  const order = makeOrder();
  await sandbox.start(order);
  await allRecords(sandbox, order);
  inside = JSON.parse(await logOf(ground.instance, order));

  const open = await docker.createContainer({
    Image: image,
    Entrypoint: [],
    Cmd: ['python3', '-c', probe],
    User: '0:0',
    HostConfig: { SecurityOpt: ['seccomp=unconfined'], NetworkMode: 'none' },
  });
  try {
    await open.start();
    await open.wait();
    control = JSON.parse(await readLog(open));
  } finally {
    await open.remove({ force: true });
  }
});
afterAll(async () => {
  await ground[Symbol.asyncDispose]();
});

describe.runIf(process.arch === 'x64')('from inside a sandbox', () => {
  test.each(['unix', 'tcp', 'udp6', 'netlink route'])('a socket of %s can be made', (name) => {
    expect(inside[`socket ${name}`]).toBe('done');
  });

  test.each([
    ...['vsock', 'alg', 'packet', 'raw', 'raw6', 'netlink netfilter', 'netlink kobject', 'bluetooth', 'can'],
    'vsock with high bits',
  ])('a socket of %s can not be made', (name) => {
    expect(inside[`socket ${name}`]).toBe('EPERM');
  });

  test.each(
    `io_uring_setup io_uring_enter userfaultfd bpf perf_event_open keyctl add_key request_key unshare setns mount umount2
    pivot_root fsopen open_tree move_mount mount_setattr process_vm_readv process_vm_writev ptrace kcmp pidfd_getfd
    open_by_handle_at name_to_handle_at kexec_load init_module finit_module delete_module quotactl syslog acct swapon
    settimeofday clock_settime iopl modify_ldt fanotify_init vmsplice io_setup chroot reboot`.split(/\s+/),
  )('%s is refused', (name) => {
    expect(inside[name]).toBe('EPERM');
  });

  test('no namespace can be made, by clone or clone3', () => {
    expect(inside['clone of a user namespace']).toBe('EPERM');
    expect(inside['clone of a network']).toBe('EPERM');
    expect(inside.clone3).toBe('ENOSYS');
  });

  test('a call of the 32-bit or the x32 ABI ends its process', () => {
    expect(inside['x32 call']).toBe('SIGSYS');
    expect(inside['32-bit call']).toBe('SIGSYS');
  });

  test('nothing but its workspace can be written, and no device made', () => {
    expect(inside['write to the root']).toBe('EROFS');
    expect(['EROFS', 'EACCES', 'ENOENT']).toContain(inside['write to sysrq']);
    expect(['EROFS', 'EACCES']).toContain(inside['write to core_pattern']);
    expect(inside['mknod of a disk']).toBe('EPERM');
    expect(inside.mkfifo).toBe('done');
  });

  test('there is no other user to become, no capability, and no way to get one', () => {
    expect(inside['become root']).toBe('EPERM');
    expect(inside['own uid again']).toBe('done');
    const none = '0000000000000000';
    expect(inside.status).toEqual({
      ...{ CapInh: none, CapPrm: none, CapEff: none, CapBnd: none, CapAmb: none },
      ...{ NoNewPrivs: '1', Seccomp: '2' },
    });
  });

  test('there is no network but the loop, no socket of an engine, no process of the host', () => {
    expect(inside.interfaces).toEqual(['lo']);
    expect(inside['sockets of engines']).toEqual([]);
    expect(inside.processes).toBeLessThan(5);
  });

  test('the same probe gets through where nothing holds it', () => {
    const done = ['socket packet', 'socket raw', 'socket netlink netfilter', 'write to the root', 'mknod of a disk'];
    for (const name of [...done, 'become root', 'clone of a user namespace']) {
      expect([name, control[name]]).toEqual([name, 'done']);
    }
    const reached =
      'io_uring_setup bpf keyctl add_key setns mount ptrace process_vm_readv pidfd_getfd kcmp vmsplice quotactl';
    for (const name of reached.split(' ')) expect([name, control[name]]).not.toEqual([name, 'EPERM']);
  });
});

describe('a run that takes all it can', () => {
  test('forks no more processes than it may, and can be ended', async () => {
    const bomb = `
import json, os, time
made = 0
try:
    while made < 1000:
        if os.fork() == 0: time.sleep(1000)
        made += 1
except OSError:
    pass
with open('/workspace/records/' + os.environ['ERRAND_RUN'] + '.jsonl', 'w') as records:
    records.write(json.dumps({'n': 1, 'made': made}) + '\\n')
time.sleep(1000)`;
    const sandbox = ground.open({ command: ['python3', '-c', bomb] });
    const order = makeOrder({ limits: { pids: 64 } });
    await sandbox.start(order);
    const { made } = z.object({ made: z.number() }).parse(await firstRecord(sandbox, order));
    expect(made).toBeGreaterThan(32);
    expect(made).toBeLessThan(64);
    await sandbox.stop(order.run, 0);
    expect(await sandbox.state(order.run)).toMatchObject({ type: 'exited', code: 137 });
  });

  test('floods its log without filling the host', async () => {
    const { sandbox, order } = ground.shell('yes "a line of the flood, again and again and again" | head -c 30M');
    await sandbox.start(order);
    await allRecords(sandbox, order);
    expect((await logOf(ground.instance, order)).length).toBeLessThan(21_000_000);
  });

  test('fills /tmp and /dev/shm without filling the host', async () => {
    const { sandbox, order } = ground.shell(
      'head -c 600M /dev/zero > /dev/shm/big; echo shm $?; rm /dev/shm/big; df -k --output=size /tmp /dev/shm',
    );
    await sandbox.start(order);
    await allRecords(sandbox, order);
    const log = await logOf(ground.instance, order);
    expect(log).toMatch(/shm 1/);
    expect(log).toMatch(/1048576\s+262144/);
  });
});

describe('inside, work gets done:', () => {
  test.each([
    [
      'node with threads and a file watcher',
      `cd ~ && cat > w.mjs <<'E'
import { watch, writeFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { networkInterfaces } from 'node:os';
networkInterfaces();
watch('.', (event, name) => { if (name === 'seen') { console.log('done'); process.exit(); } });
new Worker('require("node:fs").writeFileSync("seen", "")', { eval: true });
E
node w.mjs`,
    ],
    [
      'a server on localhost',
      `node -e 'const s = require("http").createServer((q, r) => r.end("done\\n")).listen(0, "127.0.0.1", () =>
fetch("http://127.0.0.1:" + s.address().port).then((r) => r.text()).then((t) => { console.log(t.trim()); process.exit(); }))'`,
    ],
    [
      'npm running a script',
      `mkdir ~/p && cd ~/p && printf '{"name":"p","version":"1.0.0","scripts":{"t":"node -e 0 && echo done"}}' > package.json && npm run -s t`,
    ],
    [
      'git with a commit, a merge and a repack',
      `mkdir ~/g && cd ~/g && git init -q && git config user.name A && git config user.email a@b.c &&
touch a && git add a && git commit -qm a && git checkout -qb b && touch b && git add b && git commit -qm b &&
git checkout -q - && git merge -q --no-ff -m m b && git gc -q && git fsck && echo done`,
    ],
    [
      'python with processes and a virtual environment',
      `python3 -c 'import multiprocessing as m, sqlite3; m.Pool(2).map(abs, [1, 2]); sqlite3.connect("/workspace/home/x.db").execute("create table t(a)")' && python3 -m venv --without-pip ~/v && ~/v/bin/python -c 'print("done")'`,
    ],
    [
      'a C++ program compiled, with threads',
      `printf '#include <thread>\\n#include <cstdio>\\nint main(){std::thread t([]{puts("done");});t.join();}' > /tmp/x.cc && g++ -pthread -o /tmp/x /tmp/x.cc && /tmp/x`,
    ],
    ['a program run from /tmp', `cp /bin/echo /tmp/e && /tmp/e done`],
  ])('%s', async (_what, script) => {
    const { sandbox, order } = ground.shell(script);
    await sandbox.start(order);
    await allRecords(sandbox, order);
    expect((await logOf(ground.instance, order)).trim().split('\n').at(-1)).toBe('done');
  });

  test.each([['claude-agent-acp'], ['codex-acp'], ['opencode acp']])(
    '%s answers the first message of its protocol',
    async (command) => {
      const hello = JSON.stringify({
        jsonrpc: '2.0',
        id: 0,
        method: 'initialize',
        params: { protocolVersion: 1, clientCapabilities: {} },
      });
      const { sandbox, order } = ground.shell(
        `mkfifo /tmp/in; (echo '${hello}'; sleep 30) > /tmp/in & ${command} < /tmp/in | { head -n1; kill 0; }`,
      );
      const roomy = { ...order, limits: { ...order.limits, memoryBytes: 2 ** 31, pids: 512, workspaceBytes: 2 ** 30 } };
      await sandbox.start(roomy);
      await allRecords(sandbox, roomy);
      expect(await logOf(ground.instance, order)).toContain('"protocolVersion":1');
    },
  );
});

test('the host’s mounts hold nothing of a sandbox but its workspace', async () => {
  const sandbox = ground.open();
  const order = makeOrder();
  await sandbox.start(order);
  const mounts = (await readFile('/proc/mounts', 'utf8')).split('\n').filter((line) => line.includes(order.task));
  expect(mounts).toHaveLength(1);
  expect(mounts[0]).toMatch(/ ext4 rw,nosuid,nodev/);
});
