import { createHmac, randomUUID } from 'node:crypto';
import type { Addresses } from './render.ts';
import { renderPull, renderRepository, renderUser } from './render.ts';
import type { Pull, Repository } from './state.ts';

export interface Webhook {
  readonly url: string;
  readonly secret: string;
}

/** What becomes of a delivery on its way. */
export type HookFault = 'lost' | 'twice' | 'unsigned';

export interface Delivery {
  readonly event: string;
  readonly action: string | null;
  readonly id: string;
  /** What the other side answered; null where it was lost. */
  readonly status: number | null;
}

/** Tells subscribers what happened, each delivery once and in order, as GitHub does: what is lost is not sent again by itself. */
export class Webhooks {
  readonly #at: Addresses;
  readonly #log: (error: unknown) => void;
  readonly #subscribed: Webhook[] = [];
  readonly #faults: HookFault[] = [];
  readonly deliveries: Delivery[] = [];
  #tail: Promise<unknown> = Promise.resolve();

  constructor(at: Addresses, log: (error: unknown) => void) {
    this.#at = at;
    this.#log = log;
  }

  subscribe(hook: Webhook): void {
    this.#subscribed.push(hook);
  }

  /** Strikes the next deliveries, one each. */
  fault(...faults: readonly HookFault[]): void {
    this.#faults.push(...faults);
  }

  /** Settles when what happened so far was delivered. */
  settled(): Promise<unknown> {
    return this.#tail;
  }

  pull(action: string, repository: Repository, pull: Pull, sender: string): void {
    const more = { action, number: pull.number, pull_request: renderPull(this.#at, repository, pull) };
    this.#send('pull_request', repository, sender, more);
  }

  review(action: string, repository: Repository, pull: Pull, sender: string): void {
    this.#send('pull_request_review', repository, sender, {
      action,
      review: { user: renderUser(sender) },
      pull_request: renderPull(this.#at, repository, pull),
    });
  }

  push(repository: Repository, ref: string, before: string | null, after: string | null, sender: string): void {
    const zero = '0'.repeat(40);
    this.#send('push', repository, sender, { ref, before: before ?? zero, after: after ?? zero, commits: [] });
  }

  checkRun(repository: Repository, check: { name: string; sha: string; branch: string | null; done: boolean }): void {
    this.#send('check_run', repository, 'github-actions', {
      action: check.done ? 'completed' : 'created',
      check_run: { name: check.name, head_sha: check.sha, check_suite: { head_branch: check.branch } },
    });
  }

  status(repository: Repository, check: { name: string; sha: string; branch: string | null; state: string }): void {
    const branches = check.branch === null ? [] : [{ name: check.branch }];
    const { name: context, sha, state } = check;
    this.#send('status', repository, 'github-actions', { context, sha, state, branches });
  }

  #send(event: string, repository: Repository, sender: string, more: Readonly<Record<string, unknown>>): void {
    const payload = { ...more, repository: renderRepository(this.#at, repository), sender: renderUser(sender) };
    const action = typeof more.action === 'string' ? more.action : null;
    for (const hook of this.#subscribed) {
      this.#tail = this.#tail
        .then(() => this.#deliver(hook, event, action, JSON.stringify(payload)))
        .catch((error: unknown) => this.#log(error));
    }
  }

  async #deliver({ url, secret }: Webhook, event: string, action: string | null, body: string): Promise<void> {
    const fault = this.#faults.shift();
    const id = randomUUID();
    const note = (status: number | null) => this.deliveries.push({ event, action, id, status });
    if (fault === 'lost') {
      note(null);
      return;
    }
    const key = fault === 'unsigned' ? 'somebody else' : secret;
    const headers = {
      'content-type': 'application/json',
      'user-agent': 'GitHub-Hookshot/local',
      'x-github-event': event,
      'x-github-delivery': id,
      'x-hub-signature-256': `sha256=${createHmac('sha256', key).update(body).digest('hex')}`,
    };
    for (let times = fault === 'twice' ? 2 : 1; times > 0; times -= 1) {
      const sent = fetch(url, { method: 'POST', headers, body, signal: AbortSignal.timeout(10_000) });
      const answer = await sent.catch((error: unknown) => {
        this.#log(error);
        return null;
      });
      await answer?.body?.cancel();
      note(answer?.status ?? null);
    }
  }
}
