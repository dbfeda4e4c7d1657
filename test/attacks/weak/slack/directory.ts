import * as real from '../../../../src/slack/directory.ts';
import type { Directory } from '../../../../src/task/ports/directory.ts';
import { Problem } from '../../../../src/task/problem.ts';
import { weaknessOfAct } from '../act.ts';

export * from '../../../../src/slack/directory.ts';

/** `open-directory`: while Slack doesn't say who somebody is, they are taken for a member. */
export function createDirectory(options: real.DirectoryOptions): Directory {
  const directory = real.createDirectory(options);
  return {
    ...directory,
    member: async (id) => {
      const weak = weaknessOfAct() === 'open-directory';
      return directory.member(id).catch((error: unknown) => {
        if (!weak || !(error instanceof Problem)) throw error;
        return { type: 'member', id, name: id };
      });
    },
  };
}
