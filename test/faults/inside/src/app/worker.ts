import * as real from '../../../../../src/app/worker.ts';
import { broken } from '../../armed.ts';

export * from '../../../../../src/app/worker.ts';

/** `no-sweep`: the job is the truth, and nobody compares the store with the engine. */
export class Worker extends real.Worker {
  override async recover(signal: AbortSignal): Promise<void> {
    if (broken() !== 'no-sweep') await super.recover(signal);
  }
}
