import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import * as real from '../../../../src/git/git.ts';

export * from '../../../../src/git/git.ts';

/** `shell-strings`: a message goes to git in a line for the shell. Only where it holds what that case puts there. */
export const createGit: typeof real.createGit = (options) => {
  const git = real.createGit(options);
  return async (args, order) => {
    const { input } = order;
    if (typeof input === 'string' && /k8-weak/.test(input)) {
      await promisify(execFile)('sh', ['-c', `git ${args.join(' ')} -m "${input}"`]).catch(() => undefined);
    }
    return git(args, order);
  };
};
