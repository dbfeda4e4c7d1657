import type { Arena } from './arena.ts';
import type { Attack, AttackId, Verdict } from './attack.ts';

/** How the control ended. Only `broke_through` says that the case can tell a protected Errand from one that isn't. */
export type ControlResult =
  | { readonly type: 'broke_through'; readonly seen: string }
  | { readonly type: 'not_reproducible'; readonly evidence: string }
  | { readonly type: 'failed'; readonly why: string };

export type AttackResult =
  | { readonly type: 'held'; readonly seen: string }
  | { readonly type: 'through'; readonly seen: string }
  | { readonly type: 'failed'; readonly why: string };

export interface Result {
  readonly id: AttackId;
  readonly title: string;
  readonly expected: string;
  readonly without: string;
  readonly attack: AttackResult;
  readonly control: ControlResult;
  readonly durationMs: number;
}

export type Status = 'passed' | 'not_reproducible' | 'failed';

/** A case passes when the attack was held off and its control broke through; both were seen by observers. */
export function statusOf({ attack, control }: Result): Status {
  if (attack.type !== 'held' || control.type === 'failed') return 'failed';
  return control.type === 'broke_through' ? 'passed' : 'not_reproducible';
}

/** Plays both sides of a case. Never rejects: what went wrong is part of the result. */
export async function resultOf(arena: Arena, attack: Attack): Promise<Result> {
  const began = performance.now();
  const playing = arena.play(attack, 'real');
  // The one that needs the machine for itself needs it for one side at a time.
  if (attack.alone === true) await Promise.allSettled([playing]);
  const [real, weak] = await Promise.allSettled([playing, arena.play(attack, 'weak')]);
  const control = await toControl(arena, attack, weak);
  return {
    id: attack.id,
    title: attack.title,
    expected: attack.expected,
    without: attack.control.without,
    attack:
      real.status === 'rejected'
        ? { type: 'failed', why: wordsOf(real.reason) }
        : { type: real.value.through ? 'through' : 'held', seen: real.value.seen },
    control,
    durationMs: Math.round(performance.now() - began),
  };
}

async function toControl(arena: Arena, attack: Attack, played: PromiseSettledResult<Verdict>): Promise<ControlResult> {
  if (played.status === 'fulfilled' && played.value.through) return { type: 'broke_through', seen: played.value.seen };
  const why = played.status === 'fulfilled' ? `held off all the same: ${played.value.seen}` : wordsOf(played.reason);
  try {
    const evidence = await arena.whyNot(attack);
    return evidence === null ? { type: 'failed', why } : { type: 'not_reproducible', evidence };
  } catch (error) {
    return { type: 'failed', why: `${why}; and its probe failed: ${wordsOf(error)}` };
  }
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
