/** An ACP agent without a model: each line of a prompt is one thing to do. */
import { Readable, Writable } from 'node:stream';
import {
  type AgentContext,
  agent,
  type McpServer,
  methods,
  ndJsonStream,
  PROTOCOL_VERSION,
  RequestError,
} from '@agentclientprotocol/sdk';
import { z } from 'zod';

const options = new Set(process.argv.slice(2));
if (options.has('--silent-exit')) {
  process.stderr.write('\u001b[31mno licence file\u001b[0m\n');
  process.exit(7);
}

const sessionId = 'scripted-1';
const steered: string[] = [];
let wake = () => {};
let running = false;
let cancelled = false;
let loaded = '';
let servers: readonly McpServer[] = [];

/** Asks for what people added since, as Qwen Code does after each round of tool calls. */
async function drain(client: AgentContext): Promise<readonly string[]> {
  const answer = await client.request('craft/drainMidTurnQueue', { sessionId });
  return z.object({ messages: z.array(z.string()) }).parse(answer).messages;
}

async function perform(line: string, client: AgentContext): Promise<void> {
  const [verb = '', ...rest] = line.split(' ');
  const text = rest.join(' ');
  const update = (body: object) => client.notify('session/update', { sessionId: loaded || sessionId, update: body });
  switch (verb) {
    case 'say':
      for (const word of text.split(/(?= )/)) {
        await update({ sessionUpdate: 'agent_message_chunk', content: { type: 'text', text: word } });
      }
      return;
    case 'plan':
      await update({
        sessionUpdate: 'plan',
        entries: text.split(',').map((content, at) => ({
          content,
          priority: 'medium',
          status: at === 0 ? 'completed' : at === 1 ? 'in_progress' : 'pending',
        })),
      });
      return;
    case 'tool':
      await update({ sessionUpdate: 'tool_call', toolCallId: 'c1', title: text, status: 'in_progress' });
      await update({ sessionUpdate: 'tool_call_update', toolCallId: 'c1', status: 'completed' });
      return;
    case 'tools':
      for (let at = 0; at < Number(text); at++) {
        await update({ sessionUpdate: 'tool_call', toolCallId: `c${at}`, title: `Call ${at}`, status: 'completed' });
      }
      return;
    case 'permission': {
      const { outcome } = await client.request(methods.client.session.requestPermission, {
        sessionId,
        toolCall: { toolCallId: 'c2', title: 'Remove everything' },
        options: [
          { optionId: 'no', name: 'Reject', kind: 'reject_once' },
          { optionId: 'once', name: 'Allow', kind: 'allow_once' },
          { optionId: 'always', name: 'Always allow', kind: 'allow_always' },
        ],
      });
      return perform(`say permission ${outcome.outcome === 'selected' ? outcome.optionId : 'none'}`, client);
    }
    case 'ask': {
      const answer = await client.request(methods.client.elicitation.create, {
        sessionId,
        mode: 'form',
        message: text,
        requestedSchema: {
          type: 'object',
          properties: {
            question_0: {
              type: 'string',
              oneOf: [
                { const: 'pg', title: 'Postgres' },
                { const: 'lite', title: 'SQLite' },
              ],
            },
            question_0_custom: { type: 'string', title: 'Other' },
          },
        },
      });
      return perform(`say ${JSON.stringify(answer)}`, client);
    }
    case 'servers': {
      const told = servers.map((each) =>
        'type' in each ? [each.type, each.name, each.headers.map(({ name }) => name)] : [],
      );
      return perform(['say', servers.length, 'servers', ...told.flat(2)].join(' '), client);
    }
    case 'await-added': {
      let added: readonly string[] = [];
      while (added.length === 0) added = await drain(client);
      return perform(`say added: ${added.join('|')}`, client);
    }
    case 'added':
      return perform(`say then ${(await drain(client)).join('|') || 'none'}`, client);
    case 'wait-steer':
      await new Promise<void>((resolve) => {
        wake = resolve;
        if (steered.length > 0) resolve();
      });
      return perform(`say steered:${steered.splice(0).join('|')}`, client);
    case 'wait-cancel':
      await perform('tool Waiting', client);
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
      return;
    case 'session':
      return perform(`say loaded:${loaded}`, client);
    case 'crash':
      process.stderr.write('out of cheese\n');
      process.exit(3);
      return;
    case 'unauthorised':
      throw RequestError.authRequired();
    case 'fail':
      throw RequestError.internalError({}, text);
    case 'post': {
      const { status } = await fetch(`${process.env.HTTP_PROXY}${text}`, { method: 'POST', body: '{}' });
      return perform(`say got ${status}`, client);
    }
    default:
      return perform(`say ${line}`, client);
  }
}

agent({ name: 'scripted' })
  .onRequest(methods.agent.initialize, () => ({
    protocolVersion: PROTOCOL_VERSION,
    agentCapabilities: {
      loadSession: true,
      promptCapabilities: { image: options.has('--sees') },
      mcpCapabilities: { http: options.has('--mcp') },
    },
    _meta: options.has('--no-steering') ? {} : { steering: { supported: true } },
  }))
  .onRequest(methods.agent.session.new, ({ params }) => {
    servers = params.mcpServers;
    return {
      sessionId,
      modes: {
        currentModeId: 'ask',
        availableModes: [
          { id: 'ask', name: 'Ask' },
          { id: 'yolo', name: 'Yolo' },
        ],
      },
    };
  })
  .onRequest(methods.agent.session.load, async ({ params, client }) => {
    if (params.sessionId !== 'known') throw RequestError.resourceNotFound(params.sessionId);
    loaded = params.sessionId;
    await perform('say an old message', client);
    return {};
  })
  .onRequest(methods.agent.session.setMode, ({ params }) => {
    process.env.MODE = params.modeId;
    return {};
  })
  .onRequest(methods.agent.session.prompt, async ({ params, client }) => {
    running = true;
    for (const block of params.prompt) {
      if (block.type === 'image') await perform(`say saw ${block.mimeType}`, client);
      const text = block.type === 'text' ? block.text.replace('$MODE', process.env.MODE ?? '') : '';
      for (const line of text.split('\n')) if (!cancelled) await perform(line, client);
    }
    running = false;
    return { stopReason: cancelled ? ('cancelled' as const) : ('end_turn' as const) };
  })
  .onNotification(methods.agent.session.cancel, () => {
    cancelled = true;
    wake();
  })
  .onRequest(
    '_session/steering',
    (params: unknown) =>
      z.object({ prompt: z.array(z.object({ type: z.string(), text: z.string().optional() })) }).parse(params),
    ({ params }) => {
      if (!running) return { outcome: 'promptRequired' };
      steered.push(params.prompt.map(({ type, text }) => text ?? type).join(' '));
      wake();
      return { outcome: 'injected' };
    },
  )
  .connect(ndJsonStream(Writable.toWeb(process.stdout), Readable.toWeb(process.stdin)));
