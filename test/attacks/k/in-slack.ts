import { createHmac, randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { seed } from '../../../src/local/slack/workspace.ts';
import type { Task } from '../../../src/task/task.ts';
import { secrets } from '../../support/errand.ts';
import type { Stage } from '../stage.ts';

/** A request for a script that changes a file; `word` tells it from others wherever it shows. */
export function request({ repository }: Stage, word: string): string {
  return `repo:${repository} agent:shell Say ${word}\n\`\`\`sh\necho ${word} > said.txt\n\`\`\``;
}

export interface Sender {
  readonly user?: string;
  readonly team?: string;
  readonly channel?: string;
}

/** The body of a slash command as Slack posts it. */
export function commandBody(stage: Stage, text: string, { user, team, channel }: Sender = {}): string {
  return new URLSearchParams({
    team_id: team ?? seed.team,
    channel_id: channel ?? stage.channel,
    user_id: user ?? seed.ada,
    command: '/agent',
    text,
    trigger_id: randomUUID(),
    response_url: 'http://127.0.0.1:9/',
  }).toString();
}

export interface Signing {
  readonly secret?: string;
  /** How long ago it was signed. */
  readonly ageS?: number;
  /** What was signed, where that is not what is sent. */
  readonly over?: string;
  /** Instead of any signature. */
  readonly signature?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Posts to the bot's own address, as Slack or somebody else would. Gives status and answer. */
export async function post(stage: Stage, body: string, signing: Signing = {}) {
  const { secret = secrets.SLACK_SIGNING_SECRET, ageS = 0, over = body, headers = {} } = signing;
  const at = String(Math.floor(Date.now() / 1000) - ageS);
  const made = `v0=${createHmac('sha256', secret).update(`v0:${at}:${over}`).digest('hex')}`;
  const signature = signing.signature === undefined ? made : signing.signature;
  const answer = await fetch(`http://127.0.0.1:${stage.errand.env.PORT}/slack/events`, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      'x-slack-request-timestamp': at,
      ...(signature === null ? {} : { 'x-slack-signature': signature }),
      ...headers,
    },
    body,
    signal: stage.signal,
  });
  return { status: answer.status, text: await answer.text() };
}

/** What the bot has posted in this workspace that holds the word. */
export function said({ errand }: Stage, word: string) {
  return errand.slack.store.workspace.messages.filter(({ user, text }) => user === seed.bot && text.includes(word));
}

/** How many tasks the bot has shown that hold the word. */
export function tasksShown(stage: Stage, word: string): number {
  return new Set(said(stage, word).map(({ metadata }) => JSON.stringify(laneOf(metadata)))).size;
}

function laneOf(metadata: unknown): unknown {
  const { event_payload: mark } = Object(metadata);
  return Object(mark).lane;
}

/** The words that were shown to one person alone. */
export function toldAlone({ errand, channel }: Stage, user: string): string {
  const told = errand.slack.store.ephemerals.filter((each) => each.user === user && each.channel === channel);
  return told.map(({ text }) => text).join('\n');
}

/** Whether the bot shows what it should not before it shows a request that came in after it, which is then stopped. */
export async function isTaken(stage: Stage, look: () => boolean): Promise<boolean> {
  const word = `later${randomUUID().slice(0, 8)}`;
  const task = await stage.submit('true', { text: `Come after ${word}` });
  const yes = await before(stage, look, () => said(stage, word).length > 0);
  const order = { user: seed.ada, channel: stage.channel, command: '/agent', text: `stop ${task.id}` };
  await stage.errand.slack.people.command(order);
  return yes;
}

async function before(stage: Stage, look: () => boolean | Promise<boolean>, isLater: () => boolean): Promise<boolean> {
  const { yes } = await stage.until('what comes of it, or the request after it', async () => {
    // First whether it is late already, so that nothing is missed between the two.
    const late = isLater();
    if (await look()) return { yes: true };
    return late ? { yes: false } : undefined;
  });
  return yes;
}

/** Who approved what was merged, as the bot tells it; Max approves it on its gate where nobody's word has counted so far. */
export async function mergedBy(stage: Stage, gate: string): Promise<string> {
  await dealtWith(stage);
  react(stage, seed.max, gate);
  await stage.until('a merge', () => isMerged(stage));
  const { text } = await stage.until('word of the merge', () =>
    stage.errand.slack.store.workspace.messages.find(
      (each) => each.channel === stage.channel && each.user === seed.bot && each.text.startsWith('Merged · #'),
    ),
  );
  return /approved by <@([A-Z0-9]+)>/.exec(text)?.[1] ?? 'nobody';
}

/** Settles once all that was sent into this channel so far is acknowledged, and nothing of it waits: what comes then is later. */
async function dealtWith({ at, channel, errand, until }: Stage): Promise<void> {
  const sent = errand.slack.outbound.records.filter(({ payload }) => JSON.stringify(payload).includes(channel));
  const redis = new Redis(at.redisSocket, { maxRetriesPerRequest: null });
  try {
    await until('what was sent to be dealt with', async () => {
      const waiting = await redis.zrange('{errand:default}:inbox-unsettled', '0', '-1');
      return sent.every(({ acked }) => acked) && !waiting.some((key) => key.includes(channel));
    });
  } finally {
    redis.disconnect();
  }
}

export interface Gate {
  readonly task: Task;
  /** The message that its commit can be approved on. */
  readonly ts: string;
  readonly root: string;
  readonly head: string;
}

/** A task of Ada's with a pull request that is up for review. */
export async function openGate(stage: Stage, script = 'echo changed > changed.txt'): Promise<Gate> {
  const task = await stage.play(script);
  const [part] = task.parts;
  if (part.pull.type === 'none') throw new Error(`no pull request was opened.\n${stage.thread()}`);
  const { head } = part.pull.pull;
  const message = (key: RegExp) =>
    stage.until(`the message ${key}`, () =>
      stage.errand.slack.store.workspace.messages.find(({ channel, metadata }) => {
        const { lane, key: of } = Object(Object(metadata).event_payload);
        return channel === stage.channel && lane === task.id && key.test(String(of));
      }),
    );
  const [gate, root] = [await message(/^gate-/), await message(/^root$/)];
  return { task, ts: gate.ts, root: root.ts, head };
}

/** The pull request of this case as the forge has it. */
export async function pullOf({ errand, repository }: Stage) {
  const [pull] = (await errand.forge.control.viewRepository(repository)).pulls;
  if (pull === undefined) throw new Error('the forge has no pull request');
  return pull;
}

export async function isMerged(stage: Stage): Promise<boolean> {
  return (await pullOf(stage)).state === 'merged';
}

/** A person's ✅, or another emoji. */
export function react({ errand, channel }: Stage, user: string, ts: string, name = 'white_check_mark'): void {
  errand.slack.people.reaction({ user, channel, ts, name, present: true });
}
