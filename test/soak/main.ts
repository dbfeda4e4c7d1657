import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { seed } from '../../src/local/slack/workspace.ts';
import { connectEngine } from '../../src/sandbox/docker.ts';
import { places as placesOf } from '../../src/setup/places.ts';
import { openRedis, waitForRedis } from '../../src/store/connection.ts';
import { type ErrandUnderTest, startErrand } from '../support/errand.ts';
import { type Census, takeCensus } from './census.ts';
import { type Ended, type Ground, play } from './errand.ts';
import { deaths, mishaps, type Reach } from './faults.ts';
import { answering } from './model.ts';
import { repositories, toPlan } from './plan.ts';
import { createRandom, pick } from './random.ts';
import { compare, heading, toLine, toTable } from './report.ts';
import { forgetEarly } from './retention.ts';
import { Threads } from './thread.ts';
import { judge, Writes } from './verdict.ts';

const usage = `npm run soak [-- --tasks <n>] [--seed <n>] [--death <s>] [--mishap <s>]

Sends requests to a whole Errand, eight at work at once, while processes are killed and calls go wrong at random, and counts
what there is of memory, disk, keys and containers. Ends with 0 when each request had one outcome, told once, and nothing grew.
500 requests take about half an hour on two cores. Needs root, Docker, Redis and git, as npm test does.

  --tasks <n>    how many requests (500)
  --seed <n>     which ones, and which faults (1)
  --death <s>    a process is killed every so many seconds (15), 0 for never
  --mishap <s>   a call goes wrong every so many seconds (2), 0 for never
`;

const { values } = parseArgs({
  options: {
    help: { type: 'boolean', short: 'h', default: false },
    tasks: { type: 'string', default: '500' },
    seed: { type: 'string', default: '1' },
    death: { type: 'string', default: '15' },
    mishap: { type: 'string', default: '2' },
  },
});

const abreast = 8;
/** Some wait for a person while others run. */
const outstanding = 14;
const channelCount = 16;
const censusEveryMs = 20_000;

function say(text: string): void {
  process.stdout.write(text);
}

/** Slack takes one post a second in a channel. */
function openChannels({ slack }: ErrandUnderTest): readonly string[] {
  return Array.from({ length: channelCount }, (_, index) => {
    const id = `C0SOAK${String(index).padStart(5, '0')}`;
    slack.store.workspace.channels.push({
      ...{ id, name: `soak-${index}`, topic: '', created: 0, members: [seed.ada, seed.grace, seed.bot] },
      ...{ is_private: false, is_im: false, is_archived: false, is_ext_shared: false },
    });
    return id;
  });
}

/** Strikes now and then until the signal aborts. */
async function strike(
  list: typeof deaths,
  {
    reach,
    everyMs,
    counts,
    signal,
  }: {
    readonly reach: Reach;
    readonly everyMs: number;
    readonly counts: Map<string, number>;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  while (everyMs > 0 && !signal.aborted) {
    await delay(everyMs * (0.5 + reach.random()), undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    const [, name, act] = pick(
      reach.random,
      list.map((each) => [each[0], each] as const),
    );
    if (await act(reach)) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
}

async function soak(tasks: number, seedNumber: number, deathMs: number, mishapMs: number): Promise<boolean> {
  say(`Starting Errand; ${tasks} requests of seed ${seedNumber} …\n`);
  const reachModel: Reach['model'] = { next: 'none' };
  await using errand = await startErrand({
    mode: 'http',
    repositories,
    preloads: [join(import.meta.dirname, 'larger/preload.ts')],
    retryDelaysMs: [300, 2_000, 5_000, 10_000, 20_000, 40_000],
    env: { ERRAND_CONCURRENCY: String(abreast), ERRAND_POLL_SECONDS: '5' },
    yaml: 'limits:\n  personRuns: none\n  channelRuns: none\n  repositoryRuns: none\n  runMinutes: 3\n  memory: 768MiB\n  cpus: 1\n  workspace: 256MiB\n',
  });
  errand.model.on(answering(reachModel));
  for (const repository of repositories) {
    await errand.forge.control.createRepository({ repository, files: { 'README.md': '# Soak\n' } });
  }
  const places = placesOf({ ERRAND_DATA_DIR: errand.dataDir });
  const { docker } = connectEngine(process.env.DOCKER_HOST ?? 'unix:///var/run/docker.sock');
  const redis = openRedis(places.redisSocket, { name: 'soak', onError: () => undefined });
  await waitForRedis(redis, 5_000);
  const threads = new Threads(() => errand.slack.store.ledger);
  const ground: Ground = { errand, threads, channels: openChannels(errand) };
  const over = new AbortController();
  const random = createRandom(seedNumber);
  const plan = toPlan(tasks, random);
  const reach: Reach = { errand, places, docker, random: createRandom(seedNumber + 1), model: reachModel };
  const counts = new Map<string, number>();
  const endings: Ended[] = [];
  const samples: Census[] = [];
  const writes = new Writes();
  const began = performance.now();
  let begun = 0;

  const look = async () => {
    writes.gather(errand.forge.control.ledger());
    const seconds = Math.round((performance.now() - began) / 1_000);
    const so = { seconds, ended: endings.length, open: begun - endings.length };
    return takeCensus({ places, docker, redis, supervisor: errand.process.pid ?? 0 }, so);
  };
  const counting = async () => {
    say(heading);
    while (!over.signal.aborted) {
      await delay(censusEveryMs, undefined, { signal: over.signal }).catch(() => undefined);
      if (over.signal.aborted) return;
      await forgetEarly(errand, places);
      const census = await look();
      samples.push(census);
      say(toLine(census));
    }
  };
  const next = plan.values();
  const lane = async () => {
    for (const planned of next) {
      begun += 1;
      const ended = await play(ground, planned);
      endings.push(ended);
      if (ended.outcome === null) say(`${ended.title} (${planned.kind}) waited in vain for ${ended.missing}\n`);
    }
  };
  const signal = over.signal;
  const beside = [
    counting(),
    strike(deaths, { reach, everyMs: deathMs, counts, signal }),
    strike(mishaps, { reach, everyMs: mishapMs, counts, signal }),
  ];
  const stopped = new Promise<never>((_, reject) => {
    // Whoever ends it early finds nothing of it on their machine.
    for (const name of ['SIGINT', 'SIGTERM'] as const)
      process.once(name, () => reject(new Error('Ended before its end.')));
  });
  await Promise.race([Promise.all(Array.from({ length: outstanding }, lane)), Promise.all(beside), stopped]);
  over.abort();
  await Promise.all(beside);
  errand.slack.faults.clear();
  errand.forge.control.clearFaults();
  await errand.quiet();
  const took = Math.round((performance.now() - began) / 1_000);

  const last = await settle(look, errand, places);
  say(toLine(last));
  const outcomes = new Map<string, number>();
  for (const { planned, outcome } of endings) {
    const name = `${planned.kind}: ${outcome ?? 'none'}`;
    outcomes.set(name, (outcomes.get(name) ?? 0) + 1);
  }
  const wrong = [...(await judge(ground, writes, endings)), ...leftOf(last)];
  const flatness = compare(samples);
  say(`\n${endings.length} requests in ${took} s.\n\nWhat went wrong on purpose\n${toTable(counts)}`);
  say(`\nWhat was asked for, and what came of it\n${toTable(outcomes)}`);
  say('\nThe middle of the second fifth of the time, and of the last\n');
  for (const { what, early, late, isFlat } of flatness) {
    say(`  ${isFlat ? '✓' : '✗'} ${what.padEnd(12)}${String(early).padStart(8)}${String(late).padStart(8)}\n`);
  }
  say(
    wrong.length === 0
      ? '\nEach had one outcome, told once.\n'
      : `\nWrong\n${wrong.map((each) => `  ✗ ${each}\n`).join('')}`,
  );
  redis.disconnect();
  return wrong.length === 0 && flatness.every(({ isFlat }) => isFlat);
}

/** Once everything has ended, everything is to go; as long as something still does, it is waited for. */
async function settle(
  look: () => Promise<Census>,
  errand: ErrandUnderTest,
  places: ReturnType<typeof placesOf>,
): Promise<Census> {
  let census = await look();
  for (let times = 0; times < 30 && leftOf(census).length > 0; times += 1) {
    await delay(5_000);
    await forgetEarly(errand, places, 0);
    census = await look();
  }
  return census;
}

function leftOf({ containers, volumes, mounts }: Census): readonly string[] {
  return Object.entries({ containers, volumes, mounts }).flatMap(([what, count]) =>
    count === 0 ? [] : [`${count} ${what} are left`],
  );
}

if (values.help) process.stdout.write(usage);
else {
  const number = (text: string) => Number(text);
  const good = await soak(
    number(values.tasks),
    number(values.seed),
    number(values.death) * 1_000,
    number(values.mishap) * 1_000,
  );
  process.exitCode = good ? 0 : 1;
}
