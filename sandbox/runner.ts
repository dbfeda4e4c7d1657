/**
 * The sandbox's main process: `node runner.ts [--paths=<json>]` with the run's id in `ERRAND_RUN`. Reads control lines on
 * stdin, writes records. Exits 0 once a result is written, 70 after an error of its own, which is told as a
 * failed run where that is still possible.
 */
import { parseArgs } from 'node:util';
import { toChildEnv } from './child-env.ts';
import { RunFailure } from './failure.ts';
import { startForwarder } from './forwarder.ts';
import { inside } from './protocol.ts';
import { Records } from './records.ts';
import { Wire } from './wire.ts';

const { values } = parseArgs({ options: { paths: { type: 'string', default: '{}' } } });
const paths: typeof inside = { ...inside, ...JSON.parse(values.paths) };
const run = process.env.ERRAND_RUN ?? '';
if (!/^[\w-]{1,64}$/.test(run)) {
  process.stderr.write('ERRAND_RUN is not a run id.\n');
  process.exit(64);
}

const records = Records.open({ directory: paths.records, run, echo: (line) => process.stdout.write(line) });
if (records.ended) process.exit(0);
records.write({ type: 'ready' });

process.once('uncaughtException', (error) => {
  void records
    .finish({ type: 'failed', code: 'agent_error', message: `The runner failed: ${String(error)}` })
    .finally(() => process.exit(70));
});

// zod and what stands on it load after `ready`: a worker sees the container alive sooner.
const { Inbox, readLines } = await import('./control.ts');
const { Feed } = await import('./feed.ts');
const { carryOut } = await import('./run.ts');
const { Files } = await import('./files.ts');

const feed = new Feed(records);
const refused = (reason: string) => feed.note(reason);
const files = new Files({ directory: paths.files, refused });
const inbox = new Inbox({ refused, file: (piece) => files.take(piece) });
const wire = new Wire({
  budgetSpent: () => inbox.stop(new RunFailure('budget', "The task's model budget is spent.")),
  keyRefused: () => inbox.stop(new RunFailure('agent_auth', 'The model endpoint refused the key (401).')),
  failed: (status) => feed.activity('model', `The model endpoint answered ${status}`, 'error'),
});
process.once('SIGTERM', () => inbox.stop(new RunFailure('cancelled', 'The run was stopped.')));
readLines(process.stdin, (line) => inbox.take(line)).catch((error: unknown) => {
  feed.note(`Nothing more is heard from the worker: ${String(error)}`);
});

await using forwarder = await startForwarder({
  listen: paths.forwarder,
  gateway: paths.gateway,
  answered: (answer) => wire.take(answer),
});
const proxy = `http://${paths.forwarder.host}:${forwarder.port}`;
const result = await carryOut({ paths, records, feed, files, inbox, wire, env: toChildEnv(paths.home, proxy) });
await records.finish(result);
// Exits with the stdin still open; in the container every process left over ends with this one.
process.exit(0);
