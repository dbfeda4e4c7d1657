import type { Api } from './model-request.ts';
import type { TokenUsage, WireCall } from './model-turns.ts';

/** What one answer consists of, before an API gives it its form. */
export interface Answer {
  readonly id: string;
  readonly model: string;
  readonly text: string;
  readonly calls: readonly WireCall[];
  readonly usage: TokenUsage;
}

/** One server-sent event; `event` is null where the API sends only data. */
export interface WireEvent {
  readonly event: string | null;
  readonly data: unknown;
}

/** The events of a streamed answer; `head` comes before the model has thought, `rest` after. */
export interface WireStream {
  readonly head: readonly WireEvent[];
  readonly rest: readonly WireEvent[];
}

export function toStream(api: Api, answer: Answer): WireStream {
  if (api === 'anthropic') return anthropicStream(answer);
  return api === 'responses' ? responsesStream(answer) : chatStream(answer);
}

export function toJson(api: Api, answer: Answer): unknown {
  if (api === 'anthropic') return anthropicMessage(answer, anthropicContent(answer));
  return api === 'responses' ? response(answer, 'completed', responsesOutput(answer)) : chatCompletion(answer);
}

/** The provider's own shape of an error. */
export function toErrorBody(api: Api, status: number): unknown {
  const message = `scripted fault ${status}`;
  if (api !== 'anthropic') return { error: { message, type: 'scripted_error', param: null, code: null } };
  const types: Readonly<Record<number, string>> = {
    401: 'authentication_error',
    403: 'permission_error',
    429: 'rate_limit_error',
    529: 'overloaded_error',
  };
  return { type: 'error', error: { type: types[status] ?? 'api_error', message }, request_id: 'req_scripted' };
}

export function formatEvent({ event, data }: WireEvent): string {
  return `${event === null ? '' : `event: ${event}\n`}data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`;
}

function halves(text: string): readonly string[] {
  const middle = Math.ceil(text.length / 2);
  return [text.slice(0, middle), text.slice(middle)].filter((piece) => piece !== '');
}

// Anthropic Messages

function anthropicContent({ id, text, calls }: Answer) {
  const words = text === '' ? [] : [{ type: 'text' as const, text }];
  return [
    ...words,
    ...calls.map(({ name, args }, index) => ({
      type: 'tool_use' as const,
      id: `toolu_${id}_${index}`,
      name,
      input: args,
    })),
  ];
}

function anthropicMessage(answer: Answer, content: readonly unknown[]) {
  const { usage } = answer;
  return {
    id: `msg_${answer.id}`,
    type: 'message',
    role: 'assistant',
    model: answer.model,
    content,
    stop_reason: answer.calls.length > 0 ? 'tool_use' : 'end_turn',
    stop_sequence: null,
    usage: {
      input_tokens: usage.input,
      cache_creation_input_tokens: usage.cacheWrite,
      cache_read_input_tokens: usage.cacheRead,
      output_tokens: usage.output,
    },
  };
}

function anthropicStream(answer: Answer): WireStream {
  const message = anthropicMessage(answer, []);
  const start = { ...message, stop_reason: null, usage: { ...message.usage, output_tokens: 1 } };
  const blocks = anthropicContent(answer).flatMap((block, index) => {
    const deltas =
      block.type === 'text'
        ? halves(block.text).map((text) => ({ type: 'text_delta', text }))
        : halves(JSON.stringify(block.input)).map((partial_json) => ({ type: 'input_json_delta', partial_json }));
    const empty = block.type === 'text' ? { ...block, text: '' } : { ...block, input: {} };
    return [
      { type: 'content_block_start', index, content_block: empty },
      ...deltas.map((delta) => ({ type: 'content_block_delta', index, delta })),
      { type: 'content_block_stop', index },
    ];
  });
  const { stop_reason, stop_sequence, usage } = message;
  const end = [
    { type: 'message_delta', delta: { stop_reason, stop_sequence }, usage: { output_tokens: usage.output_tokens } },
    { type: 'message_stop' },
  ];
  const named = (data: { type: string }) => ({ event: data.type, data });
  return {
    head: [{ type: 'message_start', message: start }, { type: 'ping' }].map(named),
    rest: [...blocks, ...end].map(named),
  };
}

// OpenAI Responses

function responsesOutput({ id, text, calls }: Answer) {
  const message = {
    type: 'message' as const,
    id: `msg_${id}`,
    status: 'completed',
    role: 'assistant',
    content: [{ type: 'output_text', text, annotations: [] }],
  };
  const toolCalls = calls.map(({ name, args }, index) => {
    const head = { call_id: `call_${id}_${index}`, name, status: 'completed' };
    return typeof args === 'string'
      ? { type: 'custom_tool_call' as const, id: `ctc_${id}_${index}`, ...head, input: args }
      : { type: 'function_call' as const, id: `fc_${id}_${index}`, ...head, arguments: JSON.stringify(args) };
  });
  return [...(text === '' ? [] : [message]), ...toolCalls];
}

function response(answer: Answer, status: string, output: readonly unknown[]) {
  const { usage } = answer;
  const inputTokens = usage.input + usage.cacheRead + usage.cacheWrite;
  return {
    id: `resp_${answer.id}`,
    object: 'response',
    created_at: 1_700_000_000,
    status,
    model: answer.model,
    output,
    error: null,
    incomplete_details: null,
    usage:
      status === 'completed'
        ? {
            input_tokens: inputTokens,
            input_tokens_details: { cached_tokens: usage.cacheRead },
            output_tokens: usage.output,
            output_tokens_details: { reasoning_tokens: 0 },
            total_tokens: inputTokens + usage.output,
          }
        : null,
  };
}

function responsesStream(answer: Answer): WireStream {
  const output = responsesOutput(answer);
  const started = response(answer, 'in_progress', []);
  const items = output.flatMap(
    (item, output_index): readonly { readonly type: string; readonly [field: string]: unknown }[] => {
      const place = { item_id: item.id, output_index };
      if (item.type === 'function_call') {
        const { arguments: args } = item;
        return [
          { type: 'response.output_item.added', output_index, item: { ...item, status: 'in_progress', arguments: '' } },
          ...halves(args).map((delta) => ({ type: 'response.function_call_arguments.delta', ...place, delta })),
          { type: 'response.function_call_arguments.done', ...place, arguments: args },
          { type: 'response.output_item.done', output_index, item },
        ];
      }
      if (item.type === 'custom_tool_call') {
        const { input } = item;
        return [
          { type: 'response.output_item.added', output_index, item: { ...item, status: 'in_progress', input: '' } },
          ...halves(input).map((delta) => ({ type: 'response.custom_tool_call_input.delta', ...place, delta })),
          { type: 'response.custom_tool_call_input.done', ...place, input },
          { type: 'response.output_item.done', output_index, item },
        ];
      }
      const at = { ...place, content_index: 0 };
      const empty = { type: 'output_text', text: '', annotations: [] };
      return [
        { type: 'response.output_item.added', output_index, item: { ...item, status: 'in_progress', content: [] } },
        { type: 'response.content_part.added', ...at, part: empty },
        ...halves(answer.text).map((delta) => ({ type: 'response.output_text.delta', ...at, delta })),
        { type: 'response.output_text.done', ...at, text: answer.text },
        { type: 'response.content_part.done', ...at, part: { ...empty, text: answer.text } },
        { type: 'response.output_item.done', output_index, item },
      ];
    },
  );
  const head = [
    { type: 'response.created', response: started },
    { type: 'response.in_progress', response: started },
  ];
  const end = { type: 'response.completed', response: response(answer, 'completed', output) };
  const numbered = [...head, ...items, end].map((data, sequence_number) => ({
    event: data.type,
    data: { ...data, sequence_number },
  }));
  return { head: numbered.slice(0, 2), rest: numbered.slice(2) };
}

// OpenAI Chat Completions

function chatCalls({ id, calls }: Answer) {
  return calls.map(({ name, args }, index) => ({
    index,
    id: `call_${id}_${index}`,
    type: 'function',
    function: { name, arguments: JSON.stringify(args) },
  }));
}

function chatUsage({ usage }: Answer) {
  const prompt = usage.input + usage.cacheRead + usage.cacheWrite;
  return {
    prompt_tokens: prompt,
    completion_tokens: usage.output,
    total_tokens: prompt + usage.output,
    prompt_tokens_details: { cached_tokens: usage.cacheRead },
  };
}

function chatCompletion(answer: Answer) {
  const calls = chatCalls(answer).map(({ index: _, ...call }) => call);
  return {
    ...chatHead(answer, 'chat.completion'),
    choices: [
      {
        index: 0,
        finish_reason: calls.length > 0 ? 'tool_calls' : 'stop',
        message: { role: 'assistant', content: answer.text, ...(calls.length > 0 ? { tool_calls: calls } : {}) },
      },
    ],
    usage: chatUsage(answer),
  };
}

function chatHead({ id, model }: Answer, object: string) {
  return { id: `chatcmpl-${id}`, object, created: 1_700_000_000, model };
}

function chatStream(answer: Answer): WireStream {
  const chunk = (delta: object, finish_reason: string | null = null): WireEvent => ({
    event: null,
    data: { ...chatHead(answer, 'chat.completion.chunk'), choices: [{ index: 0, delta, finish_reason }] },
  });
  const calls = chatCalls(answer);
  return {
    head: [chunk({ role: 'assistant', content: '' })],
    rest: [
      ...halves(answer.text).map((content) => chunk({ content })),
      ...calls.map((call) => chunk({ tool_calls: [call] })),
      chunk({}, calls.length > 0 ? 'tool_calls' : 'stop'),
      { event: null, data: { ...chatHead(answer, 'chat.completion.chunk'), choices: [], usage: chatUsage(answer) } },
      { event: null, data: '[DONE]' },
    ],
  };
}
