import { gatewayFiles as real } from '../../../../src/gateway/files.ts';
import { serve } from './which.ts';

export * from '../../../../src/gateway/files.ts';

/** As in `src`; it is the first thing that a gateway asks once it knows whose it is. */
export function gatewayFiles(dir: string): ReturnType<typeof real> {
  serve(dir);
  return real(dir);
}
