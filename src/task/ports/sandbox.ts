import type { BranchName, EngineId, RepositoryName, RunId, Sha, TaskId } from '../ids.ts';
import type { Metered } from '../money.ts';
import type { BlockedHost } from '../network.ts';
import type { Check, SetUp, SetupScript } from '../task.ts';

/** Everything the sandbox may be told. The broker turns it into a container; nobody else names a mount, a user or a capability. */
export interface RunOrder {
  readonly task: TaskId;
  readonly run: RunId;
  /** A key of the operator's list; `default` is the image that set-up built. */
  readonly image: string;
  /** Repository directories under the data folder, mounted read-only at the same path. */
  readonly repositories: readonly string[];
  readonly limits: Limits;
  readonly policy: NetworkPolicy;
}

/** What is to be done in the checkouts of a run before its agent comes. Where the network leads and what a secret is, the broker knows. */
export interface SetUpOrder extends Omit<RunOrder, 'policy'> {
  readonly parts: readonly SetUpPart[];
}

export interface SetUpPart {
  readonly repository: RepositoryName;
  /** Where its checkout lies below the workspace. */
  readonly folder: string;
  /** Which of the order's repositories it is checked out from. */
  readonly from: string;
  readonly branch: BranchName;
  /** What people have looked at: the only commit that a set-up script runs on. */
  readonly base: Sha;
  readonly start: Sha;
  readonly setup: SetupScript | null;
  readonly maintenance: string | null;
}

export interface Limits {
  readonly memoryBytes: number;
  readonly cpus: number;
  readonly pids: number;
  readonly workspaceBytes: number;
  /** Wall time after which the broker ends the container by itself. */
  readonly runMs: number;
}

/** What the task's meter may show at most, earlier runs included; null is no limit. */
export interface MeterLimits {
  readonly budgetUsd: number | null;
  readonly budgetTokens: number | null;
  /** What a model without a known price counts as against dollars: the dearest there is, or nothing where tokens hold it. */
  readonly unpriced: 'dearest' | 'tokens';
}

/** What one task may reach; frozen when the run starts. */
export interface NetworkPolicy extends MeterLimits {
  /** Names of configured model providers, `anthropic`, `openai`, …; empty is no model. */
  readonly providers: readonly string[];
  /** Exact host names for the egress proxy, port 443. */
  readonly allow: readonly string[];
  /** Whether that proxy leads to every public host instead. */
  readonly open?: boolean;
  /** Whether the registries of the image's package managers can be read. Which these are, the image says and no order does. */
  readonly registries?: boolean;
  /** What the agent holds instead of a key. */
  readonly dummyKey: string;
  /** MCP servers of the configuration, each with the tools that may be called; null is all of its own. */
  readonly mcp?: readonly { readonly name: string; readonly tools: readonly string[] | null }[];
}

/** Where a run's agent lives. The container is the run: it outlives every worker, and each call here can be repeated. */
export interface Sandbox {
  engine(): Promise<EngineId>;
  /**
   * Settles when a run could start now; throws `Problem` when the engine is away, its sandboxes were seen not to hold, or a disk is nearly
   * full.
   */
  ready(): Promise<void>;
  /**
   * Runs the set-up scripts of a workspace where no agent has been, on each part's `base`, or the maintenance scripts of one where one has,
   * on its `start`; each in a container and with a gateway of its own, which are gone when this settles. A run that was set up before, or
   * is just being, gets the same answer. Throws `Problem` for a script that failed, took too long, wants a secret that is not there, or left
   * one behind; the workspace of a set-up that did not end well is thrown away.
   */
  setUp(order: SetUpOrder): Promise<readonly SetUp[]>;
  /** Makes workspace, gateway and container, or finds them. Throws `Problem` with `retry` when the engine is at fault. */
  start(order: RunOrder): Promise<void>;
  /** Writes one control line to the runner's stdin; see `sandbox/protocol.ts`. */
  send(run: RunId, line: unknown): Promise<void>;
  /** Records after number `after`, as untrusted JSON values, following until the container has stopped and all was read. */
  records(run: RunId, after: number, signal: AbortSignal): AsyncIterable<unknown>;
  state(run: RunId): Promise<ContainerState>;
  /**
   * SIGTERM, and SIGKILL after `graceMs`; settles when no process of the run is left. `why` is kept in the state of a run that this
   * ended.
   */
  stop(run: RunId, graceMs: number, why?: 'stalled'): Promise<void>;
  /** The processor time that a run has had so far; null where it doesn't run. */
  cpuMs(run: RunId): Promise<number | null>;
  /**
   * After the run stopped: commits what is left over in the checkout at `folder`, inside a second container, and writes its `HEAD`
   * as a bundle; returns the bundle's path. Null when HEAD is still `start`.
   */
  export(run: RunId, work: { folder: string; start: Sha }, capBytes: number): Promise<string | null>;
  /** Runs one command in the checkout at `folder`, in a fresh container without network, and takes its exit code. */
  check(run: RunId, work: { folder: string; command: string }, timeoutMs: number): Promise<Check>;
  /** The disks of the data folder and of the engine. */
  room(): Promise<readonly DiskRoom[]>;
  usage(task: TaskId): Promise<Metered | null>;
  /** Hosts that the gateway refused. */
  blocked(task: TaskId): Promise<readonly BlockedHost[]>;
  /** Runs and set-ups that have a container here, whatever came of them. One call of the engine, however many there are. */
  list(): Promise<readonly { task: TaskId; run: RunId; running: boolean }[]>;
  /** Removes a run's container and, with `workspace`, all that the task had here. */
  remove(task: TaskId, options: { workspace: boolean }): Promise<void>;
}

/** What a disk that runs depend on has left, and whether that keeps runs from starting. */
export interface DiskRoom {
  readonly path: string;
  readonly freeBytes: number;
  readonly totalBytes: number;
  /** Why no run starts because of it: bytes, or names for files. */
  readonly lacks: 'space' | 'names' | null;
}

export type ContainerState =
  | { readonly type: 'absent' }
  | { readonly type: 'running' }
  | {
      readonly type: 'exited';
      readonly code: number;
      readonly outOfMemory: boolean;
      readonly timedOut: boolean;
      /** Its workspace grew larger than it may be, where only a watchdog holds it. */
      readonly outOfDisk?: boolean | undefined;
      /** It was ended since nothing moved in it any more. */
      readonly stalled?: boolean | undefined;
    };
