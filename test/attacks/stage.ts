import { access, chmod, mkdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type Dockerode from 'dockerode';
import { seed } from '../../src/local/slack/workspace.ts';
import { places } from '../../src/setup/places.ts';
import { toRunId } from '../../src/task/ids.ts';
import { Problem } from '../../src/task/problem.ts';
import type { Task } from '../../src/task/task.ts';
import type { ErrandOptions, ErrandUnderTest } from '../support/errand.ts';
import type { Attack } from './attack.ts';
import type { Canaries } from './observers/canaries.ts';
import { processesIn, type SeenProcess } from './observers/processes.ts';

/** Where a case is played: against the real Errand or the weak one, in a repository and a channel of its own. */
export interface Stage {
  readonly side: 'real' | 'weak';
  readonly errand: ErrandUnderTest;
  readonly docker: Dockerode;
  readonly canaries: Canaries;
  /** `acme/<id>` of the forge of this side; it has a README, `files` of the case, and what was committed since. */
  readonly repository: string;
  /** The channel that this case alone uses; Ada, Grace, Max and the bot are in it. */
  readonly channel: string;
  /** A word that nothing else holds: say it to a canary, and `canaries.seen(word)` is this attack's own. */
  readonly word: string;
  /** A folder of the host outside of everything Errand knows, writable by anyone: what appears here got out. */
  readonly folder: string;
  /** An image on the engine that the operator never listed. */
  readonly unlisted: string;
  readonly signal: AbortSignal;
  /** Commits the script as `attack.sh` and asks for it to be run; settles once the task is stored. */
  submit(script: string, options?: SubmitOptions): Promise<Task>;
  /** Waits until a task has come to rest, with an outcome, and gives it as it is then. */
  ended(task: Task): Promise<Task>;
  /** Submits and waits for the end. */
  play(script: string, options?: SubmitOptions): Promise<Task>;
  /**
   * Submits; when the script has got to its end, it is held there and `see` looks at the live container from outside. Then it is let go,
   * does what `after` says, and ends by itself.
   */
  look<T>(script: string, see: (live: Live) => Promise<T>, options?: SubmitOptions): Promise<T>;
  /** The same, and waits for the end of the task. */
  hold<T>(script: string, see: (live: Live) => Promise<T>, options?: SubmitOptions): Promise<T>;
  /** Submits, and gives the live container as soon as there is one; its end is the case's own affair. */
  run(script: string, options?: SubmitOptions): Promise<Live>;
  /** Waits for something outside to be as it should; rejects after the case's time with `what`. */
  until<T>(what: string, look: () => Promise<T | undefined | false> | T | undefined | false): Promise<T>;
  /** Whether a file of `folder` exists. */
  marked(name: string): Promise<boolean>;
  /** What the case's thread shows now, and what only single persons were shown. */
  thread(): string;
  /**
   * The same stage on an Errand of its own, real or weak like this one: for what the shared ones are not, such as a GitHub App
   * (`{ github: 'app' }`) or other limits. Takes some seconds; dispose of it.
   */
  apart(options: Partial<ErrandOptions>): Promise<Stage & AsyncDisposable>;
  /** Where this Errand keeps its things. */
  readonly at: ReturnType<typeof places>;
}

export interface SubmitOptions {
  /** Other keys of the command, such as `env:java`. */
  readonly keys?: string;
  readonly by?: string;
  /** Another agent than `shell`; the script is then only committed. */
  readonly agent?: string;
  /** What else the request says, instead of `Play the attack`. */
  readonly text?: string;
  /** With `look` and `hold`: what the script does once it was let go. */
  readonly after?: string;
}

/** A running container as the host has it. */
export interface Live {
  readonly task: Task;
  readonly container: Dockerode.Container;
  readonly info: Dockerode.ContainerInspectInfo;
  /** Its workspace on the host. Made by the agent: follow no link in it. */
  readonly workspace: string;
  processes(): Promise<readonly SeenProcess[]>;
}

const free = '/workspace/home/.errand-free';
const held = '/workspace/home/.errand-held';
/** Before a script that is held: a name for later, for at its end there may be no room for one. */
const begin = `: > ${free}\n`;
/** The end of a script that is held; by shell builtins, `mv` and `sleep` alone. */
const hold = `\nif mv ${free} ${held} 2>/dev/null; then while [ -e ${held} ]; do sleep 0.1; done; fi\n`;
/** The same in Python, for a program that has to live on while it is looked at: call `hold()`. */
export const pythonHold = `
def hold():
    import os, time
    os.rename('${free}', '${held}')
    while os.path.exists('${held}'): time.sleep(0.1)
`;

/** What every stage of a run shares. */
export interface Ground {
  readonly docker: Dockerode;
  readonly canaries: Canaries;
  readonly folder: string;
  readonly unlisted: string;
  readonly start: (side: Stage['side'], options: Partial<ErrandOptions>) => Promise<ErrandUnderTest>;
}

/** Makes repository, channel and folder of a case on one side. */
export async function openStage(
  ground: Ground,
  attack: Attack,
  side: Stage['side'],
  errand: ErrandUnderTest,
  signal: AbortSignal,
): Promise<Stage> {
  const { docker, canaries } = ground;
  const repository = repositoryOf(attack.id);
  const channel = openChannel(errand, attack.id);
  const folder = join(ground.folder, `${attack.id.toLowerCase()}-${side}`);
  await mkdir(folder, { recursive: true });
  // Whoever an attack runs as, if it gets here it can leave its mark.
  await chmod(folder, 0o777);
  await errand.forge.control.createRepository({
    repository,
    files: { 'README.md': `# A small project\n`, ...attack.files },
  });
  const at = places({ ERRAND_DATA_DIR: errand.dataDir });
  const word = `${attack.id.toLowerCase()}${side}${Math.random().toString(36).slice(2, 10)}`;
  const known = new Set<string>();

  async function until<T>(
    what: string,
    look: () => Promise<T | undefined | false> | T | undefined | false,
  ): Promise<T> {
    for (;;) {
      // On a machine with too much to do Redis may answer late: that says nothing of the attack.
      const found = await (async () => look())().catch(unlessLate);
      if (found !== undefined && found !== false) return found;
      if (signal.aborted) throw new Error(`${attack.id} waited in vain on the ${side} side for ${what}.\n${thread()}`);
      await pause(50);
    }
  }

  function thread(): string {
    const { slack } = errand;
    const roots = slack.store.workspace.messages.filter(
      (message) => message.channel === channel && (message.thread_ts ?? message.ts) === message.ts,
    );
    const asides = slack.store.ephemerals.filter((each) => each.channel === channel);
    return [
      ...roots.map(({ ts }) => slack.thread(channel, ts)),
      ...asides.map(({ user, text }) => `Only to ${user}: ${text}`),
    ].join('\n');
  }

  const submitted = () =>
    errand.tasks
      .recent(50)
      .then((tasks) =>
        tasks.find(({ id, parts }) => !known.has(id) && parts.some((part) => part.repository === repository)),
      );

  const stage: Stage = {
    side,
    errand,
    docker,
    canaries,
    repository,
    channel,
    word,
    folder,
    unlisted: ground.unlisted,
    signal,
    at,
    until,
    thread,
    async submit(script, { keys = '', by = seed.ada, agent = 'shell', text = 'Play the attack' } = {}) {
      const { control } = errand.forge;
      await control.commit({ repository, files: { 'attack.sh': script }, message: 'Write the attack' });
      const order = `repo:${repository} agent:${agent} ${keys} ${text}`;
      const block = agent === 'shell' ? '\n```sh\nsh ./attack.sh\n```' : '';
      await errand.slack.people.command({ user: by, channel, command: '/agent', text: `${order}${block}` });
      const task = await until('its task', submitted);
      known.add(task.id);
      return task;
    },
    ended: ({ id }) =>
      until(`the end of ${id}`, async () => {
        const task = await errand.tasks.find(id);
        return task?.run.type === 'idle' && task.run.outcome !== null ? task : undefined;
      }),
    play: async (script, options) => stage.ended(await stage.submit(script, options)),
    run: async (script, options) => liveOf(await stage.submit(script, options)),
    look: async (script, see, options) => (await heldWhile(script, see, options)).seen,
    async hold(script, see, options) {
      const { seen, task } = await heldWhile(script, see, options);
      await stage.ended(task);
      return seen;
    },
    marked: (name) => exists(join(folder, name)),
    async apart(options) {
      const own = await ground.start(side, options);
      const there = await openStage(ground, attack, side, own, signal);
      return { ...there, [Symbol.asyncDispose]: () => own[Symbol.asyncDispose]() };
    },
  };

  async function heldWhile<T>(script: string, see: (live: Live) => Promise<T>, options?: SubmitOptions) {
    const task = await stage.submit(`${begin}${script}${hold}${options?.after ?? ''}`, options);
    const live = await liveOf(task);
    try {
      await until(`${task.id} to hold`, async () => {
        if (await exists(heldAt(live))) return true;
        const now = await errand.tasks.find(task.id);
        if (now?.run.type === 'idle') throw new Error(`${attack.id} ended before it was held.\n${thread()}`);
        return false;
      });
      return { task, seen: await see({ ...live, info: await live.container.inspect() }) };
    } finally {
      await rm(heldAt(live), { force: true });
    }
  }

  /** The container of a task's first run, once it runs. */
  async function liveOf(task: Task): Promise<Live> {
    const name = `errand-${at.instance}-${toRunId(task.id, 1)}`;
    const container = docker.getContainer(name);
    const info = await until(`the container ${name}`, async () => {
      const found = await container.inspect().catch(() => undefined);
      return found?.State.Running === true ? found : undefined;
    });
    const workspace = info.Mounts.find(({ Destination }) => Destination === '/workspace')?.Source ?? '';
    return { task, container, info, workspace, processes: () => processesIn(info.Id) };
  }

  return stage;
}

/** The repository that a case is played in. */
export function repositoryOf(id: string): string {
  return `acme/${id.toLowerCase()}`;
}

/** Slack takes a message a second in a channel: with one each, no case waits for another. */
function openChannel({ slack }: ErrandUnderTest, id: string): string {
  const channel = `C0ATTACK${id}`;
  const { store } = slack;
  if (store.channel(channel) === undefined) {
    store.workspace.channels.push({
      id: channel,
      name: `attack-${id.toLowerCase()}`,
      topic: '',
      created: 0,
      is_private: false,
      is_im: false,
      is_archived: false,
      is_ext_shared: false,
      members: [seed.ada, seed.grace, seed.max, seed.bot],
    });
  }
  return channel;
}

function heldAt(live: Live): string {
  return join(live.workspace, 'home', basename(held));
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

function unlessLate(error: unknown): undefined {
  if (!(error instanceof Problem) || error.failure.code !== 'redis_down') throw error;
}
