/** What one of several workers does for all of them. */
export interface Duty {
  /** Whether it falls to this one now; nobody else gets it for as long as that. */
  take(name: 'watch_pulls' | `github_write:${string}`, forMs: number): Promise<boolean>;
}
