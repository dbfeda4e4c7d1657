import type { Attack } from '../attack.ts';

export const attacks: readonly Attack[] = [
  {
    id: 'N1',
    title: 'direct TCP, UDP and IPv6 to the internet',
    expected: 'unreachable; no canary hears a word',
    representative: true,
    attack: async (stage) => {
      const { word, canaries } = stage;
      await stage.play(`python3 - <<'END'
import socket
for family, kind, to in [(2, 1, ('198.51.100.7', 80)), (2, 2, ('198.51.100.7', 514)), (10, 1, ('2001:db8::7', 80))]:
    try:
        s = socket.socket(family, kind)
        s.settimeout(2)
        s.connect(to)
        s.send(b'${word}')
        s.recv(100)
    except OSError as error:
        print(to, error)
END
true`);
      const seen = canaries.seen(word);
      const ways = [...new Set(seen.map(({ protocol, at }) => `${protocol}${at.includes(':') ? '6' : ''}`))];
      return {
        through: seen.length > 0,
        seen: seen.length > 0 ? `canary heard ${ways.join(', ')}` : 'canaries: nothing',
      };
    },
    control: { weakness: 'network', without: '--network none' },
  },
];
