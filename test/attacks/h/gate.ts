import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { seed } from '../../../src/local/slack/workspace.ts';
import type { PullState, Task } from '../../../src/task/task.ts';
import type { Stage } from '../stage.ts';

export interface GateMessage {
  readonly ts: string;
  readonly text: string;
}

/** The newest message of the case's channel that says these words; undefined while there is none. */
export function saying({ errand, channel }: Stage, words: string): GateMessage | undefined {
  const found = errand.slack.store.workspace.messages.findLast(
    (each) => each.channel === channel && JSON.stringify([each.text, each.blocks]).includes(words),
  );
  return found === undefined ? undefined : { ts: found.ts, text: found.text };
}

/** Plays a script whose work ends in a pull request, and gives the task once its gate stands in Slack. */
export async function toGate(stage: Stage, script = 'echo note > note.txt'): Promise<Task> {
  const task = await stage.play(script);
  await stage.until('the gate', () => saying(stage, 'To merge: react'));
  return task;
}

/** Grace's ✅ on the newest gate; given before, it is taken off first, which takes back what it approved. */
export async function approve(stage: Stage): Promise<void> {
  const { slack } = stage.errand;
  const { ts } = await stage.until('the gate', () => saying(stage, 'To merge: react'));
  const order = { user: seed.grace, channel: stage.channel, ts, name: 'white_check_mark' };
  const message = slack.store.workspace.messages.find((each) => each.channel === stage.channel && each.ts === ts);
  const given = message?.reactions?.some(({ name, users }) => name === order.name && users.includes(order.user));
  if (given === true) slack.people.reaction({ ...order, present: false });
  slack.people.reaction({ ...order, present: true });
}

/** What Errand has on record of the task's pull request. */
export async function pullOf(stage: Stage, { id }: Pick<Task, 'id'>): Promise<PullState> {
  const task = await stage.errand.tasks.find(id);
  if (task === undefined) throw new Error(`${id} is gone`);
  return task.parts[0].pull;
}

/** What the forge wrote down about a repository: references that moved, calls that wrote, workflows that started. */
export function ledgerOf({ errand, repository }: Stage, of = repository) {
  return errand.forge.control.ledger().filter((each) => each.repository === of);
}

/** References that Errand's own account moved. */
export function movedByErrand(stage: Stage, of = stage.repository): readonly string[] {
  return ledgerOf(stage, of).flatMap(({ kind, by, what }) => (kind === 'ref' && by === 'errand-bot' ? [what] : []));
}

/** The task's pull request as the forge has it. */
export async function forgePull({ errand, repository }: Stage) {
  return (await errand.forge.control.viewRepository(repository)).pulls.at(-1);
}

/** Asks the forge's own repository; null where git says no. */
export function gitOf({ errand, repository }: Stage, ...args: readonly string[]): Promise<string | null> {
  const path = join(errand.dataDir, 'forge', 'repositories', `${repository}.git`);
  return new Promise((settle) => {
    execFile('git', ['--git-dir', path, ...args], { maxBuffer: 64 * 1024 * 1024 }, (error, stdout) =>
      settle(error === null ? stdout : null),
    );
  });
}
