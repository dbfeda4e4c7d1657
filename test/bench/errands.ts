import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type Dockerode from 'dockerode';
import { z } from 'zod';
import { parseRecord } from '../../src/app/records.ts';
import { seed } from '../../src/local/slack/workspace.ts';
import { BrokerClient } from '../../src/sandbox/broker-client.ts';
import { labels } from '../../src/sandbox/container-spec.ts';
import { places } from '../../src/setup/places.ts';
import { parseTaskId, type TaskId, toRunId } from '../../src/task/ids.ts';
import type { ErrandUnderTest } from '../support/errand.ts';
import type { followContainers, Timeline } from './timeline.ts';

/** One errand from the command to its end. */
export interface Errand {
  readonly commandAt: number;
  readonly at: Timeline;
  /** Why no pull request came of it; null when one did. */
  readonly failure: string | null;
}

export interface Ground {
  readonly errand: ErrandUnderTest;
  readonly docker: Dockerode;
  readonly containers: Awaited<ReturnType<typeof followContainers>>;
  readonly repository: string;
}

const endsWithinMs = 60_000;
const mark = z.object({ event_payload: z.object({ lane: z.string(), key: z.string() }) });

/** Asks for a small change and waits for the end that Slack shows; the time stamps are those of whoever took each step. */
export async function runErrand(ground: Ground, title: string, channel: string): Promise<Errand> {
  const { errand } = ground;
  const text = `agent:shell repo:${ground.repository} ${title}\n\`\`\`sh\necho '${title}' >> README.md\n\`\`\``;
  const commandAt = Date.now();
  const before = performance.now();
  const ack = await errand.slack.people.command({ user: seed.ada, channel, command: '/agent', text });
  const acknowledged = commandAt + (performance.now() - before);
  if (ack.error !== null) return { commandAt, at: {}, failure: `The command was not taken: ${ack.error}` };
  try {
    const end = await errand.until(`the end of “${title}”`, () => endOf(errand, title), endsWithinMs);
    const at = { acknowledged, root: end.root, told: end.told, ...(await readTimeline(ground, end.task)) };
    return { commandAt, at, failure: end.changed ? null : end.text };
  } catch (error) {
    return { commandAt, at: { acknowledged }, failure: String(error) };
  }
}

/** What Slack has of an errand, once its result or its ending stands there. */
function endOf(errand: ErrandUnderTest, title: string) {
  const messages = errand.slack.store.workspace.messages.flatMap((message) => {
    const parsed = mark.safeParse(message.metadata);
    return parsed.success ? [{ ...message, ...parsed.data.event_payload }] : [];
  });
  const root = messages.find(
    ({ key, text, blocks }) => key === 'root' && JSON.stringify([text, blocks]).includes(title),
  );
  const told = messages.find(({ lane, key }) => lane === root?.lane && /^(?:gate|ending)-/.test(key));
  const task = parseTaskId(root?.lane ?? '');
  if (root === undefined || told === undefined || task === undefined) return undefined;
  const changed = told.key.startsWith('gate-');
  return { task, root: toMs(root.ts), told: toMs(told.ts), changed, text: told.text };
}

/** Slack's message ids are the time at which it took them. */
function toMs(ts: string): number {
  return Number(ts) * 1_000;
}

async function readTimeline({ errand, containers, repository }: Ground, id: TaskId): Promise<Timeline> {
  const [task, events, records, imported] = await Promise.all([
    errand.tasks.find(id),
    errand.tasks.events(id),
    readRecords(errand, id),
    importedAt(errand, id),
  ]);
  const atEvent = (type: (typeof events)[number]['type']) => events.find((event) => event.type === type)?.at;
  const atRecord = (type: (typeof records)[number]['type']) => records.find((record) => record.type === type)?.at;
  const ledger = errand.forge.control.ledger();
  const opened = ledger.filter(({ what }) => what === `POST /repos/${repository}/pulls`);
  const pull = task?.parts[0].pull;
  const number = pull?.type === 'open' ? pull.pull.number : Number.NaN;
  const atForge = (entry: (typeof ledger)[number] | undefined) =>
    entry === undefined ? undefined : Date.parse(entry.at);
  return {
    ...containers.of(id),
    stored: atEvent('task_created'),
    claimed: atEvent('run_started'),
    prepared: atEvent('checkout_prepared'),
    ready: atRecord('ready'),
    taken: atEvent('messages_taken'),
    checkedOut: atRecord('checked_out'),
    ended: atRecord('result'),
    imported,
    pushed: atForge(ledger.find(({ what }) => what === `refs/heads/${task?.branch}`)),
    opened: atForge(opened[number - 1]),
  };
}

/** By the runner's clock, which is this machine's. On Docker volumes they are gone with the container. */
async function readRecords(errand: ErrandUnderTest, id: TaskId) {
  const broker = new BrokerClient(places({ ERRAND_DATA_DIR: errand.dataDir }).brokerSocket);
  const records: NonNullable<ReturnType<typeof parseRecord>>[] = [];
  try {
    for await (const value of broker.records(toRunId(id, 1), 0, AbortSignal.timeout(5_000))) {
      const record = parseRecord(value);
      if (record !== undefined) records.push(record);
    }
  } catch {
    return [];
  }
  return records;
}

/** The commit reaches the task's repository as its only pack. */
async function importedAt(errand: ErrandUnderTest, id: TaskId): Promise<number | undefined> {
  const { tasksDir } = places({ ERRAND_DATA_DIR: errand.dataDir });
  const folder = join(tasksDir, `${id}.git`, 'objects', 'pack');
  const pack = (await readdir(folder).catch(() => [])).find((name) => name.endsWith('.idx'));
  return pack === undefined ? undefined : (await stat(join(folder, pack))).mtimeMs;
}

/** Settles when no container of this Errand is left, so that the next measurement has the machine to itself. */
export async function settled({ errand, docker }: Ground): Promise<void> {
  const instance = (await readFile(join(errand.dataDir, 'instance'), 'utf8')).trim();
  const filters = { label: [`${labels.instance}=${instance}`] };
  while ((await docker.listContainers({ all: true, filters })).length > 0) await delay(50);
}
