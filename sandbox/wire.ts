/** What the gateway answered to a model call: agents retell it loosely, the wire doesn't. */
export interface ModelAnswer {
  readonly status: number;
  /** Its first few kilobytes. */
  readonly body: string;
}

/** What follows from an answer for the run as a whole. */
export interface WireEvents {
  readonly budgetSpent: () => void;
  readonly keyRefused: () => void;
  /** Any other refusal; agents try again, some for minutes. */
  readonly failed: (status: number) => void;
}

/** Keeps the last answer of the model endpoint. */
export class Wire {
  readonly #events: WireEvents;
  #answer: ModelAnswer | null = null;

  constructor(events: WireEvents) {
    this.#events = events;
  }

  /** The last answer where that was a refusal. */
  get failure(): ModelAnswer | null {
    return this.#answer !== null && this.#answer.status >= 400 ? this.#answer : null;
  }

  take(answer: ModelAnswer): void {
    this.#answer = answer;
    if (answer.status < 400) return;
    if (answer.body.includes('errand_budget')) this.#events.budgetSpent();
    else if (answer.status === 401) this.#events.keyRefused();
    else this.#events.failed(answer.status);
  }
}
