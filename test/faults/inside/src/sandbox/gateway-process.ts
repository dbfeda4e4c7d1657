import * as real from '../../../../../src/sandbox/gateway-process.ts';
import { pointed, problem } from '../../pointed.ts';

export * from '../../../../../src/sandbox/gateway-process.ts';

const away = problem('gateway_down', 'The gateway does not start: the suite sees to that.');

export function openGateways(...given: Parameters<typeof real.openGateways>) {
  return pointed('gateways', real.openGateways(...given), { away, except: ['socketDirectory', 'home', 'settings'] });
}
