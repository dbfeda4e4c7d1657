import type { Control, RunnerRecord } from '../../sandbox/protocol.ts';
import type { TaskEvent } from '../task/events.ts';
import type { RunId } from '../task/ids.ts';
import { Problem } from '../task/problem.ts';
import { withoutSecrets } from '../task/secrets.ts';
import type { SpecMessage, Task } from '../task/task.ts';
import { currentRun } from '../task/transition.ts';
import { handFiles, namesOf, toWords } from './attachments.ts';
import { type Attendance, record, Superseded } from './attendance.ts';
import { type Folded, type Frame, fold, nothingFolded, toProgress } from './fold.ts';
import { parseRecord } from './records.ts';

const showEveryMs = 1_000;
const questionExpiresMs = 30 * 60_000;

/**
 * Follows a run's records until its container has stopped. What people say meanwhile goes in: replies are steered into the
 * turn, answers handed over, a stop ends the following at once with `Superseded`. `frame` is what stands around it in the plan.
 */
export async function followRecords(attendance: Attendance, frame: Frame): Promise<Folded> {
  const { deps, id, run, signal } = attendance;
  const gone = new AbortController();
  const seen = (await deps.store.cursor(run)) ?? 0;
  const steering = new Steering(attendance);
  let folded = nothingFolded;
  let failure: unknown;

  const look = serialised(async () => {
    const task = await deps.store.find(id);
    if (task === undefined || currentRun(task.run)?.id !== run) gone.abort();
    else await steering.look(task);
  });
  const fail = (error: unknown) => {
    failure ??= error;
    gone.abort();
  };
  using _changes = deps.changes.subscribe(id, () => look().catch(fail));
  const show = serialised(async () => {
    await record(attendance, {
      type: 'progressed',
      run,
      progress: toProgress('working', folded, frame),
    });
    await deps.store.saveCursor(run, folded.cursor);
  });
  let shown = nothingFolded;
  const ticker = setInterval(() => {
    if (folded.cursor === shown.cursor) return;
    shown = folded;
    show().catch(fail);
  }, showEveryMs);

  try {
    await look();
    for await (const value of deps.sandbox.records(run, 0, AbortSignal.any([signal, gone.signal]))) {
      const next = parseRecord(value);
      if (next === undefined || next.n <= folded.cursor) continue;
      const steps = folded.plan;
      // The cursor moves on only behind what was done: a crash in between repeats it rather than leaves it out.
      if (next.n > seen) await effect(attendance, next, steering);
      else if (next.type === 'question') steering.askedBefore(next.id);
      folded = fold(folded, next);
      if (next.n <= seen) continue;
      if (next.type === 'checked_out' || folded.plan !== steps) await show();
    }
  } catch (error) {
    if (!gone.signal.aborted) throw error;
  } finally {
    clearInterval(ticker);
  }
  if (failure !== undefined) throw failure;
  // Whoever takes the run over goes on from here.
  if (signal.aborted && folded.cursor > seen) await deps.store.saveCursor(run, folded.cursor);
  if (gone.signal.aborted) throw new Superseded('the run ended elsewhere');
  signal.throwIfAborted();
  await deps.store.saveCursor(run, folded.cursor);
  return folded;
}

async function effect(attendance: Attendance, next: RunnerRecord, steering: Steering): Promise<void> {
  const { deps, run } = attendance;
  switch (next.type) {
    case 'session':
      await record(attendance, { type: 'session_opened', run, session: next.id });
      return;
    case 'steered':
      if (next.accepted) await steering.taken(next.id);
      return;
    case 'question': {
      const question = {
        id: next.id,
        text: withoutSecrets(next.text),
        options: next.options,
        fallback: next.options[0] ?? 'Go on with your best judgement.',
        expiresAt: deps.clock.now() + questionExpiresMs,
      };
      await record(attendance, { type: 'question_asked', run, question });
      return;
    }
    default:
  }
}

/** Hands what people say to the running agent, each message once. */
class Steering {
  readonly #attendance: Attendance;
  readonly #sent = new Set<string>();
  #question: string | null = null;

  constructor(attendance: Attendance) {
    this.#attendance = attendance;
  }

  async look(task: Task): Promise<void> {
    const { deps, run } = this.#attendance;
    for (const message of task.spec.slice(task.taken)) {
      if (message.trust !== 'steering' || this.#sent.has(message.key)) continue;
      this.#sent.add(message.key);
      await this.#steer(message);
    }
    if (task.run.type === 'waiting') {
      const { question } = task.run;
      this.#question = question.id;
      if (question.expiresAt > deps.clock.now()) return;
      await record(this.#attendance, { type: 'question_expired', run, question: question.id });
      await this.#answer(question.id, question.fallback);
    } else if (this.#question !== null) {
      const id = this.#question;
      const answer = answerTo(await deps.store.events(task.id), run, id);
      if (answer !== null) await this.#answer(id, answer);
    }
  }

  /** An earlier worker asked this; whether it also handed over the answer, nobody knows. */
  askedBefore(question: string): void {
    this.#question = question;
  }

  /** The agent has read this message, and so all before it. */
  async taken(key: string): Promise<void> {
    const task = await this.#attendance.deps.store.find(this.#attendance.id);
    const index = task?.spec.findIndex((message) => message.key === key) ?? -1;
    if (index === -1) return;
    await record(this.#attendance, { type: 'messages_taken', run: this.#attendance.run, taken: index + 1 });
  }

  async #steer(message: SpecMessage): Promise<void> {
    const files = namesOf([message]);
    await this.#unlessEnded(() => handFiles(this.#attendance, [message]));
    await this.#send({
      type: 'steer',
      id: message.key,
      text: toWords(message),
      ...(files.length === 0 ? {} : { files }),
    });
  }

  async #answer(question: string, text: string): Promise<void> {
    this.#question = null;
    await this.#send({ type: 'answer', question, text });
  }

  async #send(control: Control): Promise<void> {
    const { deps, run } = this.#attendance;
    await this.#unlessEnded(() => deps.sandbox.send(run, control));
  }

  async #unlessEnded(tell: () => Promise<void>): Promise<void> {
    const { deps, id, run } = this.#attendance;
    try {
      await tell();
    } catch (error) {
      // The agent has just ended. What it was to be told stays unread and starts the next run.
      if (!(error instanceof Problem) || error.failure.code !== 'not_running') throw error;
      deps.log.info({ task: id, run }, 'Said too late for this run');
    }
  }
}

/** What people, or the clock, answered to a question of this run; null while it is open. */
function answerTo(events: readonly TaskEvent[], run: RunId, question: string): string | null {
  let answer: string | null = null;
  let fallback = '';
  for (const event of events) {
    if (!('run' in event) || event.run !== run) continue;
    if (event.type === 'question_asked' && event.question.id === question) fallback = event.question.fallback;
    if (event.type === 'answer_given' && event.question === question) answer = event.answer;
    if (event.type === 'question_expired' && event.question === question) answer = fallback;
  }
  return answer;
}

/** Runs one call at a time; calls that come meanwhile are answered by one further run. */
function serialised(act: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | null = null;
  let next: Promise<void> | null = null;
  const start = (): Promise<void> => {
    running = act().finally(() => {
      running = null;
    });
    return running;
  };
  return () => {
    if (running === null) return start();
    next ??= running
      .catch(() => undefined)
      .then(() => {
        next = null;
        return start();
      });
    return next;
  };
}
