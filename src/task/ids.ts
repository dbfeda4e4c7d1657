declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** One thread's errand: `t` and six characters of Crockford's base 32, short enough to type after `/agent stop`. */
export type TaskId = Branded<'TaskId'>;
/** One turn of an agent on a task: `<task>-r<number>`. */
export type RunId = Branded<'RunId'>;
/** A git commit, forty hexadecimal digits. */
export type Sha = Branded<'Sha'>;
/** `owner/name` as GitHub spells it. */
export type RepositoryName = Branded<'RepositoryName'>;
export type BranchName = Branded<'BranchName'>;
/** A person of the Slack workspace, `U…` or `W…`. */
export type UserId = Branded<'UserId'>;
export type ChannelId = Branded<'ChannelId'>;
/** A Slack message within its channel, `1700000000.000100`. */
export type MessageTs = Branded<'MessageTs'>;
/** The Docker engine's own id: host names change, this doesn't. */
export type EngineId = Branded<'EngineId'>;

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';

/** Makes a task id from six bytes of randomness; the caller checks that it is unused. */
export function toTaskId(random: Uint8Array): TaskId {
  return `t${Array.from(random.subarray(0, 6), (byte) => alphabet[byte % 32]).join('')}` as TaskId;
}

export function parseTaskId(text: string): TaskId | undefined {
  return /^t[0-9a-hjkmnp-tv-z]{6}$/.test(text) ? (text as TaskId) : undefined;
}

/** `number` counts a task's runs from one. */
export function toRunId(task: TaskId, number: number): RunId {
  return `${task}-r${number}` as RunId;
}

export function parseRunId(text: string): RunId | undefined {
  return /^t[0-9a-hjkmnp-tv-z]{6}-r[1-9]\d{0,5}$/.test(text) ? (text as RunId) : undefined;
}

/** The task that a run is one of. */
export function taskOf(run: RunId): TaskId {
  return run.slice(0, run.lastIndexOf('-')) as TaskId;
}

export function parseSha(text: string): Sha | undefined {
  return /^[0-9a-f]{40}$/.test(text) ? (text as Sha) : undefined;
}

/** GitHub's rule: an owner of letters, digits and single hyphens; a name of letters, digits, `.`, `_`, `-`. */
export function parseRepositoryName(text: string): RepositoryName | undefined {
  return /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})\/(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}$/.test(text)
    ? (text as RepositoryName)
    : undefined;
}

/** What operators call several repositories together; no name of a repository, since that has a slash. */
export function parseGroupName(text: string): string | undefined {
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(text) ? text : undefined;
}

/** The part of git's check-ref-format that a person can type; anything odder is refused rather than quoted. */
export function parseBranchName(text: string): BranchName | undefined {
  const plain = /^[A-Za-z0-9_][A-Za-z0-9._/+#@-]{0,199}$/.test(text);
  const refused = /\.\.|\/\/|@\{|\/\.|\.lock(?:\/|$)|[./]$/.test(text);
  return plain && !refused ? (text as BranchName) : undefined;
}
