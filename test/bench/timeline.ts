import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import type Dockerode from 'dockerode';
import { z } from 'zod';
import { labels } from '../../src/sandbox/container-spec.ts';
import type { TaskId } from '../../src/task/ids.ts';

/** The steps of one errand in their order, each with where its time stamp is from. */
export const steps = {
  acknowledged: 'command acknowledged to Slack',
  stored: 'task stored',
  root: 'root message accepted by Slack',
  claimed: 'run claimed by the worker',
  prepared: 'mirror and task repository ready',
  created: 'container created',
  started: 'container started',
  ready: "runner's first record",
  taken: 'order sent to the runner',
  checkedOut: 'checked out inside',
  ended: 'script ended',
  exited: 'container exited',
  exportCreated: 'export container created',
  exportStarted: 'export container started',
  exportExited: 'export container exited',
  imported: 'commit made from the bundle',
  pushed: 'branch pushed',
  opened: 'pull request opened',
  told: 'result accepted by Slack',
} as const;

export type Step = keyof typeof steps;
/** Epoch milliseconds; what did not come about, or can't be seen on this machine, is missing. */
export type Timeline = { readonly [Each in Step]?: number | undefined };

const event = z.object({
  Action: z.string(),
  timeNano: z.number(),
  Actor: z.object({ Attributes: z.record(z.string(), z.string()) }),
});

const containerSteps: Readonly<Record<string, Step>> = {
  'run create': 'created',
  'run start': 'started',
  'run die': 'exited',
  'export create': 'exportCreated',
  'export start': 'exportStarted',
  'export die': 'exportExited',
};

/** Notes what Docker says of an instance's containers, by its own clock, until disposed of. */
export async function followContainers(
  docker: Dockerode,
  instance: string,
): Promise<Disposable & { of(task: TaskId): Timeline }> {
  const stream = await docker.getEvents({ filters: { label: [`${labels.instance}=${instance}`] } });
  const seen = new Map<string, Timeline>();
  createInterface({ input: stream }).on('line', (line) => {
    const { Action, timeNano, Actor } = event.parse(JSON.parse(line));
    const task = Actor.Attributes[labels.task] ?? '';
    const step = containerSteps[`${Actor.Attributes[labels.kind]} ${Action}`];
    if (step !== undefined) seen.set(task, { ...seen.get(task), [step]: timeNano / 1e6 });
  });
  return {
    of: (task) => seen.get(task) ?? {},
    [Symbol.dispose]() {
      if (stream instanceof Readable) stream.destroy();
    },
  };
}
