import type { RunnerResult } from './protocol.ts';

export type FailureCode = Extract<RunnerResult, { type: 'failed' }>['code'];

/** Ends the run as `failed`; the message is one sentence, the agent's own words shortened within it. */
export class RunFailure extends Error {
  override readonly name = 'RunFailure';
  readonly code: FailureCode;

  constructor(code: FailureCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
  }
}
