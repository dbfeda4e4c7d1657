import { pick, type Random } from './random.ts';

/** What somebody wants of a request, and does with what comes of it. */
export type Kind = 'merge' | 'model' | 'follow' | 'close' | 'unchanged' | 'fail' | 'stop';

export interface Planned {
  readonly kind: Kind;
  /** In the root message; no other request has it. */
  readonly title: string;
  readonly repository: string;
  readonly by: 'command' | 'mention';
  /** How long its script works. */
  readonly seconds: number;
  /** Which of the channels, from 0 to 1. */
  readonly place: number;
}

const kinds: readonly (readonly [number, Kind])[] = [
  [46, 'merge'],
  [8, 'model'],
  [8, 'follow'],
  [12, 'close'],
  [10, 'unchanged'],
  [8, 'fail'],
  [8, 'stop'],
];

export const repositories = ['acme/soak-a', 'acme/soak-b', 'acme/soak-c', 'acme/soak-d'] as const;

/** Requests as a team sends them, the same ones for the same numbers. */
export function toPlan(count: number, random: Random): readonly Planned[] {
  return Array.from({ length: count }, (_, index) => ({
    kind: pick(random, kinds),
    title: `Soak ${String(index + 1).padStart(4, '0')}`,
    repository: repositories[index % repositories.length] ?? repositories[0],
    by: random() < 0.3 ? ('command' as const) : ('mention' as const),
    seconds: Math.floor(random() * 5),
    place: random(),
  }));
}

/** The file that a request writes: its own, so that none conflicts with another. */
export function fileOf(title: string): string {
  return `notes/${title.toLowerCase().replaceAll(' ', '-')}.txt`;
}

export function toRequest({ kind, title, repository, seconds }: Planned): string {
  const agent = kind === 'model' ? 'claude' : 'shell';
  const head = `repo:${repository} agent:${agent} ${title}.`;
  if (kind === 'model') return `${head} Write it down.`;
  return `${head}\n\`\`\`sh\n${scriptOf(kind, title, seconds)}\n\`\`\``;
}

function scriptOf(kind: Kind, title: string, seconds: number): string {
  const work = `sleep ${kind === 'stop' ? 60 : seconds}`;
  if (kind === 'unchanged') return work;
  if (kind === 'fail') return `${work}\nexit 3`;
  return `${work}\nmkdir -p notes\necho '${title}' >> ${fileOf(title)}`;
}
