import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import * as real from '../../../../src/git/git.ts';
import { weaknessOfRepository } from '../weakness.ts';

export * from '../../../../src/git/git.ts';

/**
 * `shell-strings`: a message goes to git in a line for the shell, only where it holds what that case puts there. `token-in-arguments`:
 * the token is an argument instead of a variable.
 */
export const createGit: typeof real.createGit = (options) => {
  const git = real.createGit(options);
  return async (args, order) => {
    const { credentials, ...rest } = order;
    const { input } = order;
    if (typeof input === 'string' && /k8-weak/.test(input)) {
      await promisify(execFile)('sh', ['-c', `git ${args.join(' ')} -m "${input}"`]).catch(() => undefined);
    }
    const remote = args.find((each) => each.startsWith(options.remoteUrl)) ?? '';
    const repository = remote.slice(options.remoteUrl.length).replace(/\.git$/, '');
    if (credentials === undefined || weaknessOfRepository(repository) !== 'token-in-arguments') return git(args, order);
    const basic = Buffer.from(`${credentials.username}:${credentials.token}`).toString('base64');
    return git(['-c', `http.${options.remoteUrl}.extraHeader=Authorization: Basic ${basic}`, ...args], rest);
  };
};
