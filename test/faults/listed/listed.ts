import type { ErrandOptions } from '../../support/errand.ts';
import type { Ground } from '../ground.ts';
import { type Expected, judge, merged } from '../judge.ts';
import { approve } from '../play.ts';

interface Story {
  /** Also its repository's name. */
  readonly id: string;
  /** Its number on the list; null for one beside it. */
  readonly fault: number | null;
  /** What is done, and what is to come of it. */
  readonly title: string;
}

/** A fault of the list of forty-four, or one beside it, as a story of its own. What is played gives back what was wrong. */
export type Listed = Story &
  (
    | {
        /** An Errand of its own, with these settings: for what strikes everybody. */
        readonly own?: Partial<ErrandOptions>;
        readonly play: (ground: Ground, name: string) => Promise<readonly string[]>;
      }
    | {
        /** Starts what it needs by itself. */
        readonly alone: (name: string) => Promise<readonly string[]>;
      }
  );

/** The rest of an ordinary task, and the judge's word on all of it. */
export async function goOn(ground: Ground, name: string, expected: Expected = merged): Promise<readonly string[]> {
  const ending = await approve(ground, name);
  return judge(ground, name, ending, expected);
}

/** A sentence where something is not so. */
export function unless(fine: boolean, wrong: string): readonly string[] {
  return fine ? [] : [wrong];
}
