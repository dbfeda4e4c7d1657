import { type Fetched, RegistryFetch as Strict } from '../../../../src/gateway/registry-fetch.ts';
import { weakness } from './which.ts';

export * from '../../../../src/gateway/registry-fetch.ts';

export class RegistryFetch extends Strict {
  override get(method: 'GET' | 'HEAD', url: string, options: Parameters<Strict['get']>[2]): Promise<Fetched> {
    return super.get(method, url, weakness === 'any-redirect' ? { ...options, mayVisit: () => true } : options);
  }
}
