import * as real from '../../../../../src/github/client.ts';

export * from '../../../../../src/github/client.ts';

/** Many tasks in one minute: GitHub's second between two writes is the local forge's twentieth of one. */
export function createClient(options: Parameters<typeof real.createClient>[0]): real.Client {
  return real.createClient({ writeGapMs: 50, ...options });
}
