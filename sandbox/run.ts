import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { checkOut, makeFolder } from './checkout.ts';
import type { Inbox, Spec } from './control.ts';
import { RunFailure } from './failure.ts';
import type { Feed } from './feed.ts';
import type { Files } from './files.ts';
import type { RunnerResult } from './protocol.ts';
import type { Records } from './records.ts';
import { runShell } from './shell-agent.ts';
import { head } from './text.ts';
import type { Wire } from './wire.ts';

export interface RunOptions {
  readonly paths: { readonly workspace: string; readonly home: string };
  readonly records: Records;
  readonly feed: Feed;
  readonly files: Files;
  readonly inbox: Inbox;
  /** What a child gets before the spec's own variables. */
  readonly env: Readonly<Record<string, string>>;
  readonly wire: Wire;
}

/** Waits for the spec and carries it out. Always resolves with a result; what it started has ended by then. */
export async function carryOut(options: RunOptions): Promise<RunnerResult> {
  const { feed, inbox, records } = options;
  try {
    const { agent, ...place } = await unlessStopped(inbox, inbox.spec);
    await mkdir(options.paths.home, { recursive: true });
    const done = agent.type === 'shell' ? await shell(place, agent.script, options) : await acp(place, agent, options);
    return { type: 'finished', ...done, unread: inbox.unread.map(({ id }) => id) };
  } catch (error) {
    const failure = inbox.stopped.aborted ? inbox.stopped.reason : error;
    if (failure instanceof RunFailure)
      return { type: 'failed', code: failure.code, message: head(failure.message, 500) };
    return { type: 'failed', code: 'agent_error', message: head(`The runner failed: ${String(failure)}`, 500) };
  } finally {
    feed.flush();
    for (const { id } of inbox.unread) records.write({ type: 'steered', id, accepted: false });
  }
}

interface Done {
  readonly exitCode: number;
  readonly claim: string;
}

type Place = Pick<Spec, 'checkouts' | 'cwd'>;

async function shell(place: Place, script: string, options: RunOptions): Promise<Done> {
  await prepare(place, options);
  const { env, feed, inbox, paths } = options;
  return await runShell(script, { cwd: join(paths.workspace, place.cwd), env, feed, signal: inbox.stopped });
}

type AcpSpec = Extract<Spec['agent'], { type: 'acp' }>;

async function acp(place: Place, spec: AcpSpec, options: RunOptions): Promise<Done> {
  const { feed, files, inbox, paths, records, wire } = options;
  // The agent's process comes up while git fills the tree; it looks at the tree only when its session opens.
  const starting = startAcp(spec, options);
  const [prepared, started] = await Promise.allSettled([prepare(place, options), starting]);
  await using agent = started.status === 'fulfilled' ? started.value : null;
  if (prepared.status === 'rejected') throw prepared.reason;
  if (agent === null) throw started.status === 'rejected' ? started.reason : undefined;
  const [{ runAcp }, { explain }] = await Promise.all([import('./acp-run.ts'), import('./acp-failure.ts')]);
  try {
    const { claim } = await runAcp(spec, { agent, cwd: join(paths.workspace, place.cwd), inbox, records, feed, files });
    // Codex ends a turn that its model endpoint refused like any other, with the error as its message.
    if (wire.failure !== null) throw explain(null, { failure: wire.failure, claim });
    return { exitCode: 0, claim };
  } catch (error) {
    inbox.stopped.throwIfAborted();
    throw explain(await agent.cause(error), { failure: wire.failure, claim: agent.updates.claim });
  }
}

async function startAcp(spec: AcpSpec, options: RunOptions) {
  const { startAcpAgent } = await import('./acp-agent.ts');
  const { feed, inbox, paths, records } = options;
  const env = { ...options.env, ...spec.env };
  return await startAcpAgent({ command: spec.command, env, cwd: paths.workspace, inbox, records, feed });
}

async function prepare({ checkouts, cwd }: Place, { paths, inbox, records }: RunOptions): Promise<void> {
  const { workspace } = paths;
  if (checkouts.every(({ folder }) => folder !== cwd)) await makeFolder(join(workspace, cwd));
  for (const order of checkouts) {
    await checkOut(order, { workspace, signal: inbox.stopped });
    records.write({ type: 'checked_out', start: order.start });
  }
}

async function unlessStopped<T>(inbox: Inbox, value: Promise<T>): Promise<T> {
  const { stopped } = inbox;
  const { promise, reject } = Promise.withResolvers<never>();
  const stop = () => reject(stopped.reason);
  if (stopped.aborted) stop();
  stopped.addEventListener('abort', stop, { once: true });
  return await Promise.race([value, promise]);
}
