import { readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { TaskId } from '../../../src/task/ids.ts';
import type { Attack } from '../attack.ts';
import type { Stage } from '../stage.ts';
import { heard } from './direct.attacks.ts';
import { python } from './python.ts';

const mebibyte = 1024 * 1024;
const sent = 80 * mebibyte;
/** The budget of 64 MiB, and what was on its way when it ran out. */
const most = 72 * mebibyte;
const allowedSockets = 300;

export const attacks: readonly Attack[] = [
  {
    id: 'N14',
    title: 'upload 80 MiB to an allowed host, in four connections',
    expected: 'cut at 64 MiB, later tunnels refused',
    timeoutMs: 180_000,
    settings: { network: ['n14.example'] },
    attack: async (stage) => {
      const { word, canaries } = stage;
      const uploads = listenAt14(canaries);
      await stage.play(
        python(
          word,
          `
for part in range(4):
    s = tunnel('n14.example:443')
    if not s: continue
    s.settimeout(30)
    try:
        s.sendall(hello(sni('n14.example'), alpn(word)))
        for _ in range(${sent / 4 / mebibyte}): s.sendall(b'\\0' * ${mebibyte})
        s.shutdown(socket.SHUT_WR)
        s.recv(10)
    except OSError as error:
        print(error)`,
        ),
      );
      const bytes = uploads.get(word) ?? 0;
      return { through: bytes > most, seen: `${Math.round(bytes / mebibyte)} of 80 MiB arrived` };
    },
    control: { weakness: 'no-byte-budget', without: 'the budget of bytes' },
  },
  {
    id: 'N15',
    title: '600 connections with heads that never end',
    expected: `under ${allowedSockets} sockets at the gateway, gone within 20 s`,
    timeoutMs: 180_000,
    attack: async (stage) => {
      const script = `${python(
        stage.word,
        `
if os.fork() == 0:
    held = []
    for n in range(600):
        s = tcp('127.0.0.1', 3128)
        if s:
            s.sendall(b'GET /x HTTP/1.1\\r\\nx: ')
            held.append(s)
    open('/workspace/home/flooded', 'w').close()
    time.sleep(120)`,
      )}until [ -e /workspace/home/flooded ]; do sleep 0.1; done`;
      return stage.hold(script, async ({ task }) => {
        const pid = await gatewayOf(stage, task.id);
        const peak = await socketsOf(pid);
        if (peak > allowedSockets) return { through: true, seen: `${peak} sockets at the gateway` };
        const began = Date.now();
        let left = peak;
        while (left > 20 && Date.now() - began < 20_000) {
          await pause(500);
          left = await socketsOf(pid);
        }
        return { through: left > 20, seen: `${peak} sockets at the gateway, ${left} in the end` };
      });
    },
    control: { weakness: 'no-connection-limits', without: 'the limits on connections and heads' },
  },
  {
    id: 'N16',
    title: 'delete and replace the gateway’s socket, leave a file beside it',
    expected: 'the folder is read-only; the socket stays',
    attack: async (stage) => {
      const script = `cd /run/errand; rm -f gateway.sock; echo x > marker; python3 - <<'END'
import socket
try: socket.socket(socket.AF_UNIX).bind('/run/errand/gateway.sock')
except OSError as error: print(error)
END
mv /run/errand /run/other; umount /run/errand; true`;
      return stage.hold(script, async ({ task }) => {
        const names = await readdir(join(stage.at.gatewaysDir, task.id, 's'));
        const pid = await gatewayOf(stage, task.id);
        const served = (await readFile('/proc/net/unix', 'utf8')).includes(`${task.id}/s/gateway.sock`);
        const whole = names.join() === 'gateway.sock' && served && (await socketsOf(pid)) > 0;
        return {
          through: !whole,
          seen: whole ? 'the folder holds its socket' : `the folder holds ${names.join(', ') || 'nothing'}`,
        };
      });
    },
    control: { weakness: 'writable-gateway', without: 'the read-only mount, and an unprivileged user' },
  },
  {
    id: 'N20',
    title: 'go on speaking to an allowed host when the gateway is killed',
    expected: 'silence: without a gateway no network',
    timeoutMs: 180_000,
    settings: { network: ['n20.example'] },
    attack: async (stage) => {
      const { word, canaries } = stage;
      canaries.resolve('n20.example', () => ['93.184.20.9']);
      const script = python(
        word,
        `
end = time.time() + 45
while time.time() < end and not os.path.exists('/workspace/repo/enough'):
    say(tunnel('n20.example:443'), hello(sni('n20.example'), alpn(word)))
    say(tcp('93.184.20.9', 80), b'GET /' + word + b' HTTP/1.0\\r\\n\\r\\n')
    time.sleep(0.3)`,
      );
      const task = await stage.submit(script);
      await stage.until('its first word', () => canaries.seen(word).length > 0);
      process.kill(await gatewayOf(stage, task.id), 'SIGKILL');
      // What was on its way when the gateway died.
      await pause(1_000);
      const before = canaries.seen(word).length;
      let after = 0;
      for (const end = Date.now() + 10_000; after === 0 && Date.now() < end; await pause(250)) {
        after = canaries.seen(word).length - before;
      }
      await stop(stage, task.id);
      return {
        through: after > 0,
        seen: `${after} words after the gateway’s death, ${before > 0 ? 'some' : 'none'} before`,
      };
    },
    control: { weakness: 'network', without: '--network none' },
  },
  {
    id: 'N21',
    title: 'widen the network by .errand.yml, before and during the run',
    expected: 'no effect: the file only narrows, the policy is frozen',
    files: { '.errand.yml': 'network: [n21.example]\n' },
    attack: async (stage) => {
      const { word, canaries } = stage;
      canaries.resolve('n21.example', () => ['93.184.21.9']);
      const script = python(
        word,
        `
open('.errand.yml', 'w').write('network: [open, n21.example]\\n')
end = time.time() + 8
while time.time() < end:
    say(tunnel('n21.example:443'), hello(sni('n21.example'), alpn(word)))
    time.sleep(0.5)`,
      );
      const task = await stage.submit(script);
      await stage.until(
        'its checkout',
        async () => (await stage.errand.tasks.find(task.id))?.parts[0].checkout !== null,
      );
      await stage.errand.forge.control.commit({
        repository: stage.repository,
        files: { '.errand.yml': 'network: open\n' },
        message: 'Open everything',
      });
      await stage.ended(task);
      return heard(stage);
    },
    control: { weakness: 'file-widens', without: 'the rule that .errand.yml only narrows' },
  },
];

/** The process that serves a task. */
function gatewayOf(stage: Stage, task: TaskId): Promise<number> {
  return stage.until(`the gateway of ${task}`, async () => {
    const path = join(stage.at.gatewaysDir, task, 'gateway.pid');
    const pid = Number(await readFile(path, 'utf8').catch(() => ''));
    return pid > 0 ? pid : undefined;
  });
}

async function socketsOf(pid: number): Promise<number> {
  const folder = `/proc/${pid}/fd`;
  const links = await Promise.all((await readdir(folder)).map((fd) => readlink(join(folder, fd)).catch(() => '')));
  return links.filter((link) => link.startsWith('socket:')).length;
}

async function stop(stage: Stage, task: TaskId): Promise<void> {
  const asked = { channel: stage.channel, command: '/agent', text: `stop ${task}` };
  const found = await stage.errand.tasks.find(task);
  await stage.errand.slack.people.command({ user: found?.requester ?? '', ...asked });
}

let uploads: Map<string, number> | undefined;

/** Takes what comes to n14.example, and counts it by the word that each connection begins with. */
function listenAt14(canaries: Stage['canaries']): ReadonlyMap<string, number> {
  if (uploads !== undefined) return uploads;
  const counts = new Map<string, number>();
  uploads = counts;
  canaries.resolve('n14.example', () => ['93.184.14.9']);
  canaries.speak({ port: 443, address: '93.184.14.9' }, (socket) => {
    let word: string | undefined;
    socket.on('data', (bytes) => {
      word ??= /n14(?:real|weak)[a-z0-9]{8}/.exec(bytes.toString('latin1'))?.[0];
      if (word !== undefined) counts.set(word, (counts.get(word) ?? 0) + bytes.length);
    });
  });
  return counts;
}
