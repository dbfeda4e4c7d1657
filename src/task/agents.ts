import type { ModelApi } from './providers.ts';

/** How an agent reaches its model: the forwarder in the sandbox, and a key that opens nothing outside of it. */
export interface ModelAccess {
  /** `http://127.0.0.1:3128`, without a slash at the end; each provider is a path below it. */
  readonly forwarder: string;
  /** The provider's name there, and which of the agent's APIs it offers. */
  readonly provider: string;
  readonly api: ModelApi;
  readonly dummyKey: string;
  readonly model: string | null;
}

/** Runs the script of the spec; no model. */
export interface ShellAgent {
  readonly type: 'shell';
  readonly label: string;
  readonly provider: null;
  readonly apis: readonly [];
}

/** Speaks the Agent Client Protocol on stdio. */
export interface AcpAgent {
  readonly type: 'acp';
  readonly label: string;
  /** The model provider it goes to where the configuration names no other; null for one that needs none. */
  readonly provider: string | null;
  /** What it speaks, best first. */
  readonly apis: readonly ModelApi[];
  /** Whether it has to be told a model; the others have one of their own. */
  readonly needsModel?: true;
  readonly command: readonly string[];
  /** The session mode that lets it do anything; null leaves the agent's own. */
  readonly mode: string | null;
  /** Whether its environment names the model, or the session does. */
  readonly modelBy: 'env' | 'session';
  env(access: ModelAccess): Readonly<Record<string, string>>;
}

export type Agent = ShellAgent | AcpAgent;

/** An agent of the configuration file. `${BASE_URL}`, `${KEY}` and `${MODEL}` in values stand for what the run gives it. */
export interface ConfiguredAgent {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly provider: string;
  readonly mode?: string | undefined;
}

/** What ships; each of these was driven in the sandbox image. A key is what people write as `agent:claude`. */
export const builtInAgents: Readonly<Record<string, Agent>> = {
  shell: { type: 'shell', label: 'Shell', provider: null, apis: [] },
  claude: {
    type: 'acp',
    label: 'Claude Code',
    provider: 'anthropic',
    apis: ['messages'],
    command: ['claude-agent-acp'],
    mode: 'bypassPermissions',
    modelBy: 'env',
    env: ({ forwarder, provider, dummyKey, model }) => ({
      ANTHROPIC_BASE_URL: `${forwarder}/${provider}`,
      ANTHROPIC_API_KEY: dummyKey,
      ...(model === null ? {} : { ANTHROPIC_MODEL: model }),
      // It refuses to bypass permissions as root unless told that it is contained.
      IS_SANDBOX: '1',
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
      DISABLE_AUTOUPDATER: '1',
      // A plan to show is worth its tokens; a guess at the next prompt, which nobody sees, is not.
      CLAUDE_CODE_ENABLE_TODO_TOOLS: '1',
      CLAUDE_CODE_ENABLE_PROMPT_SUGGESTION: 'false',
    }),
  },
  codex: {
    type: 'acp',
    label: 'Codex',
    provider: 'openai',
    apis: ['responses'],
    command: ['codex-acp'],
    mode: 'agent-full-access',
    modelBy: 'env',
    env: ({ forwarder, provider, dummyKey, model }) => ({
      OPENAI_API_KEY: dummyKey,
      DEFAULT_AUTH_REQUEST: JSON.stringify({ methodId: 'api-key' }),
      NO_BROWSER: '1',
      MODEL_PROVIDER: 'errand',
      CODEX_CONFIG: JSON.stringify({
        ...(model === null ? {} : { model }),
        model_provider: 'errand',
        tools: { update_plan: { enabled: true } },
        model_providers: {
          errand: {
            name: 'Errand',
            base_url: `${forwarder}/${provider}/v1`,
            env_key: 'OPENAI_API_KEY',
            wire_api: 'responses',
            // The gateway has tried before it says no; thirty more requests don't help anybody.
            request_max_retries: 1,
            stream_max_retries: 3,
          },
        },
      }),
    }),
  },
  opencode: {
    type: 'acp',
    label: 'OpenCode',
    provider: 'anthropic',
    apis: ['messages', 'responses', 'chat'],
    // Without one it would go to its maker's own, which nothing here can reach.
    needsModel: true,
    command: ['opencode', 'acp'],
    mode: null,
    modelBy: 'env',
    env: ({ forwarder, provider, api, dummyKey, model }) => ({
      OPENCODE_DISABLE_AUTOUPDATE: '1',
      OPENCODE_DISABLE_MODELS_FETCH: '1',
      OPENCODE_CONFIG_CONTENT: JSON.stringify({
        autoupdate: false,
        share: 'disabled',
        permission: { '*': 'allow' },
        model: `errand/${model ?? ''}`,
        small_model: `errand/${model ?? ''}`,
        provider: {
          errand: {
            npm: { messages: '@ai-sdk/anthropic', responses: '@ai-sdk/openai', chat: '@ai-sdk/openai-compatible' }[api],
            name: provider,
            options: { baseURL: `${forwarder}/${provider}/v1`, apiKey: dummyKey },
            models: {
              [model ?? '']: {
                tool_call: true,
                attachment: true,
                // Of what speaks chat completions nobody knows whether it sees.
                ...(api === 'chat' ? {} : { modalities: { input: ['text', 'image'], output: ['text'] } }),
              },
            },
          },
        },
      }),
    }),
  },
  // The one for every endpoint that speaks OpenAI's chat completions: vLLM, Ollama, DeepSeek and their like.
  qwen: {
    type: 'acp',
    label: 'Qwen Code',
    provider: 'openai',
    apis: ['chat'],
    // Without one it would go to its maker's sign-in.
    needsModel: true,
    command: ['qwen', '--acp', '--auth-type', 'openai'],
    mode: 'yolo',
    modelBy: 'env',
    env: ({ forwarder, provider, dummyKey, model }) => ({
      OPENAI_BASE_URL: `${forwarder}/${provider}/v1`,
      OPENAI_API_KEY: dummyKey,
      OPENAI_MODEL: model ?? '',
      // It would start itself a second time to set its heap, which costs half a second.
      QWEN_CODE_NO_RELAUNCH: '1',
      QWEN_DISABLE_AUTO_TITLE: '1',
    }),
  },
};

/** Turns an agent of the configuration file into one like those that ship. */
export function toAgent(name: string, configured: ConfiguredAgent): AcpAgent {
  const { command, env, provider, mode } = configured;
  return {
    type: 'acp',
    label: name,
    provider,
    // What it speaks, only its operator knows.
    apis: ['messages', 'responses', 'chat'],
    command,
    mode: mode ?? null,
    modelBy: Object.values(env).some((value) => /\$\{MODEL\}/.test(value)) ? 'env' : 'session',
    env: ({ forwarder, provider, dummyKey, model }) => {
      const values: Record<string, string> = {
        BASE_URL: `${forwarder}/${provider}`,
        KEY: dummyKey,
        MODEL: model ?? '',
      };
      const fill = (text: string) =>
        text.replace(/\$\{(BASE_URL|KEY|MODEL)\}/g, (_, name: string) => values[name] ?? '');
      return Object.fromEntries(Object.entries(env).map(([name, value]) => [name, fill(value)]));
    },
  };
}

/** An MCP server as an agent sees it. */
export interface McpAtGateway {
  readonly name: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** What the runner is told: an `acp` agent command of `sandbox/protocol.ts`. */
export function toAcpCommand(
  agent: AcpAgent,
  options: {
    access: ModelAccess;
    /** Names of MCP servers at the gateway. */
    mcp?: readonly string[];
    session: string | null;
    prompt: string;
    wholePrompt?: string;
  },
): {
  type: 'acp';
  command: readonly string[];
  env: Readonly<Record<string, string>>;
  mode: string | null;
  model: string | null;
  mcp: readonly McpAtGateway[];
  session: string | null;
  prompt: string;
  wholePrompt: string;
} {
  const { access, mcp = [], session, prompt, wholePrompt = prompt } = options;
  const { forwarder, dummyKey } = access;
  const model = agent.modelBy === 'session' ? access.model : null;
  return {
    type: 'acp',
    command: agent.command,
    env: agent.env(access),
    mode: agent.mode,
    model,
    mcp: mcp.map((name) => ({
      name,
      url: `${forwarder}/mcp/${name}`,
      headers: { authorization: `Bearer ${dummyKey}` },
    })),
    session,
    prompt,
    wholePrompt,
  };
}
