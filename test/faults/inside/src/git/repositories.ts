import * as real from '../../../../../src/git/repositories.ts';
import { pointed, problem } from '../../pointed.ts';

export * from '../../../../../src/git/repositories.ts';

const away = problem('github_unreachable', 'GitHub could not be reached: the suite took it away.');

export function createRepositories(...given: Parameters<typeof real.createRepositories>) {
  return pointed('repositories', real.createRepositories(...given), { away });
}
