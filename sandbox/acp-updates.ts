import type { PlanEntry, SessionNotification, ToolCallStatus } from '@agentclientprotocol/sdk';
import { z } from 'zod';
import type { Feed } from './feed.ts';
import type { RecordedStep } from './protocol.ts';
import { head, scrub } from './text.ts';

const claimChars = 8_000;
const messageChars = 16_384;
const titles = 500;

/** OpenCode says its plan as a tool's input. */
const todos = z.object({
  todos: z.array(z.object({ content: z.string(), status: z.enum(['pending', 'in_progress', 'completed']) })).min(1),
});

/** Turns an agent's session updates into records; what a resumed session replays is left out. */
export class Updates {
  readonly #feed: Feed;
  readonly #titles = new Map<string, string>();
  #live = false;
  #message = '';
  #messageId: string | null = null;
  #claim = '';

  constructor(feed: Feed) {
    this.#feed = feed;
  }

  /** From here on updates are this run's own. */
  goLive(): void {
    this.#live = true;
  }

  take({ update }: SessionNotification): void {
    if (!this.#live) return;
    switch (update.sessionUpdate) {
      case 'agent_message_chunk': {
        const id = update.messageId ?? null;
        if (id !== this.#messageId) this.endMessage();
        this.#messageId = id;
        if (update.content.type === 'text') this.#message += update.content.text;
        if (this.#message.length > messageChars) this.endMessage();
        return;
      }
      case 'plan':
        this.#feed.plan(update.entries.map(toStep));
        return;
      case 'tool_call':
      case 'tool_call_update': {
        this.endMessage();
        const title = update.title || this.#titles.get(update.toolCallId) || 'Tool call';
        this.#remember(update.toolCallId, title);
        const plan = todos.safeParse(update.rawInput).data?.todos;
        if (plan !== undefined) this.#feed.plan(plan.map(toStep));
        this.#feed.activity(update.toolCallId, title, toStatus(update.status));
        return;
      }
      default:
        return;
    }
  }

  /** Records the message that was being written, if any. */
  endMessage(): void {
    const text = scrub(this.#message).trim();
    this.#message = '';
    if (text === '') return;
    this.#claim = text;
    this.#feed.message(text);
  }

  /** The agent's last message. */
  get claim(): string {
    return head(this.#claim, claimChars);
  }

  #remember(id: string, title: string): void {
    this.#titles.set(id, title);
    const [oldest] = this.#titles.keys();
    if (this.#titles.size > titles && oldest !== undefined) this.#titles.delete(oldest);
  }
}

function toStep(entry: Pick<PlanEntry, 'content' | 'status'>): RecordedStep {
  return { title: entry.content, status: entry.status === 'completed' ? 'complete' : entry.status, detail: null };
}

function toStatus(status: ToolCallStatus | null | undefined): 'in_progress' | 'complete' | 'error' {
  if (status === 'completed') return 'complete';
  return status === 'failed' ? 'error' : 'in_progress';
}
