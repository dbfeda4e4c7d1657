/**
 * What worker and runner say to each other: control lines in on stdin, numbered records out on stdout and in a file of the
 * workspace, one JSON value a line. Records come from hostile ground: no gate, cost or "done" may rest on one.
 */

/** How the agent is run. `shell` runs a script and is honest about it; `acp` speaks the Agent Client Protocol on stdio. */
export type AgentCommand =
  | { readonly type: 'shell'; readonly script: string }
  | {
      readonly type: 'acp';
      readonly command: readonly string[];
      /** No secret: dummy keys, base URLs on 127.0.0.1, modes. */
      readonly env: Readonly<Record<string, string>>;
      /** The ACP session mode to set after `session/new`, `bypassPermissions` or the like; null leaves the agent's own. */
      readonly mode: string | null;
      readonly model: string | null;
      /** MCP servers at the gateway, over streamable HTTP; no secret in their headers. */
      readonly mcp?: readonly {
        readonly name: string;
        readonly url: string;
        readonly headers: Readonly<Record<string, string>>;
      }[];
      /** Resumed with `session/load` where the agent can; else a new one is opened. */
      readonly session: string | null;
      readonly prompt: string;
      /** Everything that was ever asked, for when `session` can't be resumed. */
      readonly wholePrompt: string;
      /** Names of files that belong to `prompt` and to `wholePrompt`: an agent that sees pictures is shown those among them. */
      readonly files?: readonly string[];
      readonly wholeFiles?: readonly string[];
    };

export interface CheckoutOrder {
  /** Where it lies, below the workspace. */
  readonly folder: string;
  /** A bare repository that is mounted read-only; its alternates resolve inside. */
  readonly from: string;
  readonly start: string;
  readonly branch: string;
}

export type Control =
  | {
      readonly type: 'spec';
      /** One or more, none inside another. */
      readonly checkouts: readonly CheckoutOrder[];
      /** Where the agent works, below the workspace: its one checkout, or the folder that holds them all. */
      readonly cwd: string;
      readonly agent: AgentCommand;
    }
  /** `files` came with the message. */
  | { readonly type: 'steer'; readonly id: string; readonly text: string; readonly files?: readonly string[] }
  | { readonly type: 'answer'; readonly question: string; readonly text: string }
  /** A piece of a file that people attached, as base64; the file is whole with `end`. Sent before what names the file. */
  | {
      readonly type: 'file';
      readonly name: string;
      readonly offset: number;
      readonly data: string;
      readonly end: boolean;
    }
  | { readonly type: 'cancel' };

export interface RecordedStep {
  readonly title: string;
  readonly status: 'pending' | 'in_progress' | 'complete' | 'error';
  readonly detail: string | null;
}

/** `n` counts from one without a gap; `at` is epoch milliseconds by the container's clock. */
export type RunnerRecord = { readonly n: number; readonly at: number } & (
  | { readonly type: 'ready' }
  | { readonly type: 'checked_out'; readonly start: string }
  | { readonly type: 'session'; readonly id: string }
  /** A fact about how the run was set up that people should know. */
  | { readonly type: 'note'; readonly text: string }
  /** The agent's own plan, whole, each time it changes. */
  | { readonly type: 'plan'; readonly steps: readonly RecordedStep[] }
  /** A tool call or a line of output worth showing as the current activity. */
  | {
      readonly type: 'activity';
      readonly id: string;
      readonly title: string;
      readonly status: 'in_progress' | 'complete' | 'error';
    }
  /** One whole message of the agent's; a very long one comes in pieces. */
  | { readonly type: 'message'; readonly text: string }
  /** A script's output since the last such record, or a note of the runner's own that begins with `[errand]`. */
  | { readonly type: 'output'; readonly text: string }
  /** Accepted: in the running turn or the next prompt. Otherwise nobody read it. */
  | { readonly type: 'steered'; readonly id: string; readonly accepted: boolean }
  | { readonly type: 'question'; readonly id: string; readonly text: string; readonly options: readonly string[] }
  | { readonly type: 'result'; readonly result: RunnerResult }
);

export type RunnerResult =
  /** `claim` is the agent's last message, or the tail of a script's output; at most 8,000 characters. */
  | { readonly type: 'finished'; readonly exitCode: number; readonly claim: string; readonly unread: readonly string[] }
  | {
      readonly type: 'failed';
      readonly code: 'checkout' | 'agent_start' | 'agent_auth' | 'model_down' | 'budget' | 'agent_error' | 'cancelled';
      readonly message: string;
    };

/** What a set-up container is told on stdin: its secrets are in no file, no argument and no setting of the container. */
export interface SetUpSpec {
  readonly checkout: CheckoutOrder;
  readonly script: string;
  readonly secrets: Readonly<Record<string, string>>;
}

/** What it says on stderr at its end, for people to read: nothing is decided on it. */
export type SetUpReport =
  /** Tracked files that the script changed, some of them where they are many. */
  { readonly type: 'ran'; readonly changed: readonly string[] } | { readonly type: 'failed'; readonly message: string };

/** What a scan is told on stdin: byte strings as base64, by the name of the secret that they are a form of. */
export interface ScanSpec {
  readonly secrets: readonly { readonly name: string; readonly patterns: readonly string[] }[];
}

/** Files below the workspace that have one of them in their content, name or target. */
export interface ScanReport {
  readonly hits: readonly { readonly name: string; readonly path: string }[];
  readonly files: number;
}

/** Paths inside the container, the same for every task. */
export const inside = {
  workspace: '/workspace',
  home: '/workspace/home',
  /** Files that came with messages; beside the checkout, so that they are in nobody's commit. */
  files: '/workspace/files',
  records: '/workspace/records',
  gateway: '/run/errand/gateway.sock',
  /** Where the forwarder offers the gateway. */
  forwarder: { host: '127.0.0.1', port: 3128 },
} as const;

/** A line longer than this is cut before it is written or after it is read, whichever comes first. */
export const maxLineBytes = 64 * 1024;
