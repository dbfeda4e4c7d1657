/** What the gateway answered to a model call: agents retell it loosely, the wire doesn't. */
export interface ModelAnswer {
  readonly status: number;
  /** Its first few kilobytes. */
  readonly body: string;
}

/** Keeps the last answer of the model endpoint and tells when the gateway says that the budget is spent. */
export class Wire {
  readonly #budgetSpent: () => void;
  #answer: ModelAnswer | null = null;

  constructor(options: { budgetSpent: () => void }) {
    this.#budgetSpent = options.budgetSpent;
  }

  get answer(): ModelAnswer | null {
    return this.#answer;
  }

  take(answer: ModelAnswer): void {
    this.#answer = answer;
    if (answer.status >= 400 && answer.body.includes('errand_budget')) this.#budgetSpent();
  }
}
