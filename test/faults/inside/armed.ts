import { appendFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

/** What a fail point does when it strikes. */
export const kinds = ['throw', 'exit', 'kill', 'hang'] as const;
export type Kind = (typeof kinds)[number];
/** What only some stories need: a clock that is another one from then on. */
export const allKinds = [...kinds, 'an-hour-later', 'an-hour-earlier'] as const;

export const armedSchema = z.object({
  /** `acme/<name>` is the repository of the task that is to be struck. */
  name: z.string(),
  channel: z.string(),
  /** `worker forge.openPull`. */
  point: z.string(),
  when: z.enum(['before', 'after']),
  kind: z.enum(allKinds),
  /** How often the point is passed before it strikes. */
  skip: z.int().min(0),
  /** How often it strikes. */
  times: z.int().min(1),
  /** Strikes whoever passes: the call names no task. */
  anybody: z.boolean(),
});
export type Armed = z.infer<typeof armedSchema>;

/** Where the suite and the processes under test tell each other things. Anybody may write there. */
function folder(): string {
  return process.env.FAULTS_DIR ?? '';
}

/** What is armed at a point just now. */
export function armedAt(point: string, when: Armed['when']): readonly Armed[] {
  return readdirSync(join(folder(), 'armed')).flatMap((file) => {
    try {
      const armed = armedSchema.parse(JSON.parse(readFileSync(join(folder(), 'armed', file), 'utf8')));
      return armed.point === point && armed.when === when ? [armed] : [];
    } catch {
      // Disarmed while we looked.
      return [];
    }
  });
}

/** True for as often as it is to strike, over all processes and all their lives. */
export function claim({ name, times }: Armed): boolean {
  for (let strike = 1; strike <= times; strike += 1) {
    try {
      writeFileSync(join(folder(), 'struck', `${name}.${strike}`), `${process.pid}`, { flag: 'wx' });
      return true;
    } catch {
      // This one happened before.
    }
  }
  return false;
}

/** Lets the processes that know tasks and no repositories know, too. */
export function noteTask(task: string, name: string): void {
  writeFileSync(join(folder(), 'tasks', task), name);
}

/** Whether a call has to do with this case: its words name the repository, the channel or the task. */
export function concerns({ name, channel }: Pick<Armed, 'name' | 'channel'>, words: string): boolean {
  if (words.includes(channel) || new RegExp(`acme/${name}(?![a-z0-9-])`).test(words)) return true;
  const tasks = new Set(words.match(/\bt[0-9a-hjkmnp-tv-z]{6}\b/g));
  return [...tasks].some((task) => nameOf(task) === name);
}

/** The case that a task belongs to. */
function nameOf(task: string): string | undefined {
  try {
    return readFileSync(join(folder(), 'tasks', task), 'utf8');
  } catch {
    return undefined;
  }
}

/** The task that the points are learned from, while one is walked. */
export function walker(): Pick<Armed, 'name' | 'channel'> | undefined {
  const file = join(folder(), 'walker');
  return existsSync(file)
    ? armedSchema.pick({ name: true, channel: true }).parse(JSON.parse(readFileSync(file, 'utf8')))
    : undefined;
}

export function noteWalked(point: string, when: Armed['when'], own: boolean): void {
  appendFileSync(join(folder(), 'walked'), `${JSON.stringify({ point, when, own })}\n`);
}

/** What this Errand is made to do wrong in all its life, for the controls; undefined where it is as it should be. */
export function broken(): string | undefined {
  const file = join(folder(), 'broken');
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

/** Another way to Redis, for the worker alone, from its next start on; `url` where there is none. */
export function detour(url: string): string {
  const file = join(folder(), 'detour');
  return process.argv[2] === 'worker' && existsSync(file) ? readFileSync(file, 'utf8') : url;
}
