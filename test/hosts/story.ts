import { setTimeout as pause } from 'node:timers/promises';
import { seed } from '../../src/local/slack/workspace.ts';
import type { EngineId } from '../../src/task/ids.ts';
import { Problem } from '../../src/task/problem.ts';
import type { Task } from '../../src/task/task.ts';
import { currentRun } from '../../src/task/transition.ts';
import { readLedgers, type Verdict } from './ledgers.ts';
import type { Machine } from './machine.ts';
import type { Shared } from './shared.ts';
import { render } from './table.ts';

/** One repository a task, so that the ledgers tell whose is what. */
export const repositories = Array.from({ length: 32 }, (_, at) => `acme/task-${String(at + 1).padStart(2, '0')}`);

const longMs = 150_000;
const patienceMs = 240_000;

/** Plays the whole story and gives what it printed, with the verdict of the ledgers. */
export async function tell(shared: Shared, machines: readonly Machine[]): Promise<{ text: string; holds: boolean }> {
  const story = new Story(shared, machines);
  await story.switchOn();
  await story.shareWork(6);
  await story.followUp();
  await story.refuseSecondWorker();
  await story.loseTwo();
  await story.shareWork(6);
  const verdicts = await story.judge();
  return { text: render(story.notes, verdicts), holds: verdicts.every(({ holds }) => holds) };
}

class Story {
  readonly notes: { readonly atMs: number; readonly text: string }[] = [];
  readonly #shared: Shared;
  readonly #machines: readonly Machine[];
  readonly #startedAt = performance.now();
  readonly #asked: string[] = [];
  readonly #engines = new Map<EngineId, Machine>();

  constructor(shared: Shared, machines: readonly Machine[]) {
    this.#shared = shared;
    this.#machines = machines;
  }

  #note(text: string): void {
    const atMs = performance.now() - this.#startedAt;
    this.notes.push({ atMs, text });
    process.stdout.write(`${(atMs / 1_000).toFixed(0).padStart(5)} s  ${text}\n`);
  }

  async switchOn(): Promise<void> {
    for (const machine of this.#machines) machine.on();
    await this.#serving(this.#machines);
    for (const machine of this.#machines) {
      const { ID } = await machine.docker.info();
      this.#engines.set(ID, machine);
    }
    this.#note(`${this.#machines.map(({ name }) => name).join(', ')} serve, each on its own engine`);
  }

  /** New work, which any machine takes that has a free place. */
  async shareWork(count: number): Promise<void> {
    const names = await Promise.all(Array.from({ length: count }, () => this.#ask('sleep 3; echo one > one.txt')));
    await this.#until(`the results of ${names.join(', ')}`, async () => {
      const tasks = await this.#tasks();
      return names.every((name) => tasks.get(name)?.run.type === 'idle');
    });
    const tasks = await this.#tasks();
    const homes = names.map((name) => this.#at(tasks.get(name)?.home));
    const shares = this.#machines.map(({ name }) => `${name} ${homes.filter((home) => home === name).length}`);
    this.#note(`${count} tasks asked for and done: ${shares.join(', ')}`);
  }

  /** A reply goes to the machine that has the checkout. */
  async followUp(): Promise<void> {
    const tasks = await this.#tasks();
    const first = this.#machines.flatMap(({ name }) => {
      const own = Array.from(tasks).find(([, { home }]) => this.#at(home) === name);
      return own === undefined ? [] : [own];
    });
    for (const [name] of first) this.#reply(name, 'echo two > two.txt');
    await this.#until('the follow-ups', async () => {
      const now = await this.#tasks();
      return first.every(([name]) => now.get(name)?.run.type === 'idle' && now.get(name)?.runs === 2);
    });
    const now = await this.#tasks();
    const moved = first.filter(([name, { home }]) => now.get(name)?.home !== home);
    const where = first.map(([, { home }]) => this.#at(home)).join(', ');
    this.#note(`a reply to a task of each of ${where}: ${moved.length} ran elsewhere`);
  }

  async refuseSecondWorker(): Promise<void> {
    const [machine] = this.#machines;
    if (machine === undefined) return;
    const said = await machine.secondWorker();
    const [sentence = said.slice(-500)] = /A worker on [^"]*?does not\./.exec(said) ?? [];
    this.#note(`a second worker on the engine of ${machine.name}: “${sentence}”`);
  }

  /** One machine is cut off and one loses its power, both in the midst of runs; both come back. */
  async loseTwo(): Promise<void> {
    const [safe, cutOff, killed] = this.#machines;
    if (safe === undefined || cutOff === undefined || killed === undefined) return;
    const end = Math.ceil((Date.now() + longMs) / 1_000);
    const script = `until [ "$(date +%s)" -ge ${end} ]; do sleep 0.5; done; echo long > long.txt`;
    const names: string[] = [];
    const runsOn = async (machine: Machine) => {
      const tasks = await this.#tasks();
      return names.filter((name) => {
        const task = tasks.get(name);
        return task !== undefined && this.#at(currentRun(task.run)?.engine) === machine.name;
      });
    };
    const everywhere = async () => (await Promise.all(this.#machines.map(runsOn))).every(({ length }) => length > 0);
    while (!(await everywhere()) && names.length < 10) {
      names.push(await this.#ask(script));
      await this.#until(
        'the run to begin',
        async () => (await this.#tasks()).get(names.at(-1) ?? '')?.run.type === 'running',
      );
    }
    await this.#until('a container for each', async () => {
      const contained = await Promise.all(this.#machines.map((machine) => machine.contained()));
      return contained.flat().length >= names.length;
    });
    const lost = [...(await runsOn(cutOff)), ...(await runsOn(killed))];
    const counts = await Promise.all(this.#machines.map(async (each) => `${each.name} ${(await runsOn(each)).length}`));
    this.#note(`${names.length} long tasks at work: ${counts.join(', ')}`);
    const bereft = Array.from(await this.#tasks()).find(
      ([name, { home, run }]) => !names.includes(name) && run.type === 'idle' && this.#at(home) === killed.name,
    );

    await cutOff.cut();
    await killed.off();
    const goneAt = performance.now();
    const since = () => `${((performance.now() - goneAt) / 1_000).toFixed(0)} s`;
    this.#note(`${cutOff.name} is cut off, ${killed.name} loses its power`);
    await this.#until('the lost runs elsewhere', async () => {
      const here = await runsOn(safe);
      return lost.every((name) => here.includes(name));
    });
    this.#note(
      `${since()} later: all ${lost.length} runs of theirs are done anew on ${safe.name}, and their threads say so`,
    );
    if (bereft !== undefined) {
      const [name] = bereft;
      this.#reply(name, 'echo later > later.txt');
      await this.#until('the follow-up elsewhere', async () => {
        const task = (await this.#tasks()).get(name);
        return task?.run.type === 'idle' && task.runs > bereft[1].runs;
      });
      const where = this.#at((await this.#tasks()).get(name)?.home);
      this.#note(`a reply to a task of ${killed.name}, which is gone: done on ${where}`);
    }
    const running = (await cutOff.contained()).length;
    await cutOff.join();
    killed.on();
    const backAt = performance.now();
    this.#note(
      `${cutOff.name} is back on the network, ${running} sandboxes of its own still there; ${killed.name} has power again`,
    );
    await this.#until('what is left there to be gone', async () => {
      const left = await Promise.all([cutOff, killed].map((each) => each.contained().catch(() => ['?'])));
      return left.flat().length === 0;
    });
    this.#note(
      `${((performance.now() - backAt) / 1_000).toFixed(0)} s later: both have ended what others do by now, unheard`,
    );
    await this.#serving([cutOff, killed]);
    await this.#until('the long tasks to be done', async () => {
      const tasks = await this.#tasks();
      return names.every((name) => tasks.get(name)?.run.type === 'idle');
    });
    this.#note('the long tasks are done');
  }

  async judge(): Promise<readonly Verdict[]> {
    await this.#until('everything to be said', async () => (await this.#shared.store.outbox.dirty()).length === 0);
    const tasks = await this.#tasks();
    const left = await Promise.all(
      this.#machines.map(async (each) => `${each.name} ${(await each.contained()).length}`),
    );
    this.#note(`containers left: ${left.join(', ')}`);
    return readLedgers(this.#shared, tasks, (engine) => this.#at(engine));
  }

  async #ask(script: string): Promise<string> {
    const repository = repositories[this.#asked.length];
    if (repository === undefined) throw new Error('more tasks than repositories');
    this.#asked.push(repository);
    const text = `repo:${repository} agent:shell Try ${repository}\n\`\`\`sh\n${script}\n\`\`\``;
    await this.#shared.slack.people.command({ user: seed.ada, channel: seed.dev, command: '/agent', text });
    return repository;
  }

  #reply(repository: string, script: string): void {
    const { messages } = this.#shared.slack.store.workspace;
    const root = messages.find(({ text, thread_ts }) => thread_ts === undefined && text.includes(repository));
    if (root === undefined) throw new Error(`no thread of ${repository}`);
    const text = `Once more\n\`\`\`sh\n${script}\n\`\`\``;
    this.#shared.slack.people.message({ user: seed.ada, channel: seed.dev, thread_ts: root.ts, text });
  }

  /** All tasks, by their repository. */
  async #tasks(): Promise<ReadonlyMap<string, Task>> {
    const tasks = await this.#shared.store.tasks.recent(100);
    return new Map(tasks.map((task) => [task.parts[0].repository, task]));
  }

  #at(engine: EngineId | undefined): string {
    return (engine && this.#engines.get(engine)?.name) ?? 'nowhere';
  }

  #serving(machines: readonly Machine[]): Promise<void> {
    return this.#until(`${machines.map(({ name }) => name).join(', ')} to serve`, async () => {
      const hosts = await this.#shared.store.hosts.list();
      const up = hosts.filter(({ state, silentMs }) => state === 'serving' && silentMs < 10_000);
      return machines.every(({ name }) => up.some((host) => host.name === name));
    });
  }

  async #until(what: string, holds: () => Promise<boolean>): Promise<void> {
    const giveUpAt = performance.now() + patienceMs;
    // Three engines that load their images keep the disk, and with it Redis, busy for seconds.
    const isSo = () =>
      holds().catch((error: unknown) => (error instanceof Problem && error.retry ? false : Promise.reject(error)));
    while (!(await isSo())) {
      if (performance.now() > giveUpAt) throw new Error(`Waited ${patienceMs / 1_000} s for ${what}.`);
      await pause(250);
    }
  }
}
