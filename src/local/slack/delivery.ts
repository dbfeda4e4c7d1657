import type { PayloadKind } from './faults.ts';
import type { LooseObject } from './workspace.ts';

/** Why Slack delivers something once more. */
export interface Retry {
  readonly num: number;
  readonly reason: 'timeout' | 'http_error' | 'connection_failed';
}

export type Ack =
  | { readonly ok: true; readonly body: LooseObject | null }
  | { readonly ok: false; readonly reason: Retry['reason']; readonly noRetry: boolean };

/** One way to the app. Each send settles within the time that Slack gives an app to acknowledge. */
export interface Delivery {
  /** How many ways lead to the app, which are taken in turn. */
  readonly ways: number;
  send(kind: PayloadKind, payload: LooseObject, retry: Retry | null): Promise<Ack>;
}
