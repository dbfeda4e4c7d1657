import * as real from '../../../../../src/github/forge.ts';
import { pointed, problem } from '../../pointed.ts';

export * from '../../../../../src/github/forge.ts';

const away = problem('github_unreachable', 'GitHub could not be reached: the suite took it away.');

export function createForge(...given: Parameters<typeof real.createForge>) {
  return pointed('forge', real.createForge(...given), { away });
}
