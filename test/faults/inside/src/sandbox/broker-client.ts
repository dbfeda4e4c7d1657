import * as real from '../../../../../src/sandbox/broker-client.ts';
import { broken } from '../../armed.ts';
import { pointedClass, problem } from '../../pointed.ts';

export * from '../../../../../src/sandbox/broker-client.ts';

const away = problem('broker_down', 'The sandbox broker does not answer: the suite took it away.');

export class BrokerClient extends real.BrokerClient {
  /** `no-clean-up`: what a task had here stays. */
  override async remove(...given: Parameters<real.BrokerClient['remove']>): Promise<void> {
    if (broken() !== 'no-clean-up') await super.remove(...given);
  }
}

pointedClass('sandbox', real.BrokerClient.prototype, BrokerClient.prototype, { away, streams: ['records'] });
