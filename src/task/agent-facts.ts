/** What an agent that ships can do, for people to choose by. Each fact is held against the agent itself in the image. */
export interface AgentFacts {
  /** When it reads what people add while it works. */
  readonly hears: 'at once' | 'between two tool calls' | 'after its turn';
  /** Whether a later run goes on with the session of an earlier one. */
  readonly resumes: boolean;
  /** Whether a picture in the request is shown to its model; some agents decide that by the model's name. */
  readonly images: boolean | 'by model';
  /** Whether it uses MCP servers over HTTP. */
  readonly mcp: boolean;
  readonly machines: readonly ('x64' | 'arm64')[];
  /** Hosts that it calls by itself at each start and does without (a catalogue of plugins, say): no news where they are refused. */
  readonly ownCalls?: readonly RegExp[];
}

const everywhere = ['x64', 'arm64'] as const;

/** By the name of a built-in agent; the shell, which is no agent of this kind, has none. */
export const agentFacts: Readonly<Record<string, AgentFacts>> = {
  claude: { hears: 'at once', resumes: true, images: true, mcp: true, machines: everywhere },
  codex: {
    hears: 'at once',
    resumes: true,
    images: true,
    mcp: true,
    machines: everywhere,
    ownCalls: [/^(?:api\.)?github\.com$/, /^chatgpt\.com$/],
  },
  opencode: {
    hears: 'after its turn',
    resumes: true,
    images: true,
    mcp: true,
    machines: ['x64'],
    ownCalls: [/^registry\./],
  },
  qwen: { hears: 'between two tool calls', resumes: true, images: 'by model', mcp: true, machines: everywhere },
};

/** Whether an agent that ships calls a host by itself, whatever its task is. */
export function callsByItself(agent: string, host: string): boolean {
  return agentFacts[agent]?.ownCalls?.some((pattern) => pattern.test(host)) === true;
}
