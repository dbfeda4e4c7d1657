/** A file that stands in Slack, as the message that came with it says. Nothing of it is to be believed. */
export interface OfferedFile {
  /** Slack's own id, `F…`. */
  readonly id: string;
  readonly name: string;
  /** Null where the message doesn't say. */
  readonly bytes: number | null;
}

/** A file that Errand took from Slack, and which an agent gets. */
export interface AttachedFile {
  readonly id: string;
  /** What it is called in the sandbox: the id, and as much of its name as is harmless. */
  readonly name: string;
  readonly bytes: number;
}

/** What one request or reply may bring along; everything about it is said from here. */
export const fileLimits = {
  files: 5,
  bytesEach: 5 * 1024 * 1024,
  /** Of all messages of a task. */
  bytesPerTask: 50 * 1024 * 1024,
  /** Of all tasks, as long as they are kept: the store holds them beside everything else, and must not fill up. */
  bytesInAll: 1024 * 1024 * 1024,
  /** A file is needed until its task's last run. One that is older is missing then. */
  keptSeconds: 3 * 24 * 3_600,
} as const;

/** The folder beside the checkout, the same for every task: `inside.files` of the sandbox. */
export const filesFolder = '/workspace/files';

/** Why a file was not taken. */
export type FileRefusal =
  | 'too_many'
  | 'too_large'
  | 'not_steering'
  | 'task_full'
  | 'store_full'
  | 'not_allowed'
  | 'kind'
  | 'elsewhere'
  | 'gone'
  | 'unreachable';

export interface RefusedFile {
  readonly name: string;
  readonly why: FileRefusal;
}

/** Said of a message that has files and no words. */
export const fileAlone = {
  sentence: 'There is a file here, but nothing to do with it.',
  next: 'Send it again with what should be done.',
} as const;

/** A name that means nothing to any shell, path or program; two files never share one. */
export function toFileName(id: string, name: string): string {
  const harmless = name
    .normalize('NFKD')
    .replaceAll(/[^A-Za-z0-9._-]+/g, '-')
    .replaceAll(/\.{2,}/g, '.')
    .slice(-80)
    .replace(/^[.-]+/, '');
  return `${id}-${harmless === '' ? 'file' : harmless}`;
}

/** One sentence of what was left out and why; null when nothing was. */
export function leftOutSentence(refused: readonly RefusedFile[]): string | null {
  if (refused.length === 0) return null;
  const reasons = [...new Set(refused.map(({ why }) => why))];
  if (reasons.length === 1 && reasons[0] === 'not_allowed') {
    return 'I can’t open attached files in this workspace, so the agent works without them: whoever runs Errand can give its app the scope files:read.';
  }
  const parts = reasons.map((why) => {
    const names = refused.filter((each) => each.why === why).map(({ name }) => name);
    return `${enumerate(names)} (${words[why]})`;
  });
  return `I did not take ${parts.join('; ')}: the agent works without ${refused.length === 1 ? 'it' : 'them'}.`;
}

const words: Readonly<Record<FileRefusal, string>> = {
  too_many: `no more than ${fileLimits.files} files at once`,
  too_large: `larger than ${fileLimits.bytesEach / 1024 / 1024} MB`,
  not_steering: 'I take files only from people who steer a task',
  task_full: `more than ${fileLimits.bytesPerTask / 1024 / 1024} MB for one task`,
  store_full: 'I keep too many files already',
  not_allowed: 'I may not open it',
  kind: 'a kind that an agent can’t read',
  elsewhere: 'not kept in Slack',
  gone: 'no longer in Slack',
  unreachable: 'Slack did not give it to me',
};

const namedAtMost = 3;

function enumerate(names: readonly string[]): string {
  const shown = names.slice(0, namedAtMost);
  const more = names.length - shown.length;
  return `${shown.join(', ')}${more === 0 ? '' : ` and ${more} more`}`;
}
