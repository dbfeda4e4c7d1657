import { isPublicAddress as isPublic } from '../../../../src/gateway/addresses.ts';
import { weakness } from './which.ts';

export * from '../../../../src/gateway/addresses.ts';

export function isPublicAddress(address: string): boolean {
  return weakness === 'private-addresses' || isPublic(address);
}
