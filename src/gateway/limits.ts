/** What one task may use of its gateway at once and in all. */
export interface Limits {
  readonly connections: number;
  readonly headersMs: number;
  /** How long a request's body may take to arrive. */
  readonly requestMs: number;
  readonly requestBytes: number;
  /** A plain JSON answer longer than this is passed on, but its usage is estimated. */
  readonly answerBytes: number;
  readonly errorBytes: number;
  readonly modelCalls: number;
  /** How long a provider may be silent, before its answer or within it. */
  readonly modelIdleMs: number;
  /** Waits before each further try to reach a provider that can't be connected to. */
  readonly retryWaitsMs: readonly number[];
  /** After these were in vain, for how long further calls try only once. */
  readonly downMs: number;
  readonly mcpCalls: number;
  readonly mcpRequestBytes: number;
  readonly registryCalls: number;
  /** How long a registry may be silent. */
  readonly registryIdleMs: number;
  /** A page of a registry longer than this is none; files may be longer. */
  readonly registryPageBytes: number;
  readonly tunnels: number;
  readonly connectMs: number;
  readonly helloMs: number;
  readonly tunnelIdleMs: number;
  /** In all tunnels, and requests to MCP servers and registries, of the task together. */
  readonly uploadBytes: number;
  readonly downloadBytes: number;
}

const mebibyte = 1024 * 1024;

export const defaultLimits: Limits = {
  connections: 256,
  headersMs: 10_000,
  requestMs: 120_000,
  requestBytes: 32 * mebibyte,
  answerBytes: 16 * mebibyte,
  errorBytes: mebibyte,
  modelCalls: 16,
  modelIdleMs: 600_000,
  retryWaitsMs: [500, 2_000, 5_000],
  downMs: 30_000,
  // An agent holds a stream open to each of its servers.
  mcpCalls: 64,
  mcpRequestBytes: 4 * mebibyte,
  registryCalls: 64,
  registryIdleMs: 60_000,
  registryPageBytes: 64 * mebibyte,
  tunnels: 64,
  connectMs: 15_000,
  helloMs: 10_000,
  tunnelIdleMs: 300_000,
  uploadBytes: 64 * mebibyte,
  downloadBytes: 8 * 1024 * mebibyte,
};
