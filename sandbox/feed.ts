import type { RecordedStep } from './protocol.ts';
import type { RecordBody, Records } from './records.ts';
import { head, oneLine, scrub, tail } from './text.ts';

type Activity = Extract<RecordBody, { type: 'activity' }>;

const intervalMs = 200;
const windowChars = 16_384;
const outputBytes = 4 * 1024 * 1024;
const messageBytes = 4 * 1024 * 1024;
const activitiesAtOnce = 20;
const activitiesInAll = 20_000;
const stepsAtOnce = 50;

/**
 * What a running agent shows, gathered for 200 ms at a time and bounded: a flood of output or tool calls becomes few records,
 * of which the newest are kept.
 */
export class Feed {
  readonly #records: Pick<Records, 'write'>;
  #timer: NodeJS.Timeout | null = null;
  #output = '';
  #outputDropped = 0;
  #outputLeft = outputBytes;
  #messageLeft = messageBytes;
  #activitiesLeft = activitiesInAll;
  #plan: readonly RecordedStep[] | null = null;
  readonly #activities = new Map<string, Activity>();

  constructor(records: Pick<Records, 'write'>) {
    this.#records = records;
  }

  output(text: string): void {
    if (this.#outputLeft <= 0) return;
    const whole = this.#output + scrub(text);
    this.#output = whole.length > windowChars ? tail(whole, windowChars) : whole;
    this.#outputDropped += whole.length - this.#output.length;
    this.#later();
  }

  /** A line of the runner's own. */
  note(text: string): void {
    this.output(`[errand] ${oneLine(text, 500)}\n`);
  }

  plan(steps: readonly RecordedStep[]): void {
    this.#plan = steps.slice(0, stepsAtOnce).map((step) => ({
      title: oneLine(step.title, 200),
      status: step.status,
      detail: step.detail === null ? null : oneLine(step.detail, 200),
    }));
    this.#later();
  }

  activity(id: string, title: string, status: Activity['status']): void {
    const key = oneLine(id, 100);
    this.#activities.delete(key);
    this.#activities.set(key, { type: 'activity', id: key, title: oneLine(title, 200), status });
    const [oldest] = this.#activities.keys();
    if (this.#activities.size > activitiesAtOnce && oldest !== undefined) this.#activities.delete(oldest);
    this.#later();
  }

  /** A whole message of the agent's; written at once, after what came before it. */
  message(text: string): void {
    const clean = scrub(text).trim();
    if (clean === '' || this.#messageLeft <= 0) return;
    this.flush();
    this.#messageLeft -= Buffer.byteLength(clean);
    this.#records.write({ type: 'message', text: head(clean, windowChars) });
  }

  flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#plan !== null) this.#records.write({ type: 'plan', steps: this.#plan });
    this.#plan = null;
    for (const activity of this.#activities.values()) {
      if (this.#activitiesLeft-- > 0) this.#records.write(activity);
    }
    this.#activities.clear();
    if (this.#output !== '') this.#flushOutput();
  }

  #flushOutput(): void {
    const dropped = this.#outputDropped > 0 ? `[errand] ${this.#outputDropped} characters left out\n` : '';
    const text = dropped + this.#output;
    this.#output = '';
    this.#outputDropped = 0;
    this.#outputLeft -= Buffer.byteLength(text);
    this.#records.write({ type: 'output', text });
    if (this.#outputLeft <= 0) {
      this.#records.write({ type: 'output', text: '[errand] No more output is kept; the result holds its end.\n' });
    }
  }

  #later(): void {
    this.#timer ??= setTimeout(() => this.flush(), intervalMs);
  }
}
