import type { Stage } from './stage.ts';

/** The groups of the safety case, and how many attacks each has. */
export const groups = {
  S: { title: 'Sandbox escape and resources', count: 21 },
  N: { title: 'Network exfiltration', count: 22 },
  C: { title: 'Credentials', count: 10 },
  G: { title: 'Git, and what agents leave behind', count: 30 },
  K: { title: 'Slack as an input', count: 18 },
  H: { title: 'GitHub as an input', count: 14 },
} as const;

export type Group = keyof typeof groups;

/** `S2`, `N17`, `G30`. */
export type AttackId = `${Group}${number}`;

/** All 115, in the order of the table. */
export const attackIds: readonly AttackId[] = Object.entries(groups).flatMap(([group, { count }]) =>
  Array.from({ length: count }, (_, index): AttackId => `${group as Group}${index + 1}`),
);

/** What an observer outside saw: whether the attack got through, and the fact that says so, in a few words. */
export interface Verdict {
  readonly through: boolean;
  readonly seen: string;
}

/**
 * The same attack where one protection is missing; there it has to get through, or the case proves nothing. Where it
 * doesn't, `whyNot` may measure that this kernel can't be attacked this way at all: its answer is the evidence that is
 * printed, and the case does not count as passed. Null is: it should have worked.
 */
export interface Control {
  /** What the weak Errand does for this case's repository: a key of a table in `weak/`. */
  readonly weakness: string;
  /** The missing protection, in a few words: `no seccomp list, CAP_SYS_ADMIN`. */
  readonly without: string;
  readonly whyNot?: (stage: Stage) => Promise<string | null>;
}

export interface Attack {
  readonly id: AttackId;
  /** What is tried, in the words of the safety case. */
  readonly title: string;
  /** What has to be seen instead. */
  readonly expected: string;
  /** One or two of a group run with `npm test`: the quick and telling ones. */
  readonly representative?: true;
  /** Takes the machine for itself (measures processor time, say): runs when no other case does. */
  readonly alone?: true;
  /** How long each of its two sides may take at most, on a busy machine; three minutes without. */
  readonly timeoutMs?: number;
  /** Files of its repository on the forge, by path, beside a README. */
  readonly files?: Readonly<Record<string, string>>;
  /** What the operator's configuration says of its repository, in both Errands: `{ network: [a.example] }`. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** What it says besides, by section, in both Errands: `{ people: { U0MAXVOGEL: { github: 'max' } } }`. All cases share it. */
  readonly configuration?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** Plays the attack against one Errand and judges it by what observers saw: the very same for both. */
  readonly attack: (stage: Stage) => Promise<Verdict>;
  readonly control: Control;
}
