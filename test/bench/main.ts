import { parseArgs } from 'node:util';
import { demoFiles } from '../../src/local/forge/seed.ts';
import { seed } from '../../src/local/slack/workspace.ts';
import { connectEngine } from '../../src/sandbox/docker.ts';
import { places } from '../../src/setup/places.ts';
import { type ErrandUnderTest, startErrand } from '../support/errand.ts';
import { type Errand, type Ground, runErrand, settled } from './errands.ts';
import { type Floor, type Floors, floors, openFloors } from './floors.ts';
import { type Measured, render, toReport } from './report.ts';
import { measureStored } from './stored.ts';
import { renderStored, toStoredRows } from './stored-report.ts';
import { followContainers } from './timeline.ts';

const usage = `npm run bench [-- --trace] [--json] [--runs <n>] [--rounds <n>] [--store]

Measures a whole Errand in a data folder of its own, beside the bare things it stands on: the time from a slash command to
its acknowledgement, the root message, the runner's first record and the pull request. Takes two to three minutes and
leaves nothing behind. Needs Docker, Redis and git, as npm test does.

  --trace       also print where the time of one errand goes
  --json        print everything as one JSON object instead
  --runs <n>    errands one at a time (default 10)
  --rounds <n>  rounds of eight at once (default 3)
  --store       only what the store costs with a thousand and with a hundred thousand tasks in it
`;

const { values } = parseArgs({
  options: {
    help: { type: 'boolean', short: 'h', default: false },
    json: { type: 'boolean', default: false },
    trace: { type: 'boolean', default: false },
    runs: { type: 'string', default: '10' },
    rounds: { type: 'string', default: '3' },
    store: { type: 'boolean', default: false },
  },
});

const repository = 'acme/bench';
const abreast = 8;
/** Cheap floors are taken more often, for they vary more. */
const times: Partial<Record<Floor, number>> = { ping: 20, create: 3, http: 20 };

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** A channel each, since Slack takes one post a second in a channel. */
function openChannels({ slack }: ErrandUnderTest): readonly string[] {
  return Array.from({ length: abreast }, (_, index) => {
    const id = `C0BENCH${String(index).padStart(4, '0')}`;
    slack.store.workspace.channels.push({
      ...{ id, name: `bench-${index}`, topic: '', created: 0, members: [seed.ada, seed.bot] },
      ...{ is_private: false, is_im: false, is_archived: false, is_ext_shared: false },
    });
    return id;
  });
}

async function takeFloors(open: Floors, into: Record<Floor, number[]>): Promise<void> {
  for (const floor of Object.keys(floors) as Floor[]) {
    for (let time = 0; time < (times[floor] ?? 1); time += 1) into[floor].push(await open[floor]());
  }
}

async function measure(runs: number, rounds: number): Promise<Measured> {
  say('Starting Errand …');
  await using errand = await startErrand({
    mode: 'http',
    repositories: [repository],
    env: { ERRAND_CONCURRENCY: String(abreast), ERRAND_POLL_SECONDS: '60' },
  });
  const { '.errand.yml': _, ...files } = demoFiles;
  await errand.forge.control.createRepository({ repository, files });
  const channels = openChannels(errand);
  const { docker } = connectEngine(process.env.DOCKER_HOST ?? 'unix:///var/run/docker.sock');
  using containers = await followContainers(docker, places({ ERRAND_DATA_DIR: errand.dataDir }).instance);
  await using open = await openFloors(errand, repository);
  const ground: Ground = { errand, docker, containers, repository };
  let count = 0;
  const next = async (channel = 0) => runErrand(ground, `Measured errand ${++count}.`, channels[channel] ?? seed.dev);

  say('Warming up …');
  const taken = Object.fromEntries(Object.keys(floors).map((floor): [string, number[]] => [floor, []]));
  await takeFloors(open, structuredClone(taken) as Record<Floor, number[]>);
  await next();
  await settled(ground);
  const alone: Errand[] = [];
  for (let index = 1; index <= runs; index += 1) {
    say(`One at a time: ${index} of ${runs}`);
    alone.push(await next(index % abreast));
    await settled(ground);
    await takeFloors(open, taken as Record<Floor, number[]>);
  }
  const together: Errand[][] = [];
  for (let round = 1; round <= rounds; round += 1) {
    say(`Eight at once: round ${round} of ${rounds}`);
    together.push(await Promise.all(channels.map((_, channel) => next(channel))));
    await settled(ground);
  }
  return { alone, together, floors: taken as Record<Floor, number[]> };
}

if (values.help) process.stdout.write(usage);
else if (values.store) {
  const stored = await measureStored(say);
  process.stdout.write(
    `${values.json ? JSON.stringify(toStoredRows(stored), null, 2) : `\n${renderStored(stored)}`}\n`,
  );
} else {
  const report = toReport(await measure(Number(values.runs), Number(values.rounds)));
  const stored = await measureStored(say);
  process.stdout.write(
    values.json
      ? `${JSON.stringify({ ...report, stored: toStoredRows(stored) }, null, 2)}\n`
      : `\n${render(report, { trace: values.trace })}\n\n${renderStored(stored)}\n`,
  );
  if (report.failures.length > 0) process.exitCode = 1;
}
