import { type Limits, defaultLimits as strict } from '../../../../src/gateway/limits.ts';
import { weakness } from './which.ts';

export * from '../../../../src/gateway/limits.ts';

export const defaultLimits: Limits = {
  ...strict,
  ...(weakness === 'no-byte-budget' ? { uploadBytes: Number.MAX_SAFE_INTEGER } : {}),
  ...(weakness === 'no-connection-limits' ? { connections: 100_000, headersMs: 600_000, requestMs: 600_000 } : {}),
};
