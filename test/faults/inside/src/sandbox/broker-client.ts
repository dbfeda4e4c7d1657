import * as real from '../../../../../src/sandbox/broker-client.ts';
import { broken } from '../../armed.ts';
import { pointed, problem } from '../../pointed.ts';

export * from '../../../../../src/sandbox/broker-client.ts';

const away = problem('broker_down', 'The sandbox broker does not answer: the suite took it away.');

export class BrokerClient extends real.BrokerClient {
  constructor(...given: ConstructorParameters<typeof real.BrokerClient>) {
    super(...given);
    // biome-ignore lint/correctness/noConstructorReturn: whoever makes one gets it with its fail points.
    return pointed<BrokerClient>('sandbox', this, { away, streams: ['records'] });
  }

  /** `no-clean-up`: what a task had here stays. */
  override async remove(...given: Parameters<real.BrokerClient['remove']>): Promise<void> {
    if (broken() !== 'no-clean-up') await super.remove(...given);
  }
}
