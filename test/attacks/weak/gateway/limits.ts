import { type Limits, defaultLimits as strict } from '../../../../src/gateway/limits.ts';
import { weakness } from './which.ts';

export * from '../../../../src/gateway/limits.ts';

/** Read when a gateway starts, which is when it knows its weakness. */
export const defaultLimits: Limits = {
  ...strict,
  get uploadBytes() {
    return weakness === 'no-byte-budget' ? Number.MAX_SAFE_INTEGER : strict.uploadBytes;
  },
  get connections() {
    return weakness === 'no-connection-limits' ? 100_000 : strict.connections;
  },
  get headersMs() {
    return weakness === 'no-connection-limits' ? 600_000 : strict.headersMs;
  },
  get requestMs() {
    return weakness === 'no-connection-limits' ? 600_000 : strict.requestMs;
  },
};
