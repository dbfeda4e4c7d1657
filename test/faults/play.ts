import { seed } from '../../src/local/slack/workspace.ts';
import { channelOf, type Ground } from './ground.ts';

/** How a request ended, as its thread tells it. */
export type Ending = 'merged' | 'gate' | 'failed' | 'stopped' | 'refused' | 'unchanged';

const usualTimeoutMs = 300_000;
const usualScript = 'echo one > one.txt';

export interface Asked {
  readonly script?: string;
  readonly agent?: string;
  /** Files of its repository, beside a README. */
  readonly files?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
}

/** Ada mentions the bot with a request; Slack sends a mention again when it was not acknowledged. Returns its `ts`. */
export async function ask(ground: Ground, name: string, asked: Asked = {}): Promise<string> {
  const { errand } = ground;
  const { script = usualScript, agent = 'shell', files } = asked;
  await ground.place(name, files);
  const request = agent === 'shell' ? `Try ${name}\n\`\`\`sh\n${script}\n\`\`\`` : `Try ${name}`;
  const text = `<@${seed.bot}> repo:acme/${name} agent:${agent} ${request}`;
  return errand.slack.people.message({ user: seed.ada, channel: channelOf(name), text }).ts;
}

/** Errand's messages in a case's channel, oldest first. */
export function said({ errand }: Ground, name: string) {
  return errand.slack.store.messages(channelOf(name)).filter(({ user }) => user === seed.bot);
}

export function gateOf(ground: Ground, name: string) {
  return said(ground, name).find(({ text }) => text.includes('To merge'));
}

const endings: readonly [RegExp, Ending][] = [
  [/went into/, 'merged'],
  [/^Failed/, 'failed'],
  [/^Stopped/, 'stopped'],
  [/^Refused/, 'refused'],
  [/^Nothing changed/, 'unchanged'],
];

/** What the thread says has come of it by now. */
export function endingOf(ground: Ground, name: string): Ending | undefined {
  for (const { text, metadata } of said(ground, name)) {
    // The root message says the same in passing.
    if (keyOf(metadata) === 'root') continue;
    const ending = endings.find(([words]) => words.test(text));
    if (ending !== undefined) return ending[1];
  }
  return undefined;
}

/** Settles when something holds of what this case's channel shows. */
export function until<Value>(
  { errand }: Ground,
  name: string,
  what: string,
  condition: () => Value | undefined | false,
  timeoutMs = usualTimeoutMs,
): Promise<Value> {
  return errand.until(`${what} in ${name}`, condition, timeoutMs);
}

/** From the gate on: Grace approves, and the pull request goes in. A request that ended otherwise has told so. */
export async function approve(ground: Ground, name: string, timeoutMs = usualTimeoutMs): Promise<Ending> {
  await until(ground, name, 'a gate or an ending', () => gateOf(ground, name) ?? endingOf(ground, name), timeoutMs);
  const gate = gateOf(ground, name);
  if (gate !== undefined) {
    const order = { user: seed.grace, channel: channelOf(name), ts: gate.ts, name: 'white_check_mark', present: true };
    ground.errand.slack.people.reaction(order);
  }
  return until(ground, name, 'an ending', () => endingOf(ground, name), timeoutMs);
}

/** A whole task from the mention to the merge. */
export async function play(ground: Ground, name: string, asked: Asked = {}): Promise<Ending> {
  await ask(ground, name, asked);
  return approve(ground, name, asked.timeoutMs);
}

export function keyOf(metadata: unknown): string | undefined {
  const mark = markOf(metadata);
  return mark?.key.split('-')[0];
}

/** Which row a message is, unseen in Slack. */
export function markOf(metadata: unknown): { lane: string; key: string } | undefined {
  if (typeof metadata !== 'object' || metadata === null || !('event_payload' in metadata)) return undefined;
  const payload = metadata.event_payload;
  if (typeof payload !== 'object' || payload === null || !('lane' in payload) || !('key' in payload)) return undefined;
  return { lane: String(payload.lane), key: String(payload.key) };
}
