import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { answerTo, questionOf } from './dns.ts';

/** Something that reached a canary: `at` is the address it was sent to, where the system tells. */
export interface Sighting {
  readonly protocol: 'tcp' | 'udp' | 'dns';
  readonly at: string;
  readonly port: number;
  readonly from: string;
  /** What came, the first 16 KiB of it; of a DNS question the name. */
  readonly said: string;
}

export interface Canaries extends AsyncDisposable {
  /** All that came so far and holds this word. Give each attack a word of its own. */
  seen(word: string): readonly Sighting[];
  all(): readonly Sighting[];
  /** Lets somebody else speak on connections to this port, at one address or any; they are noted all the same. */
  speak(to: { port: number; address?: string }, speaker: (socket: Socket) => void): void;
  /** What the DNS canary answers for a name: `203.0.113.9` without. Called anew for each question. */
  resolve(name: string, addresses: () => readonly string[]): void;
  /** ICMP echo requests that arrived in this namespace so far. */
  pings(): Promise<number>;
}

const tcpPorts = [22, 25, 53, 80, 443, 853, 2375, 3306, 4444, 5432, 6379, 8080, 9418, 11211];
const udpPorts = [53, 123, 443, 514, 4444];
const mostBytes = 16 * 1024;
const page = 'HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 15\r\n\r\nreached canary\n';

/** Listens on every address of this namespace, and notes who comes. */
export async function openCanaries(): Promise<Canaries> {
  const sightings: { -readonly [Key in keyof Sighting]: Sighting[Key] }[] = [];
  const speakers = new Map<string, (socket: Socket) => void>();
  const names = new Map<string, () => readonly string[]>();
  const closing: (() => void)[] = [];
  const addressesOf = (name: string) => names.get(name.toLowerCase())?.() ?? ['203.0.113.9'];

  const connected = (port: number) => (socket: Socket) => {
    const at = plain(socket.localAddress);
    const sighting = { protocol: 'tcp' as const, at, port, from: plain(socket.remoteAddress), said: '' };
    sightings.push(sighting);
    socket.on('error', () => socket.destroy());
    socket.on('data', (bytes) => {
      if (sighting.said.length < mostBytes) sighting.said += bytes.toString('latin1');
    });
    const speaker = speakers.get(`${at} ${port}`) ?? speakers.get(` ${port}`);
    if (speaker !== undefined) speaker(socket);
    else if (port === 53) {
      socket.on('data', (bytes) => {
        const question = questionOf(bytes.subarray(2));
        if (question === undefined) return;
        sightings.push({ ...sighting, protocol: 'dns', said: question.name });
        const answer = answerTo(question, addressesOf(question.name));
        socket.write(Buffer.concat([Buffer.from([answer.length >> 8, answer.length & 0xff]), answer]));
      });
    } else socket.once('data', () => socket.end(page));
  };

  for (const port of tcpPorts) {
    const server = createServer(connected(port)).listen(port, '::');
    await once(server, 'listening');
    closing.push(() => server.close());
  }
  for (const port of udpPorts) {
    for (const family of ['udp4', 'udp6'] as const) {
      const socket = createSocket({ type: family, ipv6Only: family === 'udp6' });
      socket.on('message', (bytes, { address }) => {
        const question = port === 53 ? questionOf(bytes) : undefined;
        const said = question?.name ?? bytes.toString('latin1').slice(0, mostBytes);
        sightings.push({ protocol: question === undefined ? 'udp' : 'dns', at: '', port, from: address, said });
      });
      socket.on('message', (bytes, { address, port: back }) => {
        const question = port === 53 ? questionOf(bytes) : undefined;
        if (question !== undefined) socket.send(answerTo(question, addressesOf(question.name)), back, address);
      });
      socket.bind(port);
      await once(socket, 'listening');
      closing.push(() => socket.close());
    }
  }

  return {
    all: () => sightings,
    seen: (word) => sightings.filter(({ said }) => said.includes(word)),
    speak: ({ port, address = '' }, speaker) => void speakers.set(`${address} ${port}`, speaker),
    resolve: (name, addresses) => void names.set(name.toLowerCase(), addresses),
    async pings() {
      const counted = await Promise.all([
        readFile('/proc/self/net/snmp', 'utf8').then((text) => columnOf(text, 'Icmp:', 'InEchos')),
        readFile('/proc/self/net/snmp6', 'utf8').then((text) => Number(/^Icmp6InEchos\s+(\d+)/m.exec(text)?.[1] ?? 0)),
      ]);
      return counted[0] + counted[1];
    },
    async [Symbol.asyncDispose]() {
      for (const close of closing) close();
    },
  };
}

/** `/proc/net/snmp` has a line of names above each line of numbers. */
function columnOf(text: string, kind: string, name: string): number {
  const [names = '', values = ''] = text.split('\n').filter((line) => line.startsWith(kind));
  return Number(values.split(' ')[names.split(' ').indexOf(name)] ?? 0);
}

function plain(address: string | undefined): string {
  return (address ?? '').replace(/^::ffff:/, '');
}
