import type {
  CreateElicitationRequest,
  CreateElicitationResponse,
  ElicitationContentValue,
} from '@agentclientprotocol/sdk';
import { z } from 'zod';
import type { Inbox } from './control.ts';
import type { Feed } from './feed.ts';
import type { Records } from './records.ts';
import { head, oneLine, scrub } from './text.ts';

const choice = z.object({ const: z.string(), title: z.string().nullish() });
const field = z.object({
  type: z.string(),
  title: z.string().nullish(),
  description: z.string().nullish(),
  enum: z.array(z.string()).nullish(),
  oneOf: z.array(choice).nullish(),
  items: z.object({ enum: z.array(z.string()).nullish(), anyOf: z.array(choice).nullish() }).nullish(),
});
const form = z.object({
  mode: z.literal('form'),
  message: z.string(),
  requestedSchema: z.object({
    properties: z.record(z.string(), field).default({}),
    required: z.array(z.string()).nullish(),
  }),
});
type Field = z.infer<typeof field>;
type Content = Record<string, ElicitationContentValue>;
interface Choice {
  readonly value: string;
  readonly label: string;
}

/** What a button can hold. */
const optionChars = 75;
const maxOptions = 10;

/** Puts an agent's form to people, a question record a field, and waits for each answer. An empty answer leaves a field out. */
export class Questions {
  readonly #inbox: Inbox;
  readonly #records: Pick<Records, 'write'>;
  readonly #feed: Feed;
  #asked = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: { inbox: Inbox; records: Pick<Records, 'write'>; feed: Feed }) {
    this.#inbox = options.inbox;
    this.#records = options.records;
    this.#feed = options.feed;
  }

  /**
   * Answers with what was chosen, declines when nothing was, cancels when the agent or the run ended the wait. People see one
   * question at a time: a form that comes while another waits is put to them after it.
   */
  ask(request: CreateElicitationRequest, signal: AbortSignal): Promise<CreateElicitationResponse> {
    const asking = this.#last.then(() => this.#ask(request, signal));
    this.#last = asking.catch(() => undefined);
    return asking;
  }

  async #ask(request: CreateElicitationRequest, signal: AbortSignal): Promise<CreateElicitationResponse> {
    if (signal.aborted) return { action: 'cancel' };
    const parsed = form.safeParse(request);
    if (!parsed.success) return { action: 'decline' };
    const { message, requestedSchema } = parsed.data;
    const all = Object.entries(requestedSchema.properties);
    const asked = all.filter(([key, shape]) => ownerOf(key, shape, all) === undefined);
    const content: Content = {};
    for (const [key, shape] of asked) {
      const choices = toChoices(shape);
      const answer = await this.#one(toText(message, shape, asked.length), choices, signal).catch(() => undefined);
      if (answer === undefined) return { action: 'cancel' };
      const free = all.find(([other, its]) => ownerOf(other, its, all) === key)?.[0];
      const required = requestedSchema.required?.includes(key) ?? false;
      if (answer !== '') Object.assign(content, toContent(answer, key, shape, choices, required ? key : (free ?? key)));
    }
    return Object.keys(content).length === 0 ? { action: 'decline' } : { action: 'accept', content };
  }

  async #one(text: string, choices: readonly Choice[], signal: AbortSignal): Promise<string> {
    const id = `q${++this.#asked}`;
    const answer = this.#inbox.answer(id, signal);
    this.#feed.flush();
    const options = choices.slice(0, maxOptions).map(({ label }) => label);
    this.#records.write({ type: 'question', id, text: head(scrub(text).trim(), 2_900), options });
    return (await answer).trim();
  }
}

/** The field that a free-text field (`<key>_custom`, `<key>_note`) goes with: agents offer one beside each choice. */
function ownerOf(key: string, shape: Field, all: readonly (readonly [string, Field])[]): string | undefined {
  if (shape.type !== 'string' || toChoices(shape).length > 0) return undefined;
  const owners = all.filter(([other, its]) => key.startsWith(`${other}_`) && toChoices(its).length > 0);
  return owners.map(([other]) => other).sort((a, b) => b.length - a.length)[0];
}

function toChoices(shape: Field): readonly Choice[] {
  const named: readonly { const: string; title?: string | null | undefined }[] = [
    ...(shape.enum ?? shape.items?.enum ?? []).map((value) => ({ const: value })),
    ...(shape.oneOf ?? shape.items?.anyOf ?? []),
    ...(shape.type === 'boolean' ? [{ const: 'Yes' }, { const: 'No' }] : []),
  ];
  return named.map((one) => ({ value: one.const, label: oneLine(one.title ?? one.const, optionChars) }));
}

function toText(message: string, shape: Field, asked: number): string {
  if (asked === 1 && message.trimEnd().endsWith('?')) return message;
  return [...new Set([message, shape.title, shape.description])].filter(Boolean).join('\n');
}

function toContent(answer: string, key: string, shape: Field, choices: readonly Choice[], free: string): Content {
  const pick = (text: string) =>
    choices.find(({ label, value }) => [label, value].some((name) => name.toLowerCase() === text.toLowerCase()))?.value;
  switch (shape.type) {
    case 'boolean':
      return { [key]: /^(y|yes|true|1)\b/i.test(answer) };
    case 'number':
    case 'integer':
      return Number.isFinite(Number(answer)) ? { [key]: Number(answer) } : {};
    case 'array': {
      const picked = answer.split(',').map((part) => pick(part.trim()));
      return picked.every((value) => value !== undefined) ? { [key]: picked } : { [free]: answer };
    }
    default: {
      const value = pick(answer);
      return value === undefined ? { [free]: answer } : { [key]: value };
    }
  }
}
