import { setImmediate } from 'node:timers/promises';
import {
  type ContentBlock,
  type McpServer,
  methods,
  type SessionConfigOption,
  type SessionModeState,
} from '@agentclientprotocol/sdk';
import { z } from 'zod';
import { type AcpAgent, within } from './acp-agent.ts';
import type { Inbox, Spec, Steer } from './control.ts';
import { RunFailure } from './failure.ts';
import type { Feed } from './feed.ts';
import type { Files } from './files.ts';
import type { Records } from './records.ts';
import { oneLine } from './text.ts';

const sessionMs = 120_000;
const steerMs = 10_000;
const cancelMs = 3_000;

type AcpSpec = Extract<Spec['agent'], { type: 'acp' }>;
interface Session {
  readonly sessionId: string;
  readonly modes?: SessionModeState | null;
  readonly configOptions?: readonly SessionConfigOption[] | null;
}

const steering = z.object({ _meta: z.object({ steering: z.object({ supported: z.literal(true) }) }) });
const steered = z.object({ outcome: z.string() });

/**
 * Opens or resumes the session, gives the prompt, and goes on with what people add until nothing is left unread. Resolves with
 * the agent's last message; throws `RunFailure`, or whatever the agent answered.
 */
export async function runAcp(
  spec: AcpSpec,
  options: { agent: AcpAgent; cwd: string; inbox: Inbox; records: Records; feed: Feed; files: Files },
): Promise<{ claim: string }> {
  const { agent, inbox, records } = options;
  const session = await openSession(spec, options);
  records.write({ type: 'session', id: session.sessionId });
  await setUp(session, spec, options);
  const talk = new Talk(session.sessionId, options);
  agent.updates.goLive();
  inbox.onSteer((steer) => talk.steer(steer));
  try {
    const resumed = session.sessionId === spec.session;
    const [text, names] = resumed ? [spec.prompt, spec.files] : [spec.wholePrompt, spec.wholeFiles];
    let prompt = talk.toBlocks(text, names);
    while (prompt.length > 0) {
      await talk.turn(prompt);
      prompt = await talk.leftOver();
    }
    return { claim: agent.updates.claim };
  } finally {
    inbox.onSteer(null);
    agent.updates.endMessage();
    inbox.giveBack(talk.waiting);
  }
}

class Talk {
  /** Messages that no turn has taken. */
  readonly waiting: Steer[] = [];
  readonly #session: string;
  readonly #agent: AcpAgent;
  readonly #inbox: Inbox;
  readonly #records: Records;
  readonly #files: Files;
  readonly #underWay = new Set<Promise<void>>();
  readonly #canSteer: boolean;
  #running = false;

  constructor(session: string, options: { agent: AcpAgent; inbox: Inbox; records: Records; files: Files }) {
    this.#session = session;
    this.#agent = options.agent;
    this.#inbox = options.inbox;
    this.#records = options.records;
    this.#files = options.files;
    this.#canSteer = steering.safeParse(options.agent.capabilities).success;
  }

  /** A text with the pictures among its files, for an agent that sees them. */
  toBlocks(text: string, files: readonly string[]): ContentBlock[] {
    const sees = this.#agent.capabilities.agentCapabilities?.promptCapabilities?.image ?? false;
    return [{ type: 'text', text }, ...(sees ? this.#files.pictures(files) : [])];
  }

  /** Hands a message into the turn that runs, or keeps it for the next one. */
  steer(steer: Steer): void {
    if (!this.#running || !this.#canSteer) {
      this.waiting.push(steer);
      return;
    }
    const sending = this.#inject(steer).finally(() => this.#underWay.delete(sending));
    this.#underWay.add(sending);
  }

  async turn(prompt: ContentBlock[]): Promise<void> {
    const { connection, died, updates } = this.#agent;
    const stopped = this.#inbox.stopped;
    stopped.throwIfAborted();
    const over = new AbortController();
    const answered = connection.agent.request(methods.agent.session.prompt, { sessionId: this.#session, prompt });
    // When the race below is lost to a stop, nobody else listens.
    answered.catch(() => {});
    const halted = new Promise<never>((_resolve, reject) => {
      const halt = () => {
        // However the agent takes it, the run is over.
        const told = this.#cancel(answered).catch(() => {});
        void told.then(() => reject(stopped.reason));
      };
      stopped.addEventListener('abort', halt, { once: true, signal: over.signal });
    });
    this.#running = true;
    this.#agent.asides.offer = () => this.#takeWaiting().map(({ text }) => text);
    try {
      const { stopReason } = await Promise.race([answered, died, halted]);
      stopped.throwIfAborted();
      if (stopReason !== 'end_turn') throw new RunFailure('agent_error', endings[stopReason]);
    } finally {
      this.#running = false;
      this.#agent.asides.offer = null;
      over.abort();
      // An answer may overtake updates that came before it: those are still on their way through the dispatcher.
      await setImmediate();
      updates.endMessage();
    }
  }

  /** What came too late for the turn that ended, as the next prompt. */
  async leftOver(): Promise<ContentBlock[]> {
    await Promise.all(this.#underWay);
    return this.#takeWaiting().flatMap(({ text, files }) => this.toBlocks(text, files));
  }

  #takeWaiting(): readonly Steer[] {
    const taken = this.waiting.splice(0);
    for (const { id } of taken) this.#records.write({ type: 'steered', id, accepted: true });
    return taken;
  }

  async #inject(steer: Steer): Promise<void> {
    const { connection, died } = this.#agent;
    const params = {
      sessionId: this.#session,
      prompt: this.toBlocks(steer.text, steer.files),
      _meta: { steering: { idleBehavior: 'promptRequired' } },
    };
    const outcome = await within(steerMs, died, 'The agent took no message', this.#inbox.stopped, () =>
      connection.agent.request('_session/steering', params),
    ).catch(() => undefined);
    const taken = steered.safeParse(outcome).data?.outcome;
    if (taken === 'injected' || taken === 'startedNewTurn') {
      this.#records.write({ type: 'steered', id: steer.id, accepted: true });
    } else {
      this.waiting.push(steer);
    }
  }

  async #cancel(answered: Promise<unknown>): Promise<void> {
    const { connection, died } = this.#agent;
    await connection.agent.notify(methods.agent.session.cancel, { sessionId: this.#session });
    await Promise.race([answered, died, new Promise((resolve) => setTimeout(resolve, cancelMs).unref())]);
  }
}

const endings = {
  max_tokens: 'The agent ran into its token limit before it was done.',
  max_turn_requests: 'The agent ran into its limit of model calls before it was done.',
  refusal: 'The model refused to go on with this request.',
  cancelled: 'The agent ended its turn as cancelled.',
} as const;

/** The gateway's servers for an agent that can use them over HTTP; for another it is said that it can't. */
function toMcpServers({ mcp = [] }: AcpSpec, { agent, records }: { agent: AcpAgent; records: Records }): McpServer[] {
  if (mcp.length === 0) return [];
  if (agent.capabilities.agentCapabilities?.mcpCapabilities?.http !== true) {
    const names = mcp.map(({ name }) => name).join(', ');
    records.write({ type: 'note', text: `This agent can’t use MCP servers over HTTP: ${oneLine(names, 200)}` });
    return [];
  }
  return mcp.map(({ name, url, headers }) => ({
    type: 'http',
    name,
    url,
    headers: Object.entries(headers).map(([header, value]) => ({ name: header, value })),
  }));
}

async function openSession(
  spec: AcpSpec,
  options: { agent: AcpAgent; cwd: string; inbox: Inbox; records: Records; feed: Feed },
): Promise<Session> {
  const { connection, capabilities, died } = options.agent;
  const place = { cwd: options.cwd, mcpServers: toMcpServers(spec, options) };
  const step = <T>(request: () => Promise<T>) =>
    within(sessionMs, died, 'The agent opened no session', options.inbox.stopped, request);
  const can = capabilities.agentCapabilities;
  // `session/resume` does the same as `session/load` without replaying what was said.
  const resume = can?.sessionCapabilities?.resume ? methods.agent.session.resume : methods.agent.session.load;
  if (spec.session !== null && (can?.sessionCapabilities?.resume || can?.loadSession)) {
    const sessionId = spec.session;
    try {
      return { sessionId, ...(await step(() => connection.agent.request(resume, { sessionId, ...place }))) };
    } catch (error) {
      if (error instanceof RunFailure) throw error;
      options.feed.note(`The agent could not resume its session and starts a new one: ${oneLine(String(error), 200)}`);
    }
  }
  return await step(() => connection.agent.request(methods.agent.session.new, place));
}

async function setUp(
  session: Session,
  spec: AcpSpec,
  options: { agent: AcpAgent; inbox: Inbox; feed: Feed },
): Promise<void> {
  const { connection, died } = options.agent;
  const step = <T>(request: () => Promise<T>) =>
    within(sessionMs, died, 'The agent took no settings', options.inbox.stopped, request);
  const { sessionId } = session;
  const { mode, model } = spec;
  if (mode !== null && session.modes?.currentModeId !== mode) {
    const offered = session.modes?.availableModes.some(({ id }) => id === mode) ?? false;
    if (offered) await step(() => connection.agent.request(methods.agent.session.setMode, { sessionId, modeId: mode }));
    else options.feed.note(`The agent offers no session mode ${mode}; its permission requests are granted one by one.`);
  }
  const option = session.configOptions?.find(({ category, type }) => category === 'model' && type === 'select');
  if (model === null || option === undefined || option.currentValue === model) return;
  try {
    const params = { sessionId, configId: option.id, value: model };
    await step(() => connection.agent.request(methods.agent.session.setConfigOption, params));
  } catch (error) {
    if (error instanceof RunFailure) throw error;
    throw new RunFailure(
      'agent_start',
      `The agent does not take the model ${oneLine(model, 100)}: ${oneLine(String(error), 200)}`,
      { cause: error },
    );
  }
}
