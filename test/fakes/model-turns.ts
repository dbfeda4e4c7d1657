/** What a scripted model answers: words, tool calls, a wait, or a fault. The same turn serves every API and agent. */
export type Turn = Reply | Fault;

export interface Reply {
  readonly text?: string;
  readonly calls?: readonly Intent[];
  /** The answer's head is sent at once, its content once this settles. */
  readonly hold?: Promise<unknown>;
  readonly usage?: Partial<TokenUsage>;
}

export type Fault =
  | {
      readonly fault: 'status';
      readonly status: number;
      readonly body?: unknown;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** The connection breaks after the first piece of content. */
  | { readonly fault: 'cut' }
  /** No answer until the server closes. */
  | { readonly fault: 'hang' };

export interface TokenUsage {
  /** Input that no cache served or stored. */
  readonly input: number;
  readonly output: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
}

export const defaultUsage: TokenUsage = { input: 100, output: 20, cacheRead: 0, cacheWrite: 0 };

/** What is to be done, whatever the calling agent names its tools; `call` says the exact tool. */
export type Intent =
  | { readonly intent: 'run'; readonly command: string }
  | { readonly intent: 'write'; readonly path: string; readonly content: string }
  | { readonly intent: 'plan'; readonly steps: readonly PlanStep[] }
  | { readonly intent: 'call'; readonly name: string; readonly args: Readonly<Record<string, unknown>> | string };

export type PlanStep = readonly [title: string, status: 'pending' | 'in_progress' | 'completed'];

export function say(text: string): Reply {
  return { text };
}

export function runCommand(command: string, text?: string): Reply {
  return withText([{ intent: 'run', command }], text);
}

/** Writes a file of the checkout, through the agent's shell. A missing final newline is added. */
export function editFile(path: string, content: string, text?: string): Reply {
  return withText([{ intent: 'write', path, content }], text);
}

/** Shows a plan; agents without a plan tool only say it. */
export function plan(steps: readonly PlanStep[], text?: string): Reply {
  return withText([{ intent: 'plan', steps }], text);
}

export function callTool(name: string, args: Readonly<Record<string, unknown>> | string, text?: string): Reply {
  return withText([{ intent: 'call', name, args }], text);
}

/** An answer with this status; the body is the provider's own error shape unless one is given. */
export function failWith(
  status: number,
  options: { body?: unknown; headers?: Readonly<Record<string, string>> } = {},
): Fault {
  return { fault: 'status', status, ...options };
}

export function isFault(turn: Turn): turn is Fault {
  return 'fault' in turn;
}

function withText(calls: readonly Intent[], text: string | undefined): Reply {
  return text === undefined ? { calls } : { calls, text };
}

/** A tool call as it goes on the wire; a string is the text that a freeform tool takes instead of JSON. */
export interface WireCall {
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>> | string;
}

/** Maps intents to the tools that this request offers; what no tool can do becomes words. */
export function toWire(
  reply: Reply,
  tools: readonly string[],
): { readonly text: string; readonly calls: readonly WireCall[] } {
  const words: string[] = reply.text === undefined ? [] : [reply.text];
  const calls: WireCall[] = [];
  for (const intent of reply.calls ?? []) {
    const call = resolve(intent, tools);
    if (call !== undefined) calls.push(call);
    else words.push(describe(intent));
  }
  return { text: words.join('\n'), calls };
}

function resolve(intent: Intent, tools: readonly string[]): WireCall | undefined {
  switch (intent.intent) {
    case 'call':
      return { name: intent.name, args: intent.args };
    case 'run':
      return shellCall(intent.command, tools);
    case 'write':
      return shellCall(writeCommand(intent.path, intent.content), tools);
    case 'plan':
      return planCall(intent.steps, tools);
    default:
      return intent satisfies never;
  }
}

function shellCall(command: string, tools: readonly string[]): WireCall | undefined {
  const shells: Readonly<Record<string, Record<string, unknown>>> = {
    Bash: { command, description: 'Run a command' },
    bash: { command, description: 'Run a command' },
    exec_command: { cmd: command },
    shell_command: { command },
    run_shell_command: { command, is_background: false, description: 'Run a command' },
    shell: { command: ['sh', '-c', command] },
  };
  if (tools.includes('exec.exec_command')) return scripted('exec_command', { cmd: command, login: false });
  for (const name of tools) {
    const args = shells[name];
    if (args !== undefined) return { name, args };
  }
  return undefined;
}

/** Calls a tool from the script that Codex's `exec` runs. */
function scripted(name: string, args: object): WireCall {
  return { name: 'exec', args: `text(await tools.${name}(${JSON.stringify(args)}));` };
}

function planCall(steps: readonly PlanStep[], tools: readonly string[]): WireCall | undefined {
  if (tools.includes('TodoWrite')) {
    const todos = steps.map(([content, status]) => ({ content, status, activeForm: content }));
    return { name: 'TodoWrite', args: { todos } };
  }
  if (tools.includes('todowrite')) {
    const todos = steps.map(([content, status], index) => ({ id: `${index}`, content, status, priority: 'medium' }));
    return { name: 'todowrite', args: { todos } };
  }
  if (tools.includes('todo_write')) {
    const todos = steps.map(([content, status], index) => ({ id: `${index}`, content, status }));
    return { name: 'todo_write', args: { todos } };
  }
  const args = { plan: steps.map(([step, status]) => ({ step, status })) };
  if (tools.includes('exec.update_plan')) return scripted('update_plan', args);
  return tools.includes('update_plan') ? { name: 'update_plan', args } : undefined;
}

function writeCommand(path: string, content: string): string {
  const quoted = `'${path.replaceAll("'", `'\\''`)}'`;
  let end = 'END';
  while (content.split('\n').includes(end)) end = `${end}_`;
  const body = content.endsWith('\n') || content === '' ? content : `${content}\n`;
  return `mkdir -p "$(dirname ${quoted})" && cat > ${quoted} <<'${end}'\n${body}${end}`;
}

function describe(intent: Intent): string {
  switch (intent.intent) {
    case 'plan':
      return intent.steps.map(([title, status]) => `- [${status === 'completed' ? 'x' : ' '}] ${title}`).join('\n');
    case 'run':
      return `I have no tool that runs \`${intent.command}\`.`;
    case 'write':
      return `I have no tool that writes \`${intent.path}\`.`;
    case 'call':
      return `I have no tool \`${intent.name}\`.`;
    default:
      return intent satisfies never;
  }
}
