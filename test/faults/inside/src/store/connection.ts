import * as real from '../../../../../src/store/connection.ts';
import { detour } from '../../armed.ts';

export * from '../../../../../src/store/connection.ts';

export function openRedis(...[url, options]: Parameters<typeof real.openRedis>): ReturnType<typeof real.openRedis> {
  return real.openRedis(detour(url), options);
}
